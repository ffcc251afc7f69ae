"""Requests per minute of lab time, shared by everyone who talks to the same limit."""

from __future__ import annotations

from collections import deque

from .clock import LabClock

_MINUTE = 60.0


class RateWindow:
    """A sliding window; a refused request does not count."""

    def __init__(self, clock: LabClock, per_minute: int) -> None:
        self._clock = clock
        self.per_minute = per_minute
        self._times: deque[float] = deque()

    def admits(self) -> bool:
        """Whether one more request fits now; counts it if so."""
        now = self._clock.now()
        while self._times and now - self._times[0] >= _MINUTE:
            self._times.popleft()
        if len(self._times) >= self.per_minute:
            return False
        self._times.append(now)
        return True
