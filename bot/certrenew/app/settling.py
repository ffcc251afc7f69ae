"""Whether a cluster has settled: no two trust anchors of phones are changed before the phones are back in between.

While a renewal of a trust anchor is open, and after its end until its phones are known to be back, it holds a lock of
its own in the database. Whoever asks for the next one has the phones looked at, and frees the lock by that; so does
whoever would restart a service that signs what phones trust.
"""

from collections.abc import Sequence

from certrenew import x509
from certrenew.app.context import Context
from certrenew.app.sessions import Sessions
from certrenew.app.standing import half_done
from certrenew.app.unit import Units
from certrenew.domain.approval import Person
from certrenew.domain.errors import CommandRefused, StepFailed
from certrenew.domain.events import Event, What
from certrenew.domain.plan import Plan, Satisfied
from certrenew.domain.ports import Authority, Clock, ClusterSession, Pace
from certrenew.domain.renewal import Renewal
from certrenew.steps import DeleteTrust, ProveTrustLists, RegenerateCertificate, RestartService
from certrenew.steps.phone_names import allowed_of, counts_of, names_of, stragglers
from certrenew.steps.phones import count_phones

NAMED = 5  # phones that a refusal names
SIGNING = ("Cisco Tftp", "Cisco Trust Verification Service")  # started anew, they sign or vouch for what is stored


class NotSettled(CommandRefused):
    """The cluster still bears the marks of an ended renewal; nothing has changed."""


def anchor_of(cluster: str) -> str:
    """What a renewal of a trust anchor holds besides its cluster."""
    return f"trust-anchor:{cluster}"


def resources(plan: Plan) -> list[str]:
    """What a renewal holds while it is open: its cluster with every purpose, and the trust of its phones."""
    return [f"cluster:{plan.cluster}", *([anchor_of(plan.cluster)] if plan.excludes else [])]


def reaches_trust(plan: Plan) -> bool:
    """Whether it changes what phones trust or are known by, or restarts what hands that out (Tftp signs the ITL)."""
    restarts = {step.service for step in plan.steps if isinstance(step, RestartService)}
    unknown = any(isinstance(step, DeleteTrust) and _from_capf(step) for step in plan.steps)
    return bool(plan.excludes) or unknown or not restarts.isdisjoint(SIGNING)


def _from_capf(step: DeleteTrust) -> bool:
    return step.store == "CAPF" or "CN=CAPF-" in step.subject


def kept_by(ended: Renewal) -> list[str]:
    """What a renewal goes on holding after its end."""
    return [] if ended.settled else [anchor_of(ended.plan.cluster)]


