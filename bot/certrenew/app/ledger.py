"""Writes down what the runner does: state, attempts and audit line always in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certrenew.app.context import LostOwnership
from certrenew.app.moves import End, Move, Wait
from certrenew.app.records import Records, about, number_of
from certrenew.app.settling import kept_by
from certrenew.app.unit import UnitOfWork
from certrenew.domain.approval import Gate
from certrenew.domain.events import What
from certrenew.domain.plan import Json, Phase, Step, Waiting
from certrenew.domain.renewal import Renewal, State, StepRecord, StepState, Want

A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a step from earlier calls."""

    attempted: datetime | None
    waiting_since: datetime | None
    progress: Mapping[str, Json]


class Ledger(Records):
    """Every method is one unit of work. `changed` is told the renewal's id after each commit.

    Only who took the renewal up last may write: every other call raises LostOwnership and leaves no trace.
    """

    # ---- moves that need no look at the world ----------------------------------------------------------------

    def settle(self, renewal_id: str) -> tuple[Renewal, Move | None]:
        """Take it up; end, pause, expire or hold at a gate what must be; None when there is work to do."""
        with self._units() as unit:
            renewal = unit.get(renewal_id)
            if not unit.take_up(renewal_id, self._executor):
                raise LostOwnership
            move = self._settle(unit, renewal)
        if move is not None:
            self._changed(renewal_id)
        return renewal, move

    def _settle(self, unit: UnitOfWork, renewal: Renewal) -> Move | None:
        now = self._clock.now()
        if renewal.state.final:
            return End()
        if renewal.want is Want.ABANDON:
            reason = _said(unit, renewal, What.ABANDON_ASKED, "abandoned it")
            self._end(unit, renewal, State.ABANDONED, What.ABANDONED, reason)
            return End()
        if renewal.state is State.PLANNED:
            if now < renewal.approve_by:
                return Wait(max(0.1, (renewal.approve_by - now).total_seconds()))
            reason = "Nobody approved it in time; nothing was changed."
            self._end(unit, renewal, State.EXPIRED, What.EXPIRED, reason)
            return End()
        if renewal.want is Want.PAUSE and renewal.state not in (State.STOPPED, State.PAUSED):
            reason = _said(unit, renewal, What.PAUSE_ASKED, "paused it")
            paused = replace(renewal.move(State.PAUSED, reason=reason), want=Want.NOTHING)
            unit.save(paused)
            self._append(unit, What.PAUSED, paused, {})
            return Wait(A_DAY)
        if renewal.state in (State.STOPPED, State.PAUSED):
            return Wait(A_DAY)
        if renewal.current is None:
            details: dict[str, Json] = {"seconds": round((now - renewal.created_at).total_seconds(), 1)}
            self._end(unit, renewal, State.SUCCEEDED, What.SUCCEEDED, "", details)
            return End()
        if renewal.phase is not Phase.PREPARE and not renewal.released:
            return self._hold(unit, renewal)
        return None

    def _hold(self, unit: UnitOfWork, renewal: Renewal) -> Move:
        if renewal.gate is not Gate.RELEASE or renewal.state is not State.WAITING:
            reason = "Everything is prepared and checked; the installation waits for its release."
            held = replace(renewal.move(State.WAITING, reason=reason), gate=Gate.RELEASE, wake_at=None)
            unit.save(held)
            if renewal.gate is not Gate.RELEASE:  # told once; after a pause it is only shown again
                self._append(unit, What.GATE_REACHED, held, {"gate": "release", "digest": renewal.plan.digest})
        return Wait(A_DAY)

    def _end(
        self,
        unit: UnitOfWork,
        renewal: Renewal,
        state: State,
        what: What,
        reason: str,
        details: Mapping[str, Json] | None = None,
    ) -> None:
        ended = replace(
            renewal.move(state, reason=reason), gate=None, want=Want.NOTHING, wake_at=None, ended_at=self._clock.now()
        )
        unit.save(ended)
        unit.release_locks(renewal.id, keep=kept_by(ended))
        self._append(unit, what, ended, details or {})

    def begin_phase(self, renewal: Renewal) -> None:
        """The plan still holds: the gate is behind us."""
        with self._units() as unit:
            fresh = self._mine(unit, renewal)
            going = replace(fresh, state=State.RUNNING, gate=None, reason="", wake_at=None)
            unit.save(going)
            if renewal.current is not None:  # what did not answer while looking does not count against the step
                unit.save_step(renewal.id, unit.step(renewal.id, renewal.current.number), progress={})
            details: dict[str, Json] = {"digest": renewal.plan.digest, "phase": str(renewal.phase)}
            self._append(unit, What.STARTED, going, details)
        self._changed(renewal.id)

    # ---- attempts -------------------------------------------------------------------------------------------------

    def recall(self, renewal: Renewal, record: StepRecord) -> Memory:
        with self._units(reading=True) as unit:
            unknown = unit.unknown_attempts(renewal.id, record.number)
            progress, since = unit.step_memory(renewal.id, record.number)
        return Memory(unknown[0].at if unknown else None, since, progress)

    def begin(self, renewal: Renewal, record: StepRecord, step: Step, *, attempted: datetime | None) -> int | None:
        """The intent, before the act. None when an attempt appeared since the check: look again first."""
        with self._units() as unit:
            fresh = self._mine(unit, renewal)
            step_now = unit.step(renewal.id, record.number)
            unknown = unit.unknown_attempts(renewal.id, record.number)
            if step_now.over or fresh.want is not Want.NOTHING:
                return None
            if (unknown[0].at if unknown else None) != attempted:
                return None
            now = self._clock.now()
            number = unit.begin_attempt(renewal.id, record.number, self._executor, now)
            unit.save_step(
                renewal.id,
                replace(step_now, state=StepState.RUNNING, attempts=number, started_at=step_now.started_at or now),
            )
            unit.save(replace(fresh, state=State.RUNNING, reason="", wake_at=None))
            self._append(unit, What.STEP_STARTED, fresh, {**about(record, step), "attempt": number})
        self._changed(renewal.id)
        return number

    def owns(self, renewal: Renewal, record: StepRecord, number: int) -> bool:
        """Whether `number` is still the newest attempt, and nobody has taken the renewal over meanwhile."""

        def ask(unit: UnitOfWork) -> bool:
            newest = unit.newest_attempt(renewal.id, record.number)
            return newest == number and unit.owns(renewal.id, self._executor)

        return self._insist(ask, reading=True)

    def end(self, renewal: Renewal, record: StepRecord, number: int, outcome: str) -> None:
        def write(unit: UnitOfWork) -> None:
            self._mine(unit, renewal)
            unit.end_attempt(renewal.id, record.number, number, outcome)

        self._insist(write)

    # ---- outcomes -----------------------------------------------------------------------------------------------

    def finish(
        self,
        renewal: Renewal,
        record: StepRecord,
        step: Step,
        output: Mapping[str, Json],
        evidence: Mapping[str, Json],
        *,
        note: str,
        began: datetime,
        acted: bool,
    ) -> None:
        now = self._clock.now()

        def write(unit: UnitOfWork) -> None:
            fresh = self._mine(unit, renewal)
            step_now = unit.step(renewal.id, record.number)
            if step_now.over:
                return  # written by the try whose answer was lost, or left out meanwhile with its whole part
            for attempt in unit.unknown_attempts(renewal.id, record.number):
                outcome = "done" if acted else "found done"
                unit.end_attempt(renewal.id, record.number, attempt.try_number, outcome)
            done = replace(
                step_now,
                state=StepState.DONE,
                output=output,
                evidence=evidence,
                error="",
                started_at=step_now.started_at or began,
                finished_at=now,
            )
            unit.save_step(renewal.id, done, progress={})
            unit.save(replace(fresh, state=State.RUNNING, reason="", wake_at=None))
            details: dict[str, Json] = {
                **about(record, step),
                "acted": acted,
                "seconds": round((now - began).total_seconds(), 3),
                "evidence": dict(evidence),
            }
            if note:
                details["note"] = note
            self._append(unit, What.STEP_FINISHED, fresh, details)

        self._insist(write)
        self._changed(renewal.id)

    def wait(self, renewal: Renewal, record: StepRecord, step: Step, waiting: Waiting) -> bool:
        """A step waits: told once, then only its reason and time change. False when it was left out meanwhile."""
        now = self._clock.now()
        with self._units() as unit:
            fresh = self._mine(unit, renewal)
            step_now = unit.step(renewal.id, record.number)
            if step_now.over:
                return False  # left out while it was looked at
            if record.state is not StepState.WAITING:
                self._append(unit, What.STEP_WAITING, fresh, {**about(record, step), "why": waiting.reason})
            unit.save_step(
                renewal.id,
                replace(step_now, state=StepState.WAITING, started_at=step_now.started_at or now),
                progress=waiting.progress,
            )
            wake = now + timedelta(seconds=waiting.seconds)
            unit.save(replace(fresh, state=State.WAITING, reason=waiting.reason, wake_at=wake))
        self._changed(renewal.id)
        return True

    def count_unanswered(self, renewal: Renewal, record: StepRecord | None) -> int:
        """How often in a row this step got no answer, this time included."""
        with self._units(reading=True) as unit:
            progress, _ = unit.step_memory(renewal.id, number_of(renewal, record))
        tries = progress.get("unanswered", 0)
        return (tries if isinstance(tries, int) else 0) + 1

    def wait_for_answer(
        self, renewal: Renewal, record: StepRecord | None, why: str, tries: int, seconds: float
    ) -> None:
        now = self._clock.now()
        with self._units() as unit:
            fresh = self._mine(unit, renewal)
            current = record or renewal.current
            if current is not None:
                current = unit.step(renewal.id, current.number)
            if current is not None and not current.over:
                progress, _ = unit.step_memory(renewal.id, current.number)
                state = StepState.WAITING if record else current.state
                kept = {**progress, "unanswered": tries}
                unit.save_step(renewal.id, replace(current, state=state), progress=kept)
            if tries == 1:
                step = renewal.plan.steps[number_of(renewal, record) - 1]
                told = about(current, step) if current else {}
                self._append(unit, What.STEP_WAITING, fresh, {**told, "why": why})
            unit.save(replace(fresh, state=State.WAITING, reason=why, wake_at=now + timedelta(seconds=seconds)))
        self._changed(renewal.id)

    def stop(
        self,
        renewal: Renewal,
        record: StepRecord | None,
        reason: str,
        standing: Sequence[str],
        what: What,
        *,
        ended: tuple[int, str] | None = None,
    ) -> None:
        """`ended` is the number of the attempt that failed and its outcome."""
        with self._units() as unit:
            fresh = self._mine(unit, renewal)
            details: dict[str, Json] = {"why": reason, "now": list(standing)}
            if record is not None:
                current = unit.step(renewal.id, record.number)
                if current.over:
                    return  # left out while it ran: there is nothing to stop for
                unit.save_step(renewal.id, replace(current, state=StepState.FAILED, error=reason), progress={})
                details |= about(record, renewal.plan.steps[record.number - 1])
                if ended is not None:
                    unit.end_attempt(renewal.id, record.number, *ended)
            stopped = replace(fresh, state=State.STOPPED, reason=reason, wake_at=None)
            unit.save(stopped)
            self._append(unit, what, stopped, details)
        self._changed(renewal.id)

    def notice(self, renewal: Renewal, text: str) -> None:
        with self._units() as unit:
            self._mine(unit, renewal)
            self._append(unit, What.NOTICED, renewal, {"text": text})
        self._changed(renewal.id)


def _said(unit: UnitOfWork, renewal: Renewal, what: What, did: str) -> str:
    """Who wanted it and why, such as “carmen abandoned it: wrong window.”."""
    for event in reversed(unit.events(renewal=renewal.id)):
        if event.what == what:
            why = str(event.details.get("reason") or "").strip()
            said = f"{event.actor_name} {did}: {why}" if why else f"{event.actor_name} {did}"
            return said if said.endswith((".", "!", "?")) else f"{said}."
    return f"A person {did}."
