"""A bot without a database or a cluster: plans of harmless steps, and units of work in memory."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from certrenew.app.commands import Renew
from certrenew.app.unit import Request
from certrenew.domain.approval import Approval, Decision, Gate, Person, Policy
from certrenew.domain.errors import CommandRefused
from certrenew.domain.events import Event, What
from certrenew.domain.plan import Check, Done, Outcome, Phase, Plan, Ready, Risk, Step, Target
from certrenew.domain.renewal import Renewal, State, StepRecord, StepState
from certrenew.slack.messages import Row

from .office import Asked as Asked
from .office import Kept as Kept
from .workspace import CHANNEL as CHANNEL
from .workspace import Lab as Lab
from .workspace import eventually as eventually

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TEAM = "T0LABTEAM1"
ANA = Person(id=f"slack:{TEAM}/U0ANA00001", name="ana", mention="<@U0ANA00001>")
CARMEN = Person(id=f"slack:{TEAM}/U0CARMEN01", name="carmen", mention="<@U0CARMEN01>")
POLICY = Policy(approvers=frozenset({CARMEN.id, f"slack:{TEAM}/U0CHEN0001"}))
NASTY = "<!channel> & <https://evil.example|click> `x` ``` *b*\n" + "é😀" * 400


@dataclass(frozen=True, kw_only=True)
class Harmless(Step):
    kind: ClassVar[str] = "harmless"
    phase: ClassVar[Phase] = Phase.PREPARE
    risk: ClassVar[Risk] = Risk.READ
    text: str = "Look at"

    def summary(self) -> str:
        return f"{self.text} {self.node}"

    def check(self, ctx: Any) -> Check:
        return Ready()

    def act(self, ctx: Any) -> Outcome:
        return Done()

    def verify(self, ctx: Any) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, kw_only=True)
class Install(Harmless):
    kind: ClassVar[str] = "install"
    phase: ClassVar[Phase] = Phase.INSTALL
    risk: ClassVar[Risk] = Risk.OUTAGE
    text: str = "Upload the new certificate to"


@dataclass(frozen=True, kw_only=True)
class Restart(Harmless):
    kind: ClassVar[str] = "restart"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.OUTAGE
    text: str = "Restart Cisco CallManager on"


@dataclass(frozen=True, kw_only=True)
class Prove(Harmless):
    kind: ClassVar[str] = "prove"
    phase: ClassVar[Phase] = Phase.PROVE
    text: str = "Check by TLS what is served by"


def make_plan(nodes: int = 3, *, cluster: str = "cluster-a", foreign: str = "") -> Plan:
    names = [f"cucm-{cluster}-{number:02d}{foreign}" for number in range(1, nodes + 1)]
    return Plan(
        cluster=cluster,
        purpose="callmanager",
        title="CallManager" + foreign,
        authority="corporate-ca" + foreign,
        profile="cisco-217138",
        targets=tuple(
            Target(
                node=name, serial=f"4a{number:030x}" + foreign, not_after="2026-12-01T00:00:00+00:00", issuer="CN=CA"
            )
            for number, name in enumerate(names)
        ),
        steps=tuple(kind(node=name) for kind in (Harmless, Install, Restart, Prove) for name in names),
        impact="Phones register again, for a few minutes." + foreign,
        cautions=("The backup is four days old.", *([foreign] if foreign else [])),
    )


def make_renewal(
    nodes: int = 3, *, state: State = State.PLANNED, done: int = 0, key: str = "1", foreign: str = "", **more: Any
) -> Renewal:
    """A renewal with `done` finished steps; later ones follow from its state."""
    plan = more.pop("plan", None) or make_plan(nodes, foreign=foreign)
    records = []
    for number, step in enumerate(plan.steps, start=1):
        at = NOW + timedelta(minutes=number)
        record = StepRecord(number=number, kind=step.kind, node=step.node)
        if number <= done:
            record = replace(record, state=StepState.DONE, started_at=at, finished_at=at, attempts=1)
        records.append(record)
    if state is State.STOPPED:
        records[done] = replace(records[done], state=StepState.FAILED, error="The node refused." + foreign, attempts=1)
    return Renewal(
        id=(key * 32)[:32],
        plan=plan,
        state=state,
        requester=more.pop("requester", ANA),
        created_at=more.pop("created_at", NOW),
        approve_by=more.pop("approve_by", NOW + timedelta(hours=24)),
        gate=more.pop("gate", Gate.PLAN if state is State.PLANNED else None),
        origin=more.pop("origin", CHANNEL),
        change_number="CHG0042" + foreign,
        reason=more.pop("reason", "The node refused." + foreign if state is State.STOPPED else ""),
        steps=tuple(records),
        **more,
    )


def approved(renewal: Renewal, reason: str = "looks right") -> Renewal:
    vote = Approval(
        renewal=renewal.id,
        gate=Gate.PLAN,
        digest=renewal.plan.digest,
        person=CARMEN,
        decision=Decision.APPROVE,
        reason=reason,
        at=NOW,
    )
    return replace(renewal, approvals=(*renewal.approvals, vote))


def event(number: int, what: What, renewal: Renewal, by: Person | None = None, **details: Any) -> Event:
    return Event(
        what=what,
        actor=by.id if by else "certrenew",
        actor_name=by.name if by else "certrenew",
        renewal=renewal.id,
        cluster=renewal.plan.cluster,
        details=details,
        number=number,
        at=NOW,
        hash="ab" * 32,
    )


class Clock:
    def __init__(self, now: datetime | None = None) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now or datetime.now(UTC)


@dataclass
class Memory:
    """Implements `Messages`; `crash_before` makes the write of that state fail once, as a crash would."""

    rows: dict[str, Row] = field(default_factory=dict)
    crash_before: str = ""

    def get(self, key: str) -> Row | None:
        return self.rows.get(key)

    def put(self, row: Row) -> None:
        if self.crash_before and row.state == self.crash_before:
            self.crash_before = ""
            raise Crash
        self.rows[row.key] = row


class Crash(Exception):
    """The process dies here."""


class Store:
    """Units of work in memory, one at a time: enough of the protocol for the service, the inbox and the poster."""

    def __init__(self) -> None:
        self.renewals: dict[str, Renewal] = {}
        self.log: list[Event] = []
        self.requests: dict[str, Request] = {}
        self.answers: dict[str, str] = {}
        self.cursors: dict[str, int] = {}
        self.slow: Callable[[], None] = lambda: None
        self._lock = threading.RLock()

    def __call__(self, *, reading: bool = False) -> "Store":
        return self

    def __enter__(self) -> "Store":
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def add(self, renewal: Renewal) -> None:
        self.renewals[renewal.id] = renewal

    def save(self, renewal: Renewal) -> None:
        kept = self.renewals[renewal.id]
        self.add(replace(renewal, approvals=kept.approvals, steps=kept.steps))

    def find(self, reference: str) -> Renewal:
        for renewal in self.renewals.values():
            if renewal.id.startswith(reference):
                return renewal
        raise CommandRefused(f"There is no renewal {reference!r}.")

    get = find

    def save_step(self, renewal_id: str, record: StepRecord, *, progress: Any = None) -> None:
        renewal = self.renewals[renewal_id]
        steps = tuple(record if found.number == record.number else found for found in renewal.steps)
        self.add(replace(renewal, steps=steps))

    def forget_unknown(self, *_: Any) -> None:
        pass

    def add_approval(self, approval: Approval) -> None:
        renewal = self.renewals[approval.renewal]
        self.add(replace(renewal, approvals=(*renewal.approvals, approval)))

    def open_renewals(self, *, cluster: str = "") -> Sequence[Renewal]:
        found = [renewal for renewal in self.renewals.values() if not renewal.state.final]
        return [renewal for renewal in found if cluster in ("", renewal.plan.cluster)]

    def newest(self, *, cluster: str = "", limit: int = 20) -> Sequence[Renewal]:
        return list(self.renewals.values())[-limit:]

    def take_locks(self, *_: Any) -> None:
        return None

    def release_locks(self, renewal_id: str, *, keep: Sequence[str] = ()) -> None:
        pass

    def tick(self, renewal_id: str, task: str, person: Person, note: str, at: datetime) -> None:
        renewal = self.renewals[renewal_id]
        ticked = (
            replace(found, done_by=person, done_at=at, note=note) if found.key == task else found
            for found in renewal.tasks
        )
        self.add(replace(renewal, tasks=tuple(ticked)))

    def append(self, found: Event) -> Event:
        numbered = replace(found, number=len(self.log) + 1)
        self.log.append(numbered)
        return numbered

    def events(self, *, renewal: str = "", after: int = 0, limit: int = 0) -> Sequence[Event]:
        return self.log[after:]

    def receive(self, request: Request) -> bool:
        self.slow()
        return self.requests.setdefault(request.key, request) is request

    def answer(self, key: str, text: str, **_: Any) -> bool:
        return self.answers.setdefault(key, text) is text

    def answered(self, key: str) -> str | None:
        return self.answers.get(key)

    def start(self, renewal: Renewal) -> None:
        pass

    def wake(self, renewal_id: str, key: str) -> None:
        pass

    def hold(self, *_: Any) -> bool:
        return True

    def let_go(self, name: str) -> None:
        pass

    def cursor(self, observer: str) -> int:
        return self.cursors.get(observer, 0)

    def set_cursor(self, observer: str, number: int) -> None:
        self.cursors[observer] = number


class Settled:
    def clear(self, plan: Plan, person: Person) -> None:
        pass


class Planner:
    def plan(self, command: Renew) -> Plan:
        return make_plan(3, cluster=command.cluster)
