"""What a step sees while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from certrenew.domain.errors import StepFailed
from certrenew.domain.plan import Json
from certrenew.domain.ports import Authority, Clock, ClusterSession, Pace
from certrenew.domain.renewal import Renewal


class LostOwnership(Exception):
    """Another executor has taken this renewal over; this one must not touch anything any more."""


@dataclass(kw_only=True)
class Context:
    """Implements `StepContext`. `session_of` and `authority_of` open what a step asks for, when it asks.

    `number` is the step that runs: it sees the outputs of its own part of a campaign only. 0 sees all.
    """

    renewal: Renewal
    clock: Clock
    pace: Pace
    session_of: Callable[[], ClusterSession]
    authority_of: Callable[[], Authority]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    own: Callable[[], bool]
    number: int = 0
    attempted: datetime | None = None
    waiting_since: datetime | None = None
    progress: Mapping[str, Json] = field(default_factory=dict[str, Json])

    @property
    def session(self) -> ClusterSession:
        return self.session_of()

    @property
    def authority(self) -> Authority:
        return self.authority_of()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def output(self, name: str, node: str) -> Json:
        try:
            return self.renewal.output(name, node, number=self.number)
        except KeyError:
            raise StepFailed(
                f"This step needs the {name.replace('_', ' ')} of {node}, and no step has left one: it was skipped."
                " Nothing was done."
            ) from None

    def guard(self) -> None:
        if not self.own():
            raise LostOwnership

    def sleep(self, seconds: float) -> None:
        self.pause(seconds)

    def notice(self, text: str) -> None:
        self.say(text)
