"""What can go wrong at the lab's authority, switched on by name and over by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

CERTIFICATE_FAULTS = ("adds_www", "drops_client_auth", "drops_data_encipherment", "wrong_key")
TIMED_FAULTS = ("down", "sealed")
KINDS = ("slow", "answer_lost", *TIMED_FAULTS, *CERTIFICATE_FAULTS)


class UnknownFault(ValueError):
    """There is no fault of that name, or its numbers make no sense."""


@dataclass(frozen=True)
class Mishaps:
    """What happens to one certificate that is being signed."""

    adds_www: bool = False
    drops_client_auth: bool = False
    drops_data_encipherment: bool = False
    wrong_key: bool = False


@dataclass
class _Fault:
    times: int
    seconds: float
    until: float


@dataclass
class Faults:
    """`times` counts sign requests, `seconds` is how long a timed fault lasts or how slow an answer is."""

    _active: dict[str, _Fault] = field(default_factory=dict)

    def set(self, kind: str, *, times: int = 1, seconds: float = 5.0) -> None:
        """Switch a fault on; raises UnknownFault."""
        if kind not in KINDS:
            raise UnknownFault(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
        if times < 1 or not 0 < seconds <= 86400:
            raise UnknownFault("times must be at least 1, seconds more than 0 and at most a day")
        self._active[kind] = _Fault(times, seconds, time.monotonic() + seconds)

    def clear(self) -> None:
        self._active.clear()

    def active(self) -> dict[str, dict[str, float]]:
        return {
            kind: {"times": fault.times, "seconds": fault.seconds}
            for kind, fault in self._active.items()
            if kind not in TIMED_FAULTS or self.lasts(kind)
        }

    def lasts(self, kind: str) -> bool:
        fault = self._active.get(kind)
        return fault is not None and time.monotonic() < fault.until

    def take(self, kind: str) -> _Fault | None:
        """Use one of its times; None when it is not on."""
        fault = self._active.get(kind)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            del self._active[kind]
        return fault

    def mishaps(self) -> Mishaps:
        """Use one time of each fault that spoils a certificate."""
        return Mishaps(**{kind: self.take(kind) is not None for kind in CERTIFICATE_FAULTS})
