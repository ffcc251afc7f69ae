"""Answers questions in plain text, the same for the chat and the terminal; nothing is changed."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from certrenew.app.commands import Certificates, Expiring, Help, ListRenewals, Question, Status
from certrenew.app.grammar import Grammar
from certrenew.app.overview import overview
from certrenew.app.stock_lines import certificate_lines, expiring_lines, trust_lines
from certrenew.app.stocktaking import Shelf, Stocktaker, nothing_read
from certrenew.app.unit import Units
from certrenew.domain.approval import Person
from certrenew.domain.plan import Phase, Plan
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal, StepState

MARKS = {
    StepState.DONE: "done",
    StepState.RUNNING: "running",
    StepState.WAITING: "waiting",
    StepState.FAILED: "failed",
    StepState.SKIPPED: "skipped",
    StepState.PENDING: "-",
}


class Answers:
    """Status, list, certificates, what expires, and help."""

    def __init__(
        self,
        *,
        units: Units,
        stocktaker: Stocktaker,
        shelf: Shelf,
        clusters: Collection[str],
        grammar: Grammar,
        clock: Clock,
    ) -> None:
        self._units = units
        self._stocktaker = stocktaker
        self._shelf = shelf
        self._clusters = sorted(clusters)
        self._grammar = grammar
        self._clock = clock

    def answer(self, question: Question, person: Person) -> str:
        """Text of one or more lines. Raises CommandRefused or Unreachable."""
        match question:
            case Status(subject=subject):
                return self._status(subject)
            case ListRenewals(cluster=cluster):
                return self._list(cluster)
            case Certificates():
                return self._certificates(question)
            case Expiring():
                return self._expiring(question)
            case Help():
                return self._grammar.help_text()

    def _certificates(self, question: Certificates) -> str:
        readings = self._stocktaker.read(question.cluster)
        nothing_read(readings)
        now = self._clock.now()
        if question.trust:
            return "\n".join(trust_lines(readings, now))
        return "\n".join(certificate_lines(readings, now, cluster=question.cluster))

    def _expiring(self, question: Expiring) -> str:
        now = self._clock.now()
        holdings = self._shelf.falling_due(now + timedelta(days=question.days), cluster=question.cluster)
        states = self._shelf.states(cluster=question.cluster)
        clusters = (question.cluster,) if question.cluster else self._clusters
        return "\n".join(expiring_lines(holdings, states, now, days=question.days, clusters=clusters))

    def _status(self, subject: str) -> str:
        with self._units(reading=True) as unit:
            if subject:
                return "\n".join(renewal_lines(unit.find(subject)))
            renewals = unit.open_renewals()
        if not renewals:
            return "No renewal is open."
        return "\n".join(one_line(renewal) for renewal in renewals)

    def _list(self, cluster: str) -> str:
        with self._units(reading=True) as unit:
            renewals = unit.newest(cluster=cluster)
        if not renewals:
            return "There has been no renewal yet."
        return "\n".join(one_line(renewal) for renewal in renewals)


def one_line(renewal: Renewal) -> str:
    done = sum(record.over for record in renewal.steps)
    why = f" ({renewal.reason})" if renewal.reason else ""
    if not renewal.readable:
        why += " (planned by another version of certrenew)"
    if left := len(renewal.open_tasks):
        why += f" ({left} open for people)"
    return (
        f"{renewal.short_id}  {renewal.state:<9}  {renewal.plan.purpose} on {renewal.plan.cluster},"
        f" {done} of {len(renewal.steps)} steps, asked for by {renewal.requester.name}"
        f" at {renewal.created_at:%Y-%m-%d %H:%M} UTC{why}"
    )


def renewal_lines(renewal: Renewal, *, every_step: bool = False) -> Iterator[str]:
    """A renewal for a terminal or a code block. The steps of a campaign, which are hundreds, come on demand."""
    yield one_line(renewal)
    plan = renewal.plan
    yield f"plan {plan.short_digest}, authority {plan.authority}, follows {'; '.join(plan.sources)}"
    for vote in renewal.approvals:
        why = f": {vote.reason}" if vote.reason else ""
        yield f"{vote.decision} at the {vote.gate} gate by {vote.person.name}, {vote.at:%Y-%m-%d %H:%M} UTC{why}"
    yield from overview(renewal)
    if plan.parts and not every_step:
        return
    phase: Phase | None = None
    for record in renewal.steps:
        step = plan.steps[record.number - 1]
        if step.phase is not phase:
            phase = step.phase
            yield f"{phase}:"
        yield f"  {record.number:>3}  {MARKS[record.state]:<8} {step.summary()}"
        if record.error:
            yield f"       {record.error}"


def plan_lines(plan: Plan) -> Iterator[str]:
    """A plan as everybody can read it."""
    yield f"Renew {plan.title} ({plan.purpose}) on {plan.cluster}"
    yield f"plan {plan.short_digest}, authority {plan.authority}, follows {'; '.join(plan.sources)}"
    yield "Replaces:"
    for target in plan.targets:
        yield f"  {target.node}: {target.serial}, valid until {target.not_after[:10]}"
    yield f"Impact: {plan.impact}"
    for caution in plan.cautions:
        yield f"Caution: {caution}"
    phase: Phase | None = None
    for number, step in enumerate(plan.steps, 1):
        if step.phase is not phase:
            phase = step.phase
            yield f"{phase}:"
        yield f"  {number:>3}  [{step.risk}] {step.summary()}"
