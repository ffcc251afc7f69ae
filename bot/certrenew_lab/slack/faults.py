"""The switches that make the workspace misbehave as Slack sometimes does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counted:
    """A fault that strikes the next `count` matching calls or envelopes; `match` empty means any."""

    match: str
    count: int
    amount: float = 0.0

    def strikes(self, name: str) -> bool:
        """Use the fault up by one when it applies to `name`."""
        if self.count <= 0 or self.match not in ("", name):
            return False
        self.count -= 1
        return True


@dataclass
class Faults:
    """What is switched on at this moment."""

    drop_envelopes: list[Counted] = field(default_factory=list)
    duplicate_envelopes: list[Counted] = field(default_factory=list)
    delay_envelopes: list[Counted] = field(default_factory=list)
    rate_limit: list[Counted] = field(default_factory=list)
    server_error: list[Counted] = field(default_factory=list)
    lose_answer: list[Counted] = field(default_factory=list)
    slow_api: list[Counted] = field(default_factory=list)
    expire_triggers: int = 0
    swallow_pongs: bool = False
    outage_until: float = 0.0
    revoked: set[str] = field(default_factory=set)

    def strike(self, name: str, target: str) -> Counted | None:
        """Return the fault of that name that applies to `target`, used up by one, or None."""
        switches: list[Counted] = getattr(self, name)
        return next((fault for fault in switches if fault.strikes(target)), None)

    def describe(self) -> dict[str, Any]:
        """List what is switched on."""
        counted = (
            "drop_envelopes",
            "duplicate_envelopes",
            "delay_envelopes",
            "rate_limit",
            "server_error",
            "lose_answer",
            "slow_api",
        )
        armed = {name: [vars(fault) for fault in getattr(self, name) if fault.count > 0] for name in counted}
        return {
            **{name: faults for name, faults in armed.items() if faults},
            "expire_triggers": self.expire_triggers,
            "swallow_pongs": self.swallow_pongs,
            "outage_until": self.outage_until,
            "revoked": sorted(self.revoked),
        }
