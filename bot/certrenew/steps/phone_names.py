"""The phones of the baseline by name: kept in little space, and asked for no more often than needed.

Of 40,000 phones that is three minutes of all that RISPort70 and Control Center of a cluster may be asked, for anybody.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Registration
from certrenew.domain.packing import packed, unpacked
from certrenew.domain.plan import Waiting
from certrenew.domain.ports import StepContext

REASONS: Mapping[int, str] = {  # StatusReason of RISPort70
    6: "connectivity error",
    8: "reset by itself",
    9: "reset by CallManager",
    10: "unregistered",
    13: "keep-alive timed out",
    14: "configuration does not match",
    15: "CallManager restarted",
    16: "registered twice",
    17: "configuration applied",
    18: "does not respond",
    31: "reset was forced",
    34: "powered off by hand",
}
SAMPLE = 900  # phones; as many as one request may ask for
UNREADABLE = "The recorded baseline of phones is unreadable."


def counts_of(ctx: StepContext, publisher: str) -> dict[str, int]:
    """Registered phones per node, as the newest baseline has them."""
    per_node = ctx.output("baseline", publisher)
    if not isinstance(per_node, dict):
        raise StepFailed(UNREADABLE)
    return {node: count for node, count in per_node.items() if isinstance(count, int)}


def names_of(ctx: StepContext, publisher: str) -> list[str]:
    """The names of the registered phones, as the newest baseline has them."""
    return recorded(ctx, "phones", publisher)


def recorded(ctx: StepContext, name: str, node: str) -> list[str]:
    """The list that a step left as its output `name`, packed or not."""
    try:
        return unpacked(ctx.output(name, node))
    except ValueError as error:
        raise StepFailed(UNREADABLE) from error


def stragglers(ctx: StepContext, names: Sequence[str]) -> list[tuple[str, str]]:
    """(phone, why) for each of `names` that is not registered now, by RISPort70."""
    known = ctx.session.registrations(names)
    missing: list[tuple[str, str]] = []
    for name in names:
        found = known.get(name)
        if found is None:
            missing.append((name, "not known to any node"))
        elif not found.registered:
            missing.append((name, f"{found.status}, {REASONS.get(found.reason, 'reason unknown')} ({found.reason})"))
    return missing


def allowed_of(ctx: StepContext, total: int) -> int:
    """How many of so many phones may stay away."""
    return total - math.ceil(total * ctx.pace.phones_threshold)


def waiting_for(ctx: StepContext, missing: Sequence[str], allowed: int, text: str) -> Waiting:
    """Ask again later; remembers as many of the missing as `still_missing` needs."""
    return Waiting(text, ctx.pace.poll_phones, {"missing": list(missing[: allowed + SAMPLE])})


def still_missing(ctx: StepContext, allowed: int, among: Callable[[Sequence[str]], list[str]]) -> list[str]:
    """Those that this step remembered as missing, and misses still; none when everybody must be looked at again.

    While more of them are away than may be, not all can be back, and nobody else has to be asked for. That they are
    back says nothing of the others: these may have left since.
    """
    before = ctx.progress.get("missing")
    away = among([str(name) for name in before]) if isinstance(before, list) and before else []
    return away if len(away) > allowed else []


def sampled(names: Sequence[str]) -> list[str]:
    """At most as many as one request may ask for, evenly spread: what happened to most of all happened to most of
    these."""
    return list(names[:: max(1, math.ceil(len(names) / SAMPLE))])


def registered_since(ctx: StepContext, publisher: str) -> str:
    """Each registered phone of the baseline with the moment it registered, by the node's own time; packed."""
    known = ctx.session.registrations(names_of(ctx, publisher))
    return packed(_marked(found.phone, found.since) for found in known.values() if found.registered and found.since)


def registered_anew(found: Registration, old: frozenset[str]) -> bool:
    """Whether it registered after `old`, told by the node's own clock alone. Where a node tells no time, being
    registered has to do."""
    return found.registered and (found.since is None or _marked(found.phone, found.since) not in old)


def _marked(phone: str, since: datetime) -> str:
    return f"{phone} {since.isoformat()}"
