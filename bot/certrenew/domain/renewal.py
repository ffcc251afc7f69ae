"""A renewal: its states, the legal moves between them, and what is known of each step."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from certrenew.domain.approval import Approval, Gate, Person
from certrenew.domain.errors import CommandRefused
from certrenew.domain.plan import Json, Part, Phase, Plan, Risk


class State(StrEnum):
    PLANNED = "planned"  # waits for approval
    APPROVED = "approved"  # waits to be taken up
    RUNNING = "running"
    WAITING = "waiting"  # for a CA, a gate, phones, a node
    PAUSED = "paused"
    STOPPED = "stopped"  # a step failed or is blocked; a person decides
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ABANDONED = "abandoned"

    @property
    def final(self) -> bool:
        return self in FINAL


FINAL = (State.SUCCEEDED, State.REJECTED, State.EXPIRED, State.ABANDONED)

MOVES: Mapping[State, tuple[State, ...]] = {
    State.PLANNED: (State.APPROVED, State.REJECTED, State.EXPIRED, State.ABANDONED),
    State.APPROVED: (State.RUNNING, State.WAITING, State.STOPPED, State.PAUSED, State.ABANDONED),
    State.RUNNING: (State.RUNNING, State.WAITING, State.PAUSED, State.STOPPED, State.SUCCEEDED, State.ABANDONED),
    State.WAITING: (State.WAITING, State.RUNNING, State.PAUSED, State.STOPPED, State.SUCCEEDED, State.ABANDONED),
    State.PAUSED: (State.RUNNING, State.WAITING, State.ABANDONED),
    State.STOPPED: (State.RUNNING, State.ABANDONED),
}


class Want(StrEnum):
    """What a person asked of a running renewal; honoured between steps."""

    NOTHING = ""
    PAUSE = "pause"
    ABANDON = "abandon"


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What is known of step `number` (1 is the first)."""

    number: int
    kind: str
    node: str
    state: StepState = StepState.PENDING
    attempts: int = 0
    output: Mapping[str, Json] = field(default_factory=dict[str, Json])
    evidence: Mapping[str, Json] = field(default_factory=dict[str, Json])
    error: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in (StepState.DONE, StepState.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What only a person can do, and who said that it is done."""

    key: str
    text: str
    done_by: Person | None = None
    done_at: datetime | None = None
    note: str = ""

    @property
    def done(self) -> bool:
        return self.done_by is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """One renewal from request to end. `approve_by` is when an undecided plan expires.

    `unsettled` says that it has ended and still keeps other trust anchors of its cluster from being renewed.
    `readable` is False when another version of certrenew stored the plan: its steps then only say what they were.
    """

    id: str
    plan: Plan
    state: State
    requester: Person
    created_at: datetime
    approve_by: datetime
    change_number: str = ""
    origin: str = ""  # where it was asked for: a Slack channel id, or "" for the command line
    reason: str = ""  # why it waits, is stopped or has ended, in a sentence
    gate: Gate | None = Gate.PLAN  # the gate it stands at
    released: bool = False
    want: Want = Want.NOTHING
    wake_at: datetime | None = None
    ended_at: datetime | None = None
    approvals: tuple[Approval, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    unsettled: bool = False
    readable: bool = True

    @property
    def short_id(self) -> str:
        return self.id[:8]

    @property
    def current(self) -> StepRecord | None:
        """The first step that is not over; None when all are."""
        return next((record for record in self.steps if not record.over), None)

    @property
    def phase(self) -> Phase | None:
        record = self.current
        return self.plan.steps[record.number - 1].phase if record else None

    def records_of(self, part: Part) -> tuple[StepRecord, ...]:
        return tuple(record for record in self.steps if record.number in part.steps)

    def touched(self, part: Part) -> bool:
        """Whether an act of this part began that changes what nodes store, serve or run."""
        return any(record.attempts and self._changes(record) for record in self.records_of(part))

    @property
    def open_tasks(self) -> tuple[TaskRecord, ...]:
        """What is left for people; nothing before the installation has begun, for then there is nothing to follow."""
        began = any(self.touched(part) for part in self.plan.all_parts)
        return tuple(task for task in self.tasks if not task.done) if began else ()

    @property
    def skipped(self) -> frozenset[int]:
        """The numbers of the steps that were left out."""
        return frozenset(record.number for record in self.steps if record.state is StepState.SKIPPED)

    def left_out(self, part: Part) -> bool:
        """Whether the whole purpose was left out: none of its changes was made, and none will be."""
        later = [record for record in self.records_of(part) if self._changes(record)]
        return bool(later) and all(record.state is StepState.SKIPPED and not record.attempts for record in later)

    @property
    def settled(self) -> bool:
        """Whether what phones trust may be changed again: where it was changed, every phone was proved back."""
        if not self.plan.excludes and self.readable:
            return True
        for part in self.plan.all_parts:
            if not self.touched(part):
                continue
            proofs = [one for one in self.records_of(part) if self.plan.steps[one.number - 1].settles]
            if not self.readable or any(one.state is not StepState.DONE for one in proofs):
                return False
        return True

    def _changes(self, record: StepRecord) -> bool:
        step = self.plan.steps[record.number - 1]
        return step.phase in (Phase.INSTALL, Phase.ACTIVATE) and step.risk is not Risk.READ

    def move(self, state: State, *, reason: str = "") -> "Renewal":
        """This renewal in another state; raises CommandRefused for an illegal move."""
        if state not in MOVES.get(self.state, ()):
            raise CommandRefused(
                f"Renewal {self.short_id} is {self.state} and cannot become {state}; nothing has changed."
            )
        return replace(self, state=state, reason=reason)

    def output(self, name: str, node: str, *, number: int = 0) -> Json:
        """The newest output `name` left by a finished step on `node`; raises KeyError when none left one.

        With `number`, only steps of the same part of a campaign as that step count.
        """
        part = frozenset(self.plan.part_of(number).steps) if number else None
        for record in reversed(self.steps):
            if part is not None and record.number not in part:
                continue
            if record.node == node and record.over and name in record.output:
                return record.output[name]
        raise KeyError(f"{name} of {node}")
