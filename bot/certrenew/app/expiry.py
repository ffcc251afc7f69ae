"""What falls due: said once per certificate and threshold, most urgent first, with a way to renew if there is one."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from certrenew.app.campaign import ALL
from certrenew.app.stocktaking import Holding, Shelf
from certrenew.domain.model import Kind
from certrenew.domain.ports import Clock

log = logging.getLogger(__name__)

EXPIRED = -1  # the threshold of what is past its end
TRUST = "trust"  # what stands for a purpose where a certificate is only trusted
NAMED = 8  # certificates that one line of a digest names


@dataclass(frozen=True, slots=True)
class Notice:
    """That a certificate falls due within `threshold` days. `purpose` is `TRUST` for trust certificates."""

    cluster: str
    purpose: str
    fingerprint: str
    threshold: int


class DigestItem(NamedTuple):
    """A line of a digest. `purpose` is what a renewal is asked for by; empty where there is nothing to ask for."""

    line: str
    purpose: str
    cluster: str


class Digest(Protocol):
    """Says in a channel what falls due. Raises Unreachable when it could not: the same is said later."""

    def post(self, channel: str, text: str, items: Sequence[DigestItem]) -> None: ...


class LogDigest:
    """Implements `Digest` where there is no chat: the log is where an operator looks."""

    def post(self, channel: str, text: str, items: Sequence[DigestItem]) -> None:
        for line in (text, *(item.line for item in items)):
            log.warning("%s", line)


class Told(Protocol):
    """Remembers what was said, over restarts. Errors: DatabaseUnreachable."""

    def said(self, cluster: str) -> frozenset[Notice]: ...

    def say(self, notices: Iterable[Notice]) -> None: ...


@dataclass(frozen=True, slots=True)
class Due:
    """One certificate that falls due, with every place where it is held; `purpose` as in `Notice`."""

    purpose: str
    places: tuple[Holding, ...]

    @property
    def first(self) -> Holding:
        return self.places[0]

    @property
    def name(self) -> str:
        return common_name(self.first.subject)

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place.node for place in self.places))

    @property
    def stores(self) -> tuple[str, ...]:
        return tuple(sorted({f"{place.store}-trust" for place in self.places if place.kind is Kind.TRUST}))

    @property
    def where(self) -> str:
        """The nodes; for a trust certificate its stores as well."""
        if self.purpose != TRUST:
            return named(self.nodes)
        stores = ", ".join(self.stores) if len(self.stores) <= 2 else f"{len(self.stores)} stores"
        return f"{stores} of {named(self.nodes)}"


def named(nodes: Sequence[str]) -> str:
    """Few by name, many by number."""
    return ", ".join(nodes) if len(nodes) <= 4 else f"{len(nodes)} nodes"


def alike(dues: Iterable[Due]) -> dict[tuple[str, date, str], list[Due]]:
    """Certificates that one line tells: of one purpose, ending on the same day; trust certificates by their name."""
    found: dict[tuple[str, date, str], list[Due]] = {}
    for due in dues:
        key = (due.purpose, due.first.not_after.date(), due.name + due.where if due.purpose == TRUST else "")
        found.setdefault(key, []).append(due)
    return found


def nodes_of(dues: Iterable[Due]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node for due in dues for node in due.nodes))


def grouped(holdings: Iterable[Holding]) -> tuple[Due, ...]:
    """Each certificate once a cluster and purpose, the soonest to end first.

    A node trusts its own certificate too: such a copy is not told beside the identity.
    """
    found: dict[tuple[str, str, str], list[Holding]] = {}
    held = list(holdings)
    identities = {(one.cluster, one.fingerprint) for one in held if one.kind is Kind.IDENTITY}
    for one in held:
        if one.kind is Kind.TRUST and (one.cluster, one.fingerprint) in identities:
            continue
        purpose = TRUST if one.kind is Kind.TRUST else one.store
        found.setdefault((one.cluster, purpose, one.fingerprint), []).append(one)
    dues = [Due(purpose, tuple(places)) for (_, purpose, _), places in found.items()]
    return tuple(sorted(dues, key=lambda due: (due.first.not_after, due.purpose, due.first.node)))


def left(days: int) -> str:
    """How long a certificate is still valid, in words."""
    if days < 0:
        return f"EXPIRED {_days(-days)} ago"
    return "ends today" if days == 0 else f"{_days(days)} left"


def common_name(subject: str) -> str:
    """The common name in a subject as it is written in a line; the whole subject when there is none."""
    found = re.search(r"(?:^|[,+])CN=((?:\\.|[^,+\\])*)", subject)
    return re.sub(r"\\(.)", r"\1", found[1]) if found and found[1] else subject


def threshold_of(days: int, warn_days: Sequence[int]) -> int | None:
    """The smallest threshold that was crossed; None while none was."""
    if days < 0:
        return EXPIRED
    return min((warn for warn in warn_days if days <= warn), default=None)


class Warner:
    """Says what falls due in the channel of its cluster."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        told: Told,
        digest: Digest,
        channel: Callable[[str], str],
        renewable: Mapping[str, str],
        warn_days: Sequence[int],
        clock: Clock,
    ) -> None:
        """`renewable` maps a purpose, as nodes spell it, to the name by which its renewal is asked for."""
        self._shelf = shelf
        self._told = told
        self._digest = digest
        self._channel = channel
        self._renewable = renewable
        self._warn_days = tuple(sorted(warn_days))
        self._clock = clock

    def warn(self, cluster: str) -> bool:
        """Post what has crossed a threshold since the last time; False when there was nothing to say.

        It is remembered after it was posted: a crash between the two says it twice rather than never.
        """
        now = self._clock.now()
        horizon = now + timedelta(days=max(self._warn_days, default=0) + 1)
        said = self._told.said(cluster)
        fresh: list[tuple[Due, Notice]] = []
        for due in grouped(self._shelf.falling_due(horizon, cluster=cluster)):
            threshold = threshold_of(due.first.days_left(now), self._warn_days)
            if threshold is None:
                continue
            notice = Notice(cluster, due.purpose, due.first.fingerprint, threshold)
            if notice not in said:
                fresh.append((due, notice))
        if not fresh:
            return False
        dues = [due for due, _ in fresh]
        problems = [state.problem for state in self._shelf.states(cluster=cluster) if state.problem]
        text = " ".join((headline(cluster, dues, now), *problems))
        self._digest.post(self._channel(cluster), text, digest_items(cluster, dues, self._renewable, now))
        self._told.say(notice for _, notice in fresh)
        return True


