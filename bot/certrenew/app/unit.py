"""What the use cases ask of the database: one unit of work is one transaction, with its audit lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from certrenew.domain.approval import Approval, Person
from certrenew.domain.events import Event
from certrenew.domain.plan import Json
from certrenew.domain.renewal import Renewal, StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a step's act. An empty `outcome` means that nobody knows how it ended."""

    renewal: str
    number: int
    try_number: int
    executor: str
    at: datetime
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command as it arrived: kept under its idempotency key until it has been handled, and after."""

    key: str
    command: Mapping[str, Json]
    person: Mapping[str, Json]
    origin: str
    received_at: datetime
    answer: str = ""


class UnitOfWork(Protocol):
    """A context manager: commits when the block ends well, rolls back when it raises."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    # renewals

    def add(self, renewal: Renewal) -> None: ...

    def get(self, renewal_id: str, *, steps: bool = True) -> Renewal:
        """The renewal, locked for this transaction; raises CommandRefused when there is none.

        `steps=False` spares the hundreds of rows of a long plan where nobody looks at them: it has no `current` then.
        """
        ...

    def find(self, reference: str) -> Renewal:
        """By id, the beginning of an id, or a cluster's open renewal; raises CommandRefused."""
        ...

    def save(self, renewal: Renewal) -> None:
        """Write state, reason, gate, wishes and times; steps and approvals have their own methods."""
        ...

    def save_step(self, renewal_id: str, record: StepRecord, *, progress: Mapping[str, Json] | None = None) -> None: ...

    def step(self, renewal_id: str, number: int) -> StepRecord:
        """One step as it is now; raises CommandRefused when there is none."""
        ...

    def step_memory(self, renewal_id: str, number: int) -> tuple[Mapping[str, Json], datetime | None]:
        """What a waiting step remembered, and since when it waits."""
        ...

    def add_approval(self, approval: Approval) -> None:
        """Votes are immutable; raises CommandRefused when this person has voted at this gate."""
        ...

    def open_renewals(self, *, cluster: str = "") -> Sequence[Renewal]: ...

    def newest(self, *, cluster: str = "", limit: int = 20) -> Sequence[Renewal]: ...

    # locks

    def take_locks(self, resources: Sequence[str], renewal_id: str) -> str | None:
        """None when all were taken; else the id of the renewal that holds one, and nothing was taken."""
        ...

    def release_locks(self, renewal_id: str, *, keep: Sequence[str] = ()) -> None:
        """Give back what an ended renewal holds, but for the resources to `keep`."""
        ...

    def holder(self, resource: str) -> str | None:
        """The id of the renewal that holds it; None when it is free."""
        ...

    def give_back(self, resource: str, renewal_id: str) -> bool:
        """Free one resource; False when this renewal does not hold it (any more)."""
        ...

    # tasks

    def tick(self, renewal_id: str, task: str, person: Person, note: str, at: datetime) -> None:
        """A task is done, once and for all; raises CommandRefused when it already was."""
        ...

    # the attempt ledger

    def begin_attempt(self, renewal_id: str, number: int, executor: str, at: datetime) -> int:
        """Write the intent down before the act; returns its try number."""
        ...

    def end_attempt(self, renewal_id: str, number: int, try_number: int, outcome: str) -> None: ...

    def unknown_attempts(self, renewal_id: str, number: int) -> Sequence[Attempt]:
        """The tries of this step whose outcome nobody knows, oldest first."""
        ...

    def forget_unknown(self, renewal_id: str, number: int, decided_by: str) -> None:
        """A person has decided: the unknown tries of this step no longer block it."""
        ...

    def newest_attempt(self, renewal_id: str, number: int) -> int: ...

    # audit

    def append(self, event: Event) -> Event:
        """Chain the event to the audit in this transaction; returns it numbered and hashed."""
        ...

    def events(self, *, renewal: str = "", after: int = 0, limit: int = 0) -> Sequence[Event]: ...

    # the inbox

    def receive(self, request: Request) -> bool:
        """Keep the request; False when its key is known already."""
        ...

    def unanswered(self, *, received_before: datetime, limit: int = 50) -> Sequence[Request]: ...

    def answer(self, key: str, text: str, *, refused: bool = False) -> bool:
        """Mark the request as handled; False when it already was."""
        ...

    def answered(self, key: str) -> str | None:
        """The answer given under this key; None when there is none yet."""
        ...

    def was_refused(self, key: str) -> bool:
        """Whether the answer under this key was a refusal."""
        ...

    # the engine's mailbox, in the same transaction

    def start(self, renewal: Renewal) -> None: ...

    def wake(self, renewal_id: str, key: str) -> None: ...

    # observers

    def cursor(self, observer: str) -> int: ...

    def set_cursor(self, observer: str, number: int) -> None: ...

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew the lease `name` for `holder`; False while somebody else holds it."""
        ...

    def let_go(self, name: str) -> None:
        """Give the lease up, whoever holds it."""
        ...

    def take_up(self, renewal_id: str, executor: str) -> bool:
        """From here on `executor` works on the renewal, and nobody else; False when its own lease has run out."""
        ...

    def owns(self, renewal_id: str, executor: str) -> bool:
        """Whether `executor` was the last to take the renewal up, and its lease still holds."""
        ...


class Units(Protocol):
    """Opens units of work. Errors: Unreachable when the database does not answer."""

    def __call__(self, *, reading: bool = False) -> UnitOfWork:
        """`reading` promises that nothing will be written: such a unit keeps nobody waiting."""
        ...
