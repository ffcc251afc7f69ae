"""What people decide about a renewal that exists: each verb inside a transaction that the service opened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from certrenew.app import commands
from certrenew.app.afterwards import Afterwards
from certrenew.app.commands import (
    Abandon,
    Approve,
    Pause,
    Reject,
    Release,
    Resume,
    Retry,
    Settle,
    Skip,
    SkipPart,
    Tick,
)
from certrenew.app.parts import Parts
from certrenew.app.rights import Rights, with_reason
from certrenew.app.unit import UnitOfWork
from certrenew.domain.approval import Approval, Decision, Gate, Person, Policy
from certrenew.domain.errors import CommandRefused
from certrenew.domain.events import What
from certrenew.domain.plan import Json
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal, State, StepRecord, StepState, Want


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person is told, in a sentence, and the renewal it is about."""

    text: str
    renewal: str = ""


class Decisions(Rights):
    """The rules behind approve, reject, release, retry, skip, pause, resume and abandon."""

    def __init__(self, policies: Mapping[str, Policy], clock: Clock) -> None:
        super().__init__(policies, clock)
        self._parts = Parts(policies, clock)
        self._afterwards = Afterwards(policies, clock)

    def decide(self, unit: UnitOfWork, command: commands.Decision, person: Person, key: str) -> Answer:
        """Write the decision, its audit line and the engine's message. Raises CommandRefused or NotAllowed."""
        renewal = unit.find(command.renewal)
        match command:
            case Approve():
                text = self._vote(unit, renewal, Decision.APPROVE, person, command.reason, command.digest)
            case Reject():
                text = self._vote(unit, renewal, Decision.REJECT, person, command.reason, "")
            case Release():
                text = self._release(unit, renewal, command, person)
            case Retry():
                text = self._retry(unit, renewal, command, person)
            case Skip():
                text = self._skip(unit, renewal, command, person)
            case SkipPart():
                text = self._parts.skip(unit, renewal, command, person)
            case Tick():
                return Answer(self._afterwards.tick(unit, renewal, command, person), renewal.id)
            case Settle():
                return Answer(self._afterwards.settle(unit, renewal, command, person), renewal.id)
            case Pause():
                text = self._pause(unit, renewal, person)
            case Resume():
                text = self._resume(unit, renewal, person)
            case Abandon():
                text = self._abandon(unit, renewal, command, person)
        unit.wake(renewal.id, key)
        return Answer(text, renewal.id)

    def _vote(
        self, unit: UnitOfWork, renewal: Renewal, decision: Decision, person: Person, reason: str, digest: str
    ) -> str:
        if renewal.state is not State.PLANNED:
            raise CommandRefused(_already(renewal))
        if decision is Decision.APPROVE and not renewal.readable:
            raise CommandRefused(
                f"Renewal {renewal.short_id} was planned by another version of certrenew, which this one cannot read;"
                " reject it and ask for a new plan. Nothing has changed."
            )
        if digest and digest != renewal.plan.digest:
            raise CommandRefused("That is not the plan that stands now; read it again and decide on that one.")
        now = self._clock.now()
        if now >= renewal.approve_by:
            raise CommandRefused(
                f"Renewal {renewal.short_id} could be approved until {renewal.approve_by:%Y-%m-%d %H:%M} UTC;"
                " ask for a new plan. Nothing has changed."
            )
        policy = self._policy(renewal)
        passes = policy.judge(
            gate=Gate.PLAN,
            decision=decision,
            person=person,
            requester=renewal.requester.id,
            reason=reason,
            votes=renewal.approvals,
        )
        unit.add_approval(self._approval(renewal, Gate.PLAN, decision, person, reason))
        details: dict[str, Json] = {"digest": renewal.plan.digest, "reason": reason, "gate": "plan"}
        if decision is Decision.REJECT:
            ended = replace(renewal.move(State.REJECTED, reason=reason), gate=None, ended_at=now)
            unit.save(ended)
            unit.release_locks(renewal.id)
            unit.append(self._event(What.REJECTED, person, ended, details))
            text = f"Renewal {renewal.short_id} is rejected; nothing was changed on {renewal.plan.cluster}."
        elif passes:
            approved = renewal.move(State.APPROVED)
            unit.save(approved)
            unit.append(self._event(What.APPROVED, person, approved, details))
            text = f"Renewal {renewal.short_id} is approved and starts now."
        else:
            count = 1 + sum(vote.gate is Gate.PLAN for vote in renewal.approvals)
            details |= {"count": count, "needed": policy.needed}
            unit.append(self._event(What.VOTED, person, renewal, details))
            text = f"Noted: {count} of {policy.needed} approvals for renewal {renewal.short_id}."
        return text

    def _release(self, unit: UnitOfWork, renewal: Renewal, command: Release, person: Person) -> str:
        if renewal.gate is not Gate.RELEASE or renewal.released:
            raise CommandRefused(
                f"Renewal {renewal.short_id} is {renewal.state} and does not wait for a release; nothing has changed."
            )
        self._policy(renewal).judge(
            gate=Gate.RELEASE,
            decision=Decision.APPROVE,
            person=person,
            requester=renewal.requester.id,
            reason=command.reason,
            votes=renewal.approvals,
        )
        unit.add_approval(self._approval(renewal, Gate.RELEASE, Decision.APPROVE, person, command.reason))
        released = replace(renewal, released=True)
        unit.save(released)
        details: dict[str, Json] = {"digest": renewal.plan.digest, "reason": command.reason, "gate": "release"}
        unit.append(self._event(What.RELEASED, person, released, details))
        return f"Renewal {renewal.short_id} is released: the installation begins now."

    def _retry(self, unit: UnitOfWork, renewal: Renewal, command: Retry, person: Person) -> str:
        self._must_take_part(renewal, person)
        record = self._stopped_at(renewal)
        if command.step and (command.step, command.attempt) != (record.number, record.attempts):
            raise CommandRefused(
                f"Renewal {renewal.short_id} has gone on since and stands at step {record.number} now; nothing has"
                " changed. Look at what it says now, and decide on that."
            )
        if renewal.plan.steps[record.number - 1].traceless:
            self._must_approve(renewal, person)
            unit.forget_unknown(renewal.id, record.number, person.id)
        unit.save_step(renewal.id, replace(record, state=StepState.PENDING, error=""), progress={})
        going = renewal.move(State.RUNNING)
        text = f"Renewal {renewal.short_id} tries step {record.number} again."
        if renewal.gate is Gate.RELEASE:
            # It stopped before the installation began: who released it had seen another cluster.
            going = replace(going, gate=None, released=False)
            text = f"Renewal {renewal.short_id} waits for a new release, and then looks at the cluster again."
        unit.save(going)
        unit.append(self._event(What.RETRIED, person, going, {"step": record.number, "kind": record.kind}))
        return text

    def _skip(self, unit: UnitOfWork, renewal: Renewal, command: Skip, person: Person) -> str:
        reason = with_reason(command.reason, "skip a step")
        self._must_approve(renewal, person)
        record = self._stopped_at(renewal)
        if record.state is not StepState.FAILED:
            raise CommandRefused(
                f"Renewal {renewal.short_id} did not stop at a step: {renewal.reason} Retry it or abandon it."
            )
        if command.step not in (0, record.number):
            raise CommandRefused(
                f"Renewal {renewal.short_id} stands at step {record.number}, not {command.step}; nothing has changed."
            )
        if why := renewal.plan.why_not_skip(record.number, skipped=renewal.skipped):
            raise CommandRefused(f"Step {record.number} cannot be skipped: {why}. Retry it or abandon.")
        now = self._clock.now()
        unit.forget_unknown(renewal.id, record.number, person.id)
        unit.save_step(
            renewal.id,
            replace(record, state=StepState.SKIPPED, finished_at=now, evidence={"skipped": reason}),
        )
        going = renewal.move(State.RUNNING)
        unit.save(going)
        details: dict[str, Json] = {
            "step": record.number,
            "kind": record.kind,
            "node": record.node,
            "reason": reason,
            "summary": renewal.plan.steps[record.number - 1].summary(),
        }
        unit.append(self._event(What.STEP_SKIPPED, person, going, details))
        return f"Renewal {renewal.short_id} goes on without step {record.number}."

    def _pause(self, unit: UnitOfWork, renewal: Renewal, person: Person) -> str:
        self._must_take_part(renewal, person)
        if renewal.state not in (State.APPROVED, State.RUNNING, State.WAITING):
            raise CommandRefused(f"Renewal {renewal.short_id} is {renewal.state}; there is nothing to pause.")
        _must_not_be_ending(renewal)
        wishing = replace(renewal, want=Want.PAUSE)
        unit.save(wishing)
        unit.append(self._event(What.PAUSE_ASKED, person, wishing, {}))
        return f"Renewal {renewal.short_id} pauses before its next step."

    def _resume(self, unit: UnitOfWork, renewal: Renewal, person: Person) -> str:
        self._must_take_part(renewal, person)
        if renewal.state is not State.PAUSED and renewal.want is not Want.PAUSE:
            raise CommandRefused(f"Renewal {renewal.short_id} is {renewal.state}, not paused; nothing has changed.")
        _must_not_be_ending(renewal)
        going = renewal.move(State.RUNNING) if renewal.state is State.PAUSED else renewal
        going = replace(going, want=Want.NOTHING)
        unit.save(going)
        unit.append(self._event(What.RESUMED, person, going, {}))
        return f"Renewal {renewal.short_id} goes on."

    def _abandon(self, unit: UnitOfWork, renewal: Renewal, command: Abandon, person: Person) -> str:
        reason = with_reason(command.reason, "abandon a renewal")
        self._must_take_part(renewal, person)
        if renewal.state.final:
            raise CommandRefused(_already(renewal))
        wishing = replace(renewal, want=Want.ABANDON)
        unit.save(wishing)
        unit.append(self._event(What.ABANDON_ASKED, person, wishing, {"reason": reason}))
        return f"Renewal {renewal.short_id} ends before its next step; what is done stays done."

    # ---- rules ----------------------------------------------------------------------------------------------

    @staticmethod
    def _stopped_at(renewal: Renewal) -> StepRecord:
        if renewal.state is not State.STOPPED or renewal.current is None:
            raise CommandRefused(f"Renewal {renewal.short_id} is {renewal.state}, not stopped; nothing has changed.")
        return renewal.current

    def _approval(self, renewal: Renewal, gate: Gate, decision: Decision, person: Person, reason: str) -> Approval:
        return Approval(
            renewal=renewal.id,
            gate=gate,
            digest=renewal.plan.digest,
            person=person,
            decision=decision,
            reason=reason,
            at=self._clock.now(),
        )


def _must_not_be_ending(renewal: Renewal) -> None:
    if renewal.want is Want.ABANDON:
        raise CommandRefused(f"Somebody has abandoned renewal {renewal.short_id}; it ends before its next step.")


def _already(renewal: Renewal) -> str:
    decided = renewal.approvals[-1] if renewal.approvals else None
    by = f", decided by {decided.person.name}" if decided else ""
    return f"Renewal {renewal.short_id} is already {renewal.state}{by}; nothing has changed."
