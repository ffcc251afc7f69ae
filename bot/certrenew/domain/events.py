"""What has happened, in the past tense: every change of a renewal is one audit event."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from certrenew.domain.plan import Json

GENESIS = "0" * 64


class What(StrEnum):
    PLANNED = "planned"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    VOTED = "voted"
    REFUSED = "refused"  # somebody tried what they may not
    STARTED = "started"
    GATE_REACHED = "gate reached"
    RELEASED = "released"
    PLAN_CHANGED = "plan changed"
    STEP_STARTED = "step started"
    STEP_WAITING = "step waiting"
    STEP_FINISHED = "step finished"
    STEP_SKIPPED = "step skipped"
    STOPPED = "stopped"
    RETRIED = "retried"
    PAUSE_ASKED = "pause asked"
    PAUSED = "paused"
    RESUMED = "resumed"
    ABANDON_ASKED = "abandon asked"
    ABANDONED = "abandoned"
    SUCCEEDED = "succeeded"
    NOTICED = "noticed"
    TASK_DONE = "task done"  # a person ticked off what only a person can do
    PART_SKIPPED = "part skipped"  # a whole purpose of a campaign was left out
    SETTLED = "settled"  # the phones of an ended renewal are back, so that the next trust anchor may be renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the audit. `number` is its place in the chain, `hash` covers every field and `previous`."""

    what: str
    actor: str  # a person id, or "certrenew"
    actor_name: str
    renewal: str = ""
    cluster: str = ""
    details: Mapping[str, Json] = field(default_factory=dict[str, Json])
    number: int = 0
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    previous: str = GENESIS
    hash: str = ""

    def digest(self) -> str:
        """SHA-256 over the canonical JSON of all fields but `hash`; what `hash` must be."""
        body = {
            "number": self.number,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "what": str(self.what),
            "actor": self.actor,
            "actor_name": self.actor_name,
            "renewal": self.renewal,
            "cluster": self.cluster,
            "details": self.details,
            "previous": self.previous,
        }
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()