def headline(cluster: str, dues: Sequence[Due], now: datetime) -> str:
    """How many certificates are concerned, and how urgent that is, in one sentence."""
    days = [due.first.days_left(now) for due in dues]
    expired = sum(day < 0 for day in days)
    ahead = len(days) - expired
    told = [f"{_certificates(expired)} {'has' if expired == 1 else 'have'} expired"] if expired else []
    if ahead:
        told.append(f"{_certificates(ahead)} will expire within {_days(max(*days, 1))}")
    return f"{cluster}: {' and '.join(told)}."


def digest_items(cluster: str, dues: Sequence[Due], renewable: Mapping[str, str], now: datetime) -> list[DigestItem]:
    """One line a purpose, the most urgent first; at the end one for all of them, where there are several."""
    by_purpose: dict[str, list[Due]] = {}
    for due in dues:
        by_purpose.setdefault(due.purpose, []).append(due)
    items = [
        DigestItem(_line(cluster, purpose, found, now), renewable.get(purpose, ""), cluster)
        for purpose, found in by_purpose.items()
    ]
    if sum(bool(item.purpose) and item.purpose != TRUST for item in items) > 1:
        items.append(DigestItem("All that an authority signs and that is due, as one plan in safe order", ALL, cluster))
    return items


def _line(cluster: str, purpose: str, dues: Sequence[Due], now: datetime) -> str:
    groups = list(alike(dues).values())
    told = [_told(group, now) for group in groups[:NAMED]]
    if len(groups) > NAMED:
        hint = f" (all of them: certs {cluster} --trust)" if purpose == TRUST else ""
        told.append(f"and {sum(map(len, groups[NAMED:]))} more{hint}")
    return f"{'Trust certificates' if purpose == TRUST else purpose}: {'; '.join(told)}"


def _told(dues: Sequence[Due], now: datetime) -> str:
    due = dues[0]
    when = f"{left(due.first.days_left(now))} ({due.first.not_after:%Y-%m-%d})"
    return f"{due.name} in {due.where} {when}" if due.purpose == TRUST else f"{named(nodes_of(dues))} {when}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _certificates(count: int) -> str:
    return "1 certificate" if count == 1 else f"{count} certificates"
