"""The use cases: one transaction a command, each done at most once, with the same rules from every side."""

import hashlib
from collections.abc import Callable, Mapping

from certrenew.app.commands import Change, Renew
from certrenew.app.decisions import Answer, Decisions
from certrenew.app.planner import Planner
from certrenew.app.settling import Settling, resources
from certrenew.app.unit import UnitOfWork, Units
from certrenew.domain.approval import Person, Policy
from certrenew.domain.errors import CommandRefused, NotAllowed
from certrenew.domain.events import Event, What
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal, State, StepRecord


class Service:
    """Everything people can change."""

    def __init__(
        self,
        *,
        units: Units,
        planner: Planner,
        settling: Settling,
        policies: Mapping[str, Policy],
        clock: Clock,
        changed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`changed` is told the id of a renewal after each commit, so that waiting work goes on at once."""
        self._units = units
        self._planner = planner
        self._settling = settling
        self._policies = policies
        self._clock = clock
        self._changed = changed
        self._decisions = Decisions(policies, clock)

    def handle(self, command: Change, person: Person, *, key: str, origin: str = "") -> Answer:
        """Do what was asked, at most once under `key`. Raises CommandRefused, NotAllowed or Unreachable."""
        try:
            if isinstance(command, Renew):
                answer = self._renew(command, person, key, origin)
            else:
                decision = command
                answer = self._once(key, lambda unit: self._decisions.decide(unit, decision, person, key))
        except NotAllowed as refusal:
            with self._units() as unit:
                self._append_refusal(unit, command, person, refusal)
            raise
        if answer.renewal:
            self._changed(answer.renewal)
        return answer

    def policy(self, cluster: str) -> Policy:
        return self._policies[cluster]

    def _once(self, key: str, work: Callable[[UnitOfWork], Answer]) -> Answer:
        """Run `work` and keep its answer in one transaction; under a known key, only repeat the answer."""
        with self._units() as unit:
            if (earlier := unit.answered(key)) is not None:
                return Answer(earlier)
            answer = work(unit)
            unit.answer(key, answer.text)
            return answer

    def _renew(self, command: Renew, person: Person, key: str, origin: str) -> Answer:
        with self._units(reading=True) as unit:
            if (earlier := unit.answered(key)) is not None:
                return Answer(earlier)
            for renewal in unit.open_renewals(cluster=command.cluster):
                raise _busy(renewal)
        plan = self._planner.plan(command)
        self._settling.clear(plan, person)
        now = self._clock.now()
        renewal = Renewal(
            id=hashlib.sha256(f"renewal {key}".encode()).hexdigest()[:32],
            plan=plan,
            state=State.PLANNED,
            requester=person,
            created_at=now,
            approve_by=now + self._policies[command.cluster].valid_for,
            change_number=command.change_number,
            origin=origin,
            steps=tuple(
                StepRecord(number=number, kind=step.kind, node=step.node) for number, step in enumerate(plan.steps, 1)
            ),
        )
        return self._once(key, lambda unit: self._start(unit, renewal))

    def _start(self, unit: UnitOfWork, renewal: Renewal) -> Answer:
        """Lock, renewal, audit line and the engine's order: one transaction."""
        plan = renewal.plan
        ready = Answer(f"The plan for {plan.purpose} on {plan.cluster} is ready: {renewal.short_id}.", renewal.id)
        if holder := unit.take_locks(resources(plan), renewal.id):
            if holder == renewal.id:
                return ready  # the same request was handled elsewhere a moment ago
            found = unit.get(holder)
            raise _unsettled(found) if found.state.final else _busy(found)
        unit.add(renewal)
        unit.append(
            Event(
                what=What.PLANNED,
                actor=renewal.requester.id,
                actor_name=renewal.requester.name,
                renewal=renewal.id,
                cluster=plan.cluster,
                details={
                    "purpose": plan.purpose,
                    "digest": plan.digest,
                    "steps": len(plan.steps),
                    "change": renewal.change_number,
                },
                at=renewal.created_at,
            )
        )
        unit.start(renewal)
        return ready

    def _append_refusal(self, unit: UnitOfWork, command: Change, person: Person, refusal: NotAllowed) -> None:
        found = None if isinstance(command, Renew) else unit.find(command.renewal)
        unit.append(
            Event(
                what=What.REFUSED,
                actor=person.id,
                actor_name=person.name,
                renewal=found.id if found else "",
                cluster=found.plan.cluster if found else "",
                details={"asked": type(command).__name__.lower(), "why": str(refusal)},
                at=self._clock.now(),
            )
        )


def _busy(renewal: Renewal) -> CommandRefused:
    plan = renewal.plan
    stands = "waits for approval" if renewal.state is State.PLANNED else f"is {renewal.state}"
    return CommandRefused(
        f"{plan.cluster} already has an open renewal: {renewal.short_id} ({plan.purpose}), asked for by"
        f" {renewal.requester.name}, {stands}. Decide on it, let it finish or abandon it first; nothing has changed."
    )


def _unsettled(ended: Renewal) -> CommandRefused:
    """It ended after the phones were looked at: they must be looked at again."""
    return CommandRefused(
        f"Renewal {ended.short_id} of {ended.plan.title} has just ended on {ended.plan.cluster}, and its phones are not"
        " known to be back yet. Ask again in a moment; nothing has changed."
    )
