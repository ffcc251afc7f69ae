"""Runs what is left of a plan: one call does the next thing, and says whether to go on, to wait or to end."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import uuid4

from certrenew.app.context import Context, LostOwnership
from certrenew.app.ledger import Ledger, Memory
from certrenew.app.moves import Go, Move, Wait
from certrenew.app.planner import Planner
from certrenew.app.sessions import Sessions
from certrenew.app.settling import NotSettled, Settling
from certrenew.app.standing import standing
from certrenew.app.unit import Units
from certrenew.domain.errors import AnswerLost, CertrenewError, DatabaseUnreachable, StepFailed, Unreachable
from certrenew.domain.events import What
from certrenew.domain.packing import is_packed
from certrenew.domain.plan import Blocked, Evidence, Json, Ready, Satisfied, Step, Waiting
from certrenew.domain.ports import Authority, Clock, ClusterSession, Pace
from certrenew.domain.renewal import Renewal, StepRecord

log = logging.getLogger(__name__)

# seconds between tries of what does not answer: 15 minutes in all, as long as a service may take to restart
BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, *[60.0] * 14)
LISTED = 25  # entries of a list that evidence shows
NOT_OURS = 1.0  # seconds; another executor works on it, and the engine ends this run of it
UNREADABLE = "This was planned by another version of certrenew, which this one cannot read; it is not run."
LONG_WAIT = 60.0  # seconds; a session is not kept open for longer


class Runner:
    """Knows no certificate purpose and no step kind: only check, act, verify, and the ledger of attempts."""

    def __init__(
        self,
        *,
        units: Units,
        planner: Planner,
        sessions: Sessions,
        authorities: Mapping[str, Authority],
        clock: Clock,
        pace: Pace,
        executor: str,
        changed: Callable[[str], None] = lambda _: None,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        """`executor` names this process; `pause` is how a step waits inside an act (tests do not)."""
        self._units = units
        self._planner = planner
        self._sessions = sessions
        self._authorities = authorities
        self._clock = clock
        self._pace = pace
        self._leaving = threading.Event()
        self._pause = pause or self._wait_unless_leaving
        self._settling = Settling(units=units, sessions=sessions, clock=clock, pace=pace)
        self._ledger = Ledger(units=units, clock=clock, executor=executor, changed=changed)

    def advance(self, renewal_id: str) -> Move:
        """Do the next thing. Raises DatabaseUnreachable, and nothing else."""
        with self._sessions.in_use(renewal_id):
            return self._advance(renewal_id)

    def _advance(self, renewal_id: str) -> Move:
        if self._leaving.is_set():
            return Wait(NOT_OURS)
        try:
            renewal, move = self._ledger.settle(renewal_id)
            if move is not None:
                self._sessions.close(renewal_id)
                return move
            if renewal.gate is not None:
                return self._look_again(renewal)
            return self._perform(renewal)
        except LostOwnership:
            log.warning("renewal %s goes on elsewhere; this run of its step ends here", renewal_id[:8])
            self._sessions.close(renewal_id)
            return Wait(NOT_OURS)

    def leave(self) -> None:
        """From here on no act begins, and acts that wait for their effect end; the next process looks what became."""
        self._leaving.set()

    def _wait_unless_leaving(self, seconds: float) -> None:
        if self._leaving.wait(seconds):
            raise LostOwnership

    # ---- the plan must still hold --------------------------------------------------------------------------

    def _look_again(self, renewal: Renewal) -> Move:
        """Just before prepare and just before install: make the plan anew and compare."""
        if not renewal.readable:
            return self._stop(renewal, None, f"{UNREADABLE} Abandon it and ask for a new plan.")
        try:
            self._settling.claim(renewal, self._session(renewal))
            left_out = [part for part in renewal.plan.all_parts if renewal.left_out(part)]
            changes = self._planner.again(renewal.plan, self._session(renewal), left_out=left_out)
        except (LostOwnership, DatabaseUnreachable):
            raise
        except Unreachable as error:
            return self._unanswered(renewal, None, error)
        except NotSettled as refusal:
            return self._stop(renewal, None, str(refusal))
        except CertrenewError as error:
            return self._stop(renewal, None, f"The plan cannot be made anew: {error}")
        except Exception:
            return self._bug(renewal, None)
        if changes:
            return self._stop(
                renewal,
                None,
                f"The cluster is not as it was when the plan was approved: {'; '.join(changes)}. Put it back and"
                " retry, or abandon this renewal and ask for a new plan.",
                What.PLAN_CHANGED,
            )
        self._ledger.begin_phase(renewal)
        return Go()

    # ---- one step --------------------------------------------------------------------------------------------

    def _perform(self, renewal: Renewal) -> Move:
        record = renewal.current
        assert record is not None  # noqa: S101  settle() has ended a renewal without one
        step = renewal.plan.steps[record.number - 1]
        if not renewal.readable:
            return self._stop(renewal, record, f"{UNREADABLE} Look at what is done, then abandon it.")
        began = self._clock.now()
        ctx = self._context(renewal, record, self._ledger.recall(renewal, record))
        try:
            match step.check(ctx):
                case Blocked(reason):
                    return self._stop(renewal, record, reason)
                case Waiting() as waiting:
                    return self._wait(renewal, record, step, waiting)
                case Satisfied(output, note):
                    seen = _shown({**step.verify(ctx), **output})
                    self._ledger.finish(renewal, record, step, output, seen, note=note, began=began, acted=False)
                    return Go()
                case Ready():
                    return self._act(renewal, record, step, ctx, began)
        except (LostOwnership, DatabaseUnreachable):
            raise
        except Unreachable as error:
            return self._unanswered(renewal, record, error)
        except CertrenewError as error:
            return self._stop(renewal, record, str(error))
        except Exception:
            return self._bug(renewal, record)

    def _act(self, renewal: Renewal, record: StepRecord, step: Step, ctx: Context, began: datetime) -> Move:
        if step.traceless and ctx.attempted is not None:
            return self._stop(
                renewal,
                record,
                f"An earlier attempt to “{step.summary()}” was cut off at {ctx.attempted:%H:%M:%S} UTC, and nothing"
                f" shows whether it went through. {_ask(renewal, record)}",
            )
        number = self._ledger.begin(renewal, record, step, attempted=ctx.attempted)
        if number is None:
            return Go()  # another run has begun meanwhile: look at the world again
        ctx.own = lambda: not self._leaving.is_set() and self._ledger.owns(renewal, record, number)
        try:
            outcome = step.act(ctx)
        except AnswerLost as error:
            if step.traceless:
                return self._stop(
                    renewal,
                    record,
                    f"{error} Nothing shows whether it went through. {_ask(renewal, record)}",
                )
            raise
        except DatabaseUnreachable:
            raise  # our own database: it says nothing about what the act did
        except Unreachable:
            self._ledger.end(renewal, record, number, "nothing happened")
            raise
        except StepFailed as error:
            return self._stop(renewal, record, str(error), ended=(number, "failed"))
        if isinstance(outcome, Waiting):
            self._ledger.end(renewal, record, number, "waits")
            return self._wait(renewal, record, step, outcome)
        try:
            evidence: Evidence = step.verify(ctx)
        except StepFailed as error:
            return self._stop(renewal, record, str(error), ended=(number, "acted, not verified"))
        seen = _shown({**outcome.output, **evidence})
        self._ledger.finish(renewal, record, step, outcome.output, seen, note="", began=began, acted=True)
        return Go()

    # ---- what can come of it -----------------------------------------------------------------------------------

    def _wait(self, renewal: Renewal, record: StepRecord, step: Step, waiting: Waiting) -> Move:
        if not self._ledger.wait(renewal, record, step, waiting):
            return Go()
        if waiting.seconds > LONG_WAIT:
            self._sessions.close(renewal.id)
        return Wait(waiting.seconds)

    def _unanswered(self, renewal: Renewal, record: StepRecord | None, error: Unreachable) -> Move:
        """Safe to try again: a bounded number of times, further and further apart; then a person decides."""
        tries = self._ledger.count_unanswered(renewal, record)
        if tries > len(BACKOFF):
            minutes = sum(BACKOFF) / 60
            return self._stop(renewal, record, f"{error} It was tried {tries} times over {minutes:.0f} minutes.")
        seconds = BACKOFF[tries - 1]
        then = "Looking at it again" if isinstance(error, AnswerLost) else "Trying again"
        self._ledger.wait_for_answer(renewal, record, f"{error} {then} in {seconds:.0f} s.", tries, seconds)
        self._sessions.close(renewal.id)
        return Wait(seconds)

    def _stop(
        self,
        renewal: Renewal,
        record: StepRecord | None,
        reason: str,
        what: What = What.STOPPED,
        *,
        ended: tuple[int, str] | None = None,
    ) -> Move:
        """`ended` is the attempt that failed and its outcome: known only together with the stop, for a process that
        died in between would take the step for one that was never tried."""
        try:
            now = standing(renewal, self._session(renewal))
        except CertrenewError as error:
            now = [f"The nodes could not be read just now: {error}"]
        except Exception:  # a broken adapter must not keep the renewal from stopping
            log.exception("the nodes of renewal %s could not be read", renewal.id)
            now = ["The nodes could not be read just now; the log has the details."]
        self._ledger.stop(renewal, record, reason, now, what, ended=ended)
        self._sessions.close(renewal.id)
        return Go()

    def _bug(self, renewal: Renewal, record: StepRecord | None) -> Move:
        incident = uuid4().hex[:8]
        where = f"step {record.number}" if record else "making the plan anew"
        log.exception("%s of renewal %s failed; incident %s", where, renewal.id, incident)
        became = "The step may or may not have gone through." if record else "Nothing was done."
        sentence = f"Something went wrong inside certrenew (incident {incident}); the log has the details. {became}"
        return self._stop(renewal, record, sentence)

    # ---- what a step is given ------------------------------------------------------------------------------------

    def _context(self, renewal: Renewal, record: StepRecord, memory: Memory) -> Context:
        return Context(
            renewal=renewal,
            clock=self._clock,
            pace=self._pace,
            session_of=lambda: self._session(renewal),
            authority_of=lambda: self._authority(renewal, record),
            pause=self._pause,
            say=lambda text: self._ledger.notice(renewal, text),
            own=lambda: True,
            number=record.number,
            attempted=memory.attempted,
            waiting_since=memory.waiting_since,
            progress=memory.progress,
        )

    def _session(self, renewal: Renewal) -> ClusterSession:
        return self._sessions.of(renewal.id, renewal.plan.cluster)

    def _authority(self, renewal: Renewal, record: StepRecord) -> Authority:
        part = renewal.plan.part_of(record.number)
        name = part.authority
        if not name:
            raise StepFailed(f"No certificate authority takes part in renewing {part.title}. Nothing was done.")
        if name not in self._authorities:
            raise StepFailed(f"Certificate authority {name!r} is not configured any more.")
        return self._authorities[name]


def _ask(renewal: Renewal, record: StepRecord) -> str:
    """What a person does about an act that left no trace; where it must not be left out, doing it twice is harmless."""
    if renewal.plan.why_not_skip(record.number, skipped=renewal.skipped):
        return "Look at the cluster, then retry: it may be done twice, but not left out."
    return "Look at the cluster: if it did, skip this step; if not, retry it."


def _shown(output: Mapping[str, Json]) -> dict[str, Json]:
    """What of an output belongs into the evidence: no certificates in full, no long lists, nothing nested."""
    shown: dict[str, Json] = {}
    for name, value in output.items():
        if isinstance(value, list):
            if len(value) <= LISTED and not any("-----BEGIN" in str(item) for item in value):
                shown[name] = value
        elif not is_packed(value) and "-----BEGIN" not in str(value):
            shown[name] = value
    return shown
