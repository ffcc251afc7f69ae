"""What nodes hold and what falls due, as lines that are not wider than a chat shows without wrapping."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from textwrap import wrap

from certrenew.app.expiry import TRUST, Due, alike, common_name, grouped, left, named, nodes_of
from certrenew.app.stocktaking import Holding, NodeReading, NodeState
from certrenew.domain.model import Kind

WIDE = 78  # characters; a code block of Slack wraps soon after
STALE = timedelta(days=1)


def certificate_lines(readings: Sequence[NodeReading], now: datetime, *, cluster: str) -> Iterator[str]:
    """The identities of every node, the soonest to end first, and a summary of what it trusts."""
    for reading in readings:
        yield reading.node
        for problem in reading.problems:
            yield f"  not read: {problem}"
        if reading.held is None:
            continue
        identities = [held for held in reading.held if held.kind is Kind.IDENTITY]
        for held in sorted(identities, key=lambda held: (held.not_after, held.store)):
            signed = "self-signed" if held.self_signed else f"by {common_name(held.issuer)}"
            yield _cut(f"  {_when(held, now)}  {held.store:<18} {signed}")
        yield f"  {_summary(tuple(held for held in reading.held if held.kind is Kind.TRUST), now)}"
    yield f"What is trusted: certs {cluster} --trust. Serial numbers: certrenew certs {cluster} --json."


def trust_lines(readings: Sequence[NodeReading], now: datetime) -> Iterator[str]:
    """Each trust certificate once, the soonest to end first, with the stores and nodes that hold it."""
    for reading in readings:
        for problem in reading.problems:
            yield f"not read: {problem}"
    trusted = [held for reading in readings for held in reading.held or () if held.kind is Kind.TRUST]
    dues = grouped(trusted)
    yield f"{_count(len(dues), 'trust certificate')} in {_count(len(trusted), 'place')}"
    for due in dues:
        yield _cut(f"  {_when(due.first, now)}  {due.name}")
        yield from _below(f"{', '.join(due.stores)} of {named(due.nodes)}")


def expiring_lines(
    holdings: Sequence[Holding],
    states: Sequence[NodeState],
    now: datetime,
    *,
    days: int,
    clusters: Collection[str],
) -> Iterator[str]:
    """What falls due, by cluster, with the time when each was last read."""
    yield f"Ends within {_count(days, 'day')}, as it was last read:"
    for cluster in clusters:
        known = [state for state in states if state.cluster == cluster]
        yield from _age(cluster, known, now)
        dues = grouped(held for held in holdings if held.cluster == cluster)
        for group in alike(dues).values():
            yield from _due(group, now)
        if not dues and any(state.read_at for state in known):
            yield "  nothing"


def expiring_json(
    holdings: Sequence[Holding], states: Sequence[NodeState], now: datetime, *, clusters: Collection[str]
) -> str:
    """The same for a script."""
    read = {
        cluster: {
            state.node: {"read_at": state.read_at.isoformat() if state.read_at else None, "problem": state.problem}
            for state in states
            if state.cluster == cluster
        }
        for cluster in clusters
    }
    found = [{**held.to_json(), "days_left": held.days_left(now)} for held in holdings if held.cluster in clusters]
    return json.dumps({"certificates": found, "nodes": read}, indent=2)


def _age(cluster: str, states: Sequence[NodeState], now: datetime) -> Iterator[str]:
    """When a cluster was read: the oldest of its nodes decides, since what that one holds may have changed since."""
    read = [state.read_at for state in states if state.read_at]
    hint = f"read it now: certs {cluster}"
    if not read:
        yield f"{cluster}: never read; {hint}"
    else:
        oldest = min(read)
        stale = f"; more than a day old, {hint}" if now - oldest > STALE else ""
        yield f"{cluster}: read {oldest:%Y-%m-%d %H:%M} UTC ({ago(now - oldest)}){stale}"
    for state in states:
        if state.problem:
            yield f"  {'partly ' if state.read_at == state.at else ''}not read: {state.problem}"


def _due(dues: Sequence[Due], now: datetime) -> Iterator[str]:
    due = dues[0]
    if due.purpose == TRUST:
        yield _cut(f"  {_when(due.first, now)}  {'trust':<18} {due.name}")
        yield _cut(f"      {due.where}")
    else:
        start, where = f"  {_when(due.first, now)}  {due.purpose:<18}", named(nodes_of(dues))
        if len(start) + 1 + len(where) <= WIDE:
            yield f"{start} {where}"
        else:
            yield start.rstrip()
            yield from _below(where)


def _summary(trusted: Sequence[Holding], now: datetime) -> str:
    if not trusted:
        return "trusts nothing that it tells of"
    expired = sum(held.not_after < now for held in trusted)
    ahead = min((held for held in trusted if held.not_after >= now), key=_end, default=None)
    told = f"{_count(len(trusted), 'trust certificate')}, {expired} expired"
    return f"{told}, the next one {ahead.not_after:%Y-%m-%d}" if ahead else told


def _end(held: Holding) -> datetime:
    return held.not_after


def _when(held: Holding, now: datetime) -> str:
    return f"{held.not_after:%Y-%m-%d}  {left(held.days_left(now)):<20}"


def ago(age: timedelta) -> str:
    """A past moment in words: "just now", "5 minutes ago", "3 hours ago", "4 days ago"."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{_count(minutes, 'minute')} ago"
    hours = minutes // 60
    return f"{_count(hours, 'hour')} ago" if hours < 48 else f"{_count(hours // 24, 'day')} ago"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _below(text: str) -> Iterator[str]:
    """Under the line that it belongs to, in as many lines as it takes."""
    yield from wrap(text, WIDE, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)


def _cut(line: str) -> str:
    return line if len(line) <= WIDE else line[: WIDE - 1] + "…"
