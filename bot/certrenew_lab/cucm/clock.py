"""Lab time, which may run faster than the wall clock."""

from __future__ import annotations

import asyncio
import time


class LabClock:
    """Durations are compressed by `speed`; dates stay real, because certificates carry real dates."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self.speed = speed
        self._origin = time.monotonic()

    def now(self) -> float:
        """Lab seconds since this clock was made."""
        return (time.monotonic() - self._origin) * self.speed

    def real(self, lab_seconds: float) -> float:
        """How many real seconds a lab duration takes."""
        return lab_seconds / self.speed

    async def sleep(self, lab_seconds: float) -> None:
        """Wait for a lab duration."""
        await asyncio.sleep(self.real(lab_seconds))
