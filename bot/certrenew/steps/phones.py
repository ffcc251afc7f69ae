"""Phones: the baseline, resets, and the wait until they are back."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from certrenew.domain.errors import AnswerLost, Unreachable
from certrenew.domain.packing import packed
from certrenew.domain.plan import (
    Blocked,
    Check,
    Done,
    Evidence,
    Json,
    Outcome,
    Phase,
    Ready,
    Risk,
    Satisfied,
    Step,
    Waiting,
)
from certrenew.domain.ports import StepContext
from certrenew.steps.looking import Looking, seconds_waited
from certrenew.steps.phone_names import (
    allowed_of,
    counts_of,
    names_of,
    sampled,
    still_missing,
    stragglers,
    waiting_for,
)

NAMED_STRAGGLERS = 20
MILESTONES = (0.25, 0.5, 0.75, 0.9)


def count_phones(ctx: StepContext, nodes: Sequence[str]) -> dict[str, int | None]:
    """Registered devices per node, asked of all nodes at once; None for a node that does not answer."""

    def ask(name: str) -> int | None:
        try:
            return ctx.session.node(name).registered_phones()
        except Unreachable:
            return None

    with ThreadPoolExecutor(max_workers=max(1, min(8, len(nodes)))) as pool:
        return dict(zip(nodes, pool.map(ask, nodes), strict=True))


@dataclass(frozen=True, kw_only=True)
class BaselinePhones(Looking):
    """Who is registered before anything changes: what "everybody is back" will be measured against."""

    kind: ClassVar[str] = "baseline_phones"
    phase: ClassVar[Phase] = Phase.PREPARE
    makes: ClassVar[frozenset[str]] = frozenset({"baseline", "phones"})
    nodes: tuple[str, ...]

    def summary(self) -> str:
        return "Count the registered phones on every node, as the baseline"

    def check(self, ctx: StepContext) -> Check:
        counts = count_phones(ctx, self.nodes)
        if silent := [node for node, count in counts.items() if count is None]:
            raise Unreachable(f"{', '.join(silent)} did not answer when asked for its registered phones.")
        configured = [phone.name for phone in ctx.session.phones()]
        known = ctx.session.registrations(configured)
        names = [name for name in configured if name in known and known[name].registered]
        if names and not any(counts.values()):
            return Blocked(
                f"{len(names)} phones are registered by name, but {', '.join(self.nodes) or 'no node'} counts none: the"
                " count cannot be trusted, so nothing would show whether the phones come back. Look at the performance"
                " counters of Cisco CallManager, then retry."
            )
        if configured and not names:
            ctx.notice(
                f"None of the {len(configured)} configured phones is registered now: nothing will show whether this"
                " renewal keeps phones away."
            )
        per_node: dict[str, Json] = dict(counts.items())
        return Satisfied({"baseline": per_node, "phones": packed(names), "configured": len(configured)})


@dataclass(frozen=True, kw_only=True)
class AwaitPhones(Looking):
    """Wait until the phones are registered again, against the baseline; the gate between nodes."""

    kind: ClassVar[str] = "await_phones"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    needs: ClassVar[frozenset[str]] = frozenset({"baseline", "phones"})
    nodes: tuple[str, ...]
    after: str
    settle: bool = False  # after a reset phones look registered for a while before they leave

    def summary(self) -> str:
        return f"Wait until the phones are back after {self.after}"

    def check(self, ctx: StepContext) -> Check:
        total = sum(counts_of(ctx, self.node).values())
        wanted = math.ceil(total * ctx.pace.phones_threshold)
        counts = count_phones(ctx, self.nodes)
        here = sum(count or 0 for count in counts.values())
        silent = [node for node, count in counts.items() if count is None]
        low = _number(ctx.progress.get("low"), total)
        low = low if silent else min(here, low)  # the phones of a node that does not answer have not left for that
        waited = seconds_waited(ctx)
        settled = not self.settle or low < wanted or waited >= ctx.pace.phones_settle
        if here >= wanted and settled and not silent:
            return Satisfied({"registered": here, "before": total, "lowest": low}, note=self._back(here, total, low))
        if waited > ctx.pace.phones_timeout:
            return Blocked(self._given_up(ctx, here, total, waited, silent))
        told = _number(ctx.progress.get("told"), 0) if silent else self._milestone(ctx, here, total, low)
        uncounted = "".join(f"; {node} does not answer, its phones are not counted" for node in silent)
        return Waiting(
            f"{here} of {total} phones are registered{uncounted}",
            ctx.pace.poll_phones if here < wanted else min(ctx.pace.poll_phones, ctx.pace.phones_settle),
            {"low": low, "told": told, "registered": here, "before": total},
        )

    def _back(self, here: int, total: int, low: int) -> str:
        if low >= total:
            return f"no phone left after {self.after}"
        return f"{here} of {total} phones are back after {self.after}; the lowest was {low}"

    def _milestone(self, ctx: StepContext, here: int, total: int, low: int) -> int:
        """Tell the channel at a quarter, half, three quarters and nine tenths of those that left, once each."""
        told = _number(ctx.progress.get("told"), 0)
        gone = total - low
        if gone < max(10, total // 50):
            return told
        share = (here - low) / gone
        reached = sum(share >= mark for mark in MILESTONES)
        if reached > told and here < total:
            ctx.notice(f"{here} of {total} phones are registered; they are returning after {self.after}.")
        return max(told, reached)

    def _given_up(self, ctx: StepContext, here: int, total: int, waited: float, silent: Sequence[str]) -> str:
        try:
            missing = stragglers(ctx, names_of(ctx, self.node))
        except Unreachable:
            missing = []
        shown = "; ".join(f"{phone} ({why})" for phone, why in missing[:NAMED_STRAGGLERS])
        more = f" and {len(missing) - NAMED_STRAGGLERS} more" if len(missing) > NAMED_STRAGGLERS else ""
        named = f" Missing: {shown}{more}." if shown else ""
        named += f" {', '.join(silent)} did not answer, so the phones there are not counted." if silent else ""
        return (
            f"{here} of {total} phones are registered {_spoken(waited)} after {self.after}.{named}"
            " Do not renew another purpose before they are back."
        )


@dataclass(frozen=True, kw_only=True)
class AwaitPhonesAfterUpload(AwaitPhones):
    """The same between two uploads: an upload by itself may reset phones."""

    kind: ClassVar[str] = "await_phones_after_upload"
    phase: ClassVar[Phase] = Phase.INSTALL


@dataclass(frozen=True, kw_only=True)
class ResetPhones(Step):
    """Reset a device pool, so that its phones fetch the new trust list. Nothing on the cluster records a reset
    but the phones themselves, so after a cut-off attempt their registrations are read before anybody is asked."""

    kind: ClassVar[str] = "reset_phones"
    teaches: ClassVar[bool] = True
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.OUTAGE
    traceless: ClassVar[bool] = True
    device_pool: str

    def summary(self) -> str:
        if not self.device_pool:
            return "Reset the phones without a device pool, one by one"
        return f"Reset the phones of device pool {self.device_pool}"

    def check(self, ctx: StepContext) -> Check:
        if ctx.attempted is None:
            return Ready()
        kept = ctx.progress.get("sample")
        names = [str(name) for name in kept] if isinstance(kept, list) else self._sample(ctx)
        known = ctx.session.registrations(names)
        moved = [found for found in known.values() if _moved(found.since, ctx.attempted)]
        if names and len(moved) * 2 > len(names):
            looked_at = f"{len(moved)} of {len(names)} phones that were looked at"
            return Satisfied(note=f"{looked_at} have reset since the attempt that was cut off")
        if (ctx.now - ctx.attempted).total_seconds() < ctx.pace.phones_settle:
            return Waiting(
                "looking whether the phones were reset by the attempt that was cut off",
                ctx.pace.poll_phones,
                {"sample": list(names)},
            )
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        if self.device_pool:
            ctx.guard()
            ctx.session.reset_device_pool(self.device_pool)
        else:
            self._one_by_one(ctx)
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        return {"asked to reset": self.device_pool or "the phones without a device pool"}

    def _sample(self, ctx: StepContext) -> list[str]:
        return sampled([phone.name for phone in ctx.session.phones() if phone.device_pool == self.device_pool])

    @staticmethod
    def _one_by_one(ctx: StepContext) -> None:
        """Once one phone was reset, an answer that does not come no longer means that nothing happened."""
        done = 0
        for phone in ctx.session.phones():
            if phone.device_pool:
                continue
            ctx.guard()
            try:
                ctx.session.reset_phone(phone.name)
            except Unreachable as error:
                if not done:
                    raise
                raise AnswerLost(f"{error} {done} phones were reset before that.") from error
            done += 1


@dataclass(frozen=True, kw_only=True)
class ProvePhones(Looking):
    """The last look: every phone of the baseline by name, and who is missing."""

    kind: ClassVar[str] = "prove_phones"
    settles: ClassVar[bool] = True
    phase: ClassVar[Phase] = Phase.PROVE
    needs: ClassVar[frozenset[str]] = frozenset({"baseline", "phones"})

    def summary(self) -> str:
        return "Compare every phone with the baseline, by name"

    def check(self, ctx: StepContext) -> Check:
        baseline, names = counts_of(ctx, self.node), names_of(ctx, self.node)
        total = len(names) or sum(baseline.values())
        allowed = allowed_of(ctx, total)
        waited = seconds_waited(ctx)
        patient = waited <= ctx.pace.phones_timeout
        if patient and (away := still_missing(ctx, allowed, lambda some: [name for name, _ in stragglers(ctx, some)])):
            return waiting_for(ctx, away, allowed, f"{len(away)} of those that were missing are not back")
        missing = stragglers(ctx, names)
        if not names and total:  # counted, but unknown by name
            here = sum(count or 0 for count in count_phones(ctx, tuple(baseline)).values())
            missing = [("a device without a name", "not counted any more")] * max(0, total - here)
        if len(missing) > allowed:
            if patient:
                away = [phone for phone, _ in missing] if names else []
                return waiting_for(ctx, away, allowed, f"{total - len(missing)} of {total} phones are registered")
            shown = "; ".join(f"{phone}: {why}" for phone, why in missing[:NAMED_STRAGGLERS])
            return Blocked(f"{len(missing)} of {total} phones are not back: {shown}. Retry looks again.")
        listed: list[Json] = [f"{phone}: {why}" for phone, why in missing]
        return Satisfied({"registered": total - len(missing), "baseline": total, "stragglers": listed})


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _number(value: Json, default: int) -> int:
    return value if isinstance(value, int) else default


def _moved(since: datetime | None, attempted: datetime) -> bool:
    return since is not None and since >= attempted.replace(microsecond=0)