class Settling:
    """Looks at the phones of the renewal that keeps others waiting."""

    def __init__(self, *, units: Units, sessions: Sessions, clock: Clock, pace: Pace) -> None:
        self._units = units
        self._sessions = sessions
        self._clock = clock
        self._pace = pace

    def clear(self, plan: Plan, person: Person, *, session: ClusterSession | None = None) -> None:
        """Free the trust anchor of the plan's cluster if an ended renewal holds it and its phones are back.

        Raises NotSettled with what is missing, or Unreachable. An open renewal keeps what it holds.
        """
        if not reaches_trust(plan):
            return
        resource = anchor_of(plan.cluster)
        with self._units(reading=True) as unit:
            holder = unit.holder(resource)
            ended = unit.get(holder) if holder else None
        if ended is None or not ended.state.final:
            return
        seen = self._look(ended, session)
        with self._units() as unit:
            if unit.give_back(resource, ended.id):
                unit.append(
                    Event(
                        what=What.SETTLED,
                        actor=person.id,
                        actor_name=person.name,
                        renewal=ended.id,
                        cluster=plan.cluster,
                        details={"forced": False, "seen": seen},
                        at=self._clock.now(),
                    )
                )

    def claim(self, renewal: Renewal, session: ClusterSession) -> None:
        """Just before it begins: the renewal holds what it must, also one from before there was this lock.

        Raises NotSettled or Unreachable.
        """
        self.clear(renewal.plan, renewal.requester, session=session)
        with self._units() as unit:
            missing = [name for name in resources(renewal.plan) if unit.holder(name) != renewal.id]
            holder = unit.take_locks(missing, renewal.id) if missing else None
        if holder is not None:
            raise NotSettled(f"Renewal {holder[:8]} holds {renewal.plan.cluster} meanwhile. Nothing has changed.")

    def _look(self, ended: Renewal, session: ClusterSession | None) -> str:
        """What shows that the cluster has settled. Raises NotSettled or Unreachable."""
        if session is not None:
            return self._compare(ended, session)
        own = self._sessions.open(ended.plan.cluster)
        try:
            return self._compare(ended, own)
        finally:
            own.close()

    def _compare(self, ended: Renewal, session: ClusterSession) -> str:
        if not ended.readable:
            raise self._refusal(ended, "its plan is of another version of certrenew, so nothing can be compared")
        ctx = self._context(ended, session)
        try:
            stale = half_done(ended, session)
            unlearned = _unlearned(ended, ctx)
            counted = ended.plan.steps[self._baseline(ended) - 1].node
            counts, names = counts_of(ctx, counted), names_of(ctx, counted)
            missing = stragglers(ctx, names)
        except StepFailed as error:
            raise self._refusal(ended, f"what it left behind cannot be read: {error}") from error
        if stale:
            where = ", ".join(f"{found.node} ({found.purpose})" for found in stale)
            raise self._refusal(ended, f"the new certificate is stored, but an old one is served on {where}")
        if unlearned:
            raise self._refusal(ended, unlearned)
        total = len(names) or sum(counts.values())
        if not names and total:  # counted, but unknown by name
            here = sum(found or 0 for found in count_phones(ctx, tuple(counts)).values())
            missing = [("a device without a name", "not counted any more")] * max(0, total - here)
        if len(missing) > allowed_of(ctx, total):
            raise self._refusal(ended, f"{len(missing)} of {total} phones are missing: {_named(missing)}")
        return f"{total - len(missing)} of {total} phones are registered"

    def _baseline(self, ended: Renewal) -> int:
        """The number of the step that counted the phones. Raises NotSettled when none is on record."""
        for record in reversed(ended.steps):
            if record.over and "phones" in record.output and "baseline" in record.output:
                return record.number
        raise self._refusal(ended, "which phones were registered before it is not on record")

    def _refusal(self, ended: Renewal, why: str) -> NotSettled:
        plan = ended.plan
        return NotSettled(
            f"{plan.cluster} has not settled since renewal {ended.short_id} ({plan.title}), which {_ended(ended)}:"
            f" {why.rstrip('.')}. What is asked for now could leave phones that trust nothing. Bring that in order and"
            f" ask again, or an approver answers for it with: settle {ended.short_id} <reason>. Nothing has changed."
        )

    def _context(self, ended: Renewal, session: ClusterSession) -> Context:
        def none() -> Authority:
            raise StepFailed("Looking at phones needs no certificate authority.")

        return Context(
            renewal=ended,
            clock=self._clock,
            pace=self._pace,
            session_of=lambda: session,
            authority_of=none,
            pause=lambda _: None,
            say=lambda _: None,
            own=lambda: False,
        )


def _unlearned(ended: Renewal, ctx: Context) -> str:
    """Why phones do not know who signs their trust lists next, however many of them are registered; empty if they do.

    They go on with the lists that they have until Cisco Tftp starts anew, so no count of phones shows it.
    """
    for part in ended.plan.all_parts:
        steps = [ended.plan.steps[number - 1] for number in part.steps] if ended.touched(part) else []
        for made in (step for step in steps if isinstance(step, RegenerateCertificate)):
            stored = x509.serial_of(ctx.session.node(made.node).identity(made.purpose))
            if stored.lstrip("0") == made.serial.lstrip("0"):
                return ""  # it was never made
        for proof in (step for step in steps if isinstance(step, ProveTrustLists)):
            seen = proof.check(ctx)
            if not isinstance(seen, Satisfied):
                return str(getattr(seen, "reason", "")).rstrip(".")
    return ""


def _ended(ended: Renewal) -> str:
    at = f" at {ended.ended_at:%Y-%m-%d %H:%M} UTC" if ended.ended_at else ""
    return f"{'ended without proving its phones' if ended.state == 'succeeded' else f'was {ended.state}'}{at}"


def _named(missing: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{phone} ({why})" for phone, why in missing[:NAMED])
    return f"{shown}; and {len(missing) - NAMED} more" if len(missing) > NAMED else shown
