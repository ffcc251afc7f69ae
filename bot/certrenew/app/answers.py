"""Answers questions in plain text, the same for the chat and the terminal; nothing is changed."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from certrenew.app.commands import Certificates, Help, ListRenewals, Question, Status
from certrenew.app.grammar import Grammar
from certrenew.app.inventory import read_snapshot
from certrenew.app.sessions import Sessions
from certrenew.app.unit import Units
from certrenew.domain.approval import Person
from certrenew.domain.errors import Unreachable
from certrenew.domain.model import Certificate
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
    """Status, list, certificates and help."""

    def __init__(
        self, *, units: Units, sessions: Sessions, purposes: Sequence[str], grammar: Grammar, clock: Clock
    ) -> None:
        self._units = units
        self._sessions = sessions
        self._purposes = purposes
        self._grammar = grammar
        self._clock = clock

    def answer(self, question: Question, person: Person) -> str:
        """Text of one or more lines. Raises CommandRefused or Unreachable."""
        match question:
            case Status(subject=subject):
                return self._status(subject)
            case ListRenewals(cluster=cluster):
                return self._list(cluster)
            case Certificates(cluster=cluster):
                return "\n".join(certificate_lines(self.certificates(cluster), self._clock.now()))
            case Help():
                return self._grammar.help_text()

    def certificates(self, cluster: str) -> list[tuple[str, str, Certificate]]:
        """(node, purpose, certificate) of every identity that this bot can renew, read now."""
        session = self._sessions.open(cluster)
        try:
            snapshot = read_snapshot(session, self._purposes)
        finally:
            session.close()
        found = [
            (node.node.name, purpose, certificate)
            for node in snapshot.nodes
            for purpose, certificate in sorted(node.identities.items())
        ]
        if not found and snapshot.all_problems:
            raise Unreachable(" ".join(snapshot.all_problems))
        return found

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
    return (
        f"{renewal.short_id}  {renewal.state:<9}  {renewal.plan.purpose} on {renewal.plan.cluster},"
        f" {done} of {len(renewal.steps)} steps, asked for by {renewal.requester.name}"
        f" at {renewal.created_at:%Y-%m-%d %H:%M} UTC{why}"
    )


def renewal_lines(renewal: Renewal) -> Iterator[str]:
    """A renewal with its steps, for a terminal or a code block."""
    yield one_line(renewal)
    plan = renewal.plan
    yield f"plan {plan.short_digest}, authority {plan.authority}, follows {'; '.join(plan.sources)}"
    for vote in renewal.approvals:
        why = f": {vote.reason}" if vote.reason else ""
        yield f"{vote.decision} at the {vote.gate} gate by {vote.person.name}, {vote.at:%Y-%m-%d %H:%M} UTC{why}"
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


def certificate_lines(found: Sequence[tuple[str, str, Certificate]], now: datetime) -> Iterator[str]:
    for node, purpose, certificate in found:
        days = (certificate.not_after - now).days
        left = f"{days} days left" if days >= 0 else f"EXPIRED {-days} days ago"
        signed = "self-signed" if certificate.self_signed else f"by {certificate.issuer}"
        yield f"{node:<16} {purpose:<18} {certificate.not_after:%Y-%m-%d}  {left:<20} {signed}  {certificate.serial}"
