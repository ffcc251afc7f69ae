"""One phone: what it trusts, where it is registered and what each node remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

RegistrationStatus = Literal["Registered", "UnRegistered", "Rejected"]

CONNECTIVITY_ERROR = 6
RESET_BY_CALLMANAGER = 9
UNREGISTERED = 10
KEEPALIVE_TIMEOUT = 13
CONFIGURATION_MISMATCH = 14


@dataclass(frozen=True)
class TrustList:
    """The trust list (ITL) a phone or TFTP node holds, as fingerprints; `recovery` is the ITLRecovery it lists."""

    signer: str
    callmanager: frozenset[str]
    tvs: frozenset[str]
    recovery: str = ""

    def certificates_of(self, unit: str) -> frozenset[str]:
        """What the list says about CallManager, TVS or ITLRecovery."""
        return {"CallManager": self.callmanager, "TVS": self.tvs}.get(unit, frozenset({self.signer, self.recovery}))

    def trusts_signer(self, fingerprint: str) -> bool:
        """Whether a phone that holds this list believes a file signed with that certificate."""
        return fingerprint in (self.signer, self.recovery) or fingerprint in self.callmanager


@dataclass(frozen=True)
class ControlList:
    """The CTL a phone of a mixed-mode cluster holds, as fingerprints; `trusted` may sign, `callmanager` may serve."""

    signer: str
    trusted: frozenset[str]
    callmanager: frozenset[str]


@dataclass(frozen=True)
class Sighting:
    """What one node's RIS knows about a phone; `timestamp` is real epoch seconds."""

    status: RegistrationStatus
    reason: int
    timestamp: int


@dataclass(slots=True)
class Phone:
    """A configured device; `group` is its CallManager group, primary node first."""

    name: str
    number: str
    address: str
    pool: str
    group: tuple[str, ...]
    soft: bool
    secure: bool
    lsc: str = ""  # fingerprint of the CAPF certificate that issued its certificate; empty without one
    trust: TrustList | None = None
    control: ControlList | None = None
    node: str | None = None
    lost: bool = False  # will not come back on its own
    stranded: bool = False  # lost, because it was offered a trust list it cannot believe
    powered_off: bool = False
    turn: int = 0  # counts changes of plan, so that stale ones are skipped
    sightings: dict[str, Sighting] = field(default_factory=dict)
    last_node: str = ""

    def latest(self) -> tuple[str, Sighting] | None:
        """The newest sighting with its node; None when no node knows the phone."""
        if not self.sightings:
            return None
        return max(self.sightings.items(), key=lambda item: (item[1].timestamp, item[1].status == "Registered"))
