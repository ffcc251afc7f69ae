"""One phone: what it trusts, where it is registered and what each node remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

RegistrationStatus = Literal["Registered", "UnRegistered", "Rejected"]

RESET_BY_CALLMANAGER = 9
UNREGISTERED = 10
KEEPALIVE_TIMEOUT = 13
CONFIGURATION_MISMATCH = 14


@dataclass(frozen=True)
class TrustList:
    """The trust list (ITL) a phone or TFTP node holds, as fingerprints."""

    signer: str
    callmanager: frozenset[str]
    tvs: frozenset[str]


@dataclass(frozen=True)
class Sighting:
    """What one node's RIS knows about a phone; `timestamp` is real epoch seconds."""

    status: RegistrationStatus
    reason: int
    timestamp: int


@dataclass
class Phone:
    """A configured device; `group` is its CallManager group, primary node first."""

    name: str
    number: str
    address: str
    pool: str
    group: tuple[str, ...]
    soft: bool
    secure: bool
    trust: TrustList | None = None
    node: str | None = None
    lost: bool = False  # will not come back on its own
    powered_off: bool = False
    turn: int = 0  # counts changes of plan, so that stale ones are skipped
    sightings: dict[str, Sighting] = field(default_factory=dict)
    last_node: str = ""

    def latest(self) -> tuple[str, Sighting] | None:
        """The newest sighting with its node; None when no node knows the phone."""
        if not self.sightings:
            return None
        return max(self.sightings.items(), key=lambda item: (item[1].timestamp, item[1].status == "Registered"))
