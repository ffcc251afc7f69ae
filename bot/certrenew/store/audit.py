"""Walks the audit chain: verifies it, and writes it out for an auditor."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TextIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.domain.events import GENESIS, Event
from certrenew.store import mapping
from certrenew.store.database import told_kindly
from certrenew.store.rows import AuditRow

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet run a cell
COLUMNS = ("number", "at", "what", "actor", "actor_name", "renewal", "cluster", "details", "previous", "hash")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a walk: `problem` is empty when every row is whole; `head` is the hash of the last good row."""

    rows: int
    head: str
    problem: str = ""
    first_bad: int = 0


def walk(engine: sa.Engine, *, renewal: str = "", after: int = 0) -> Iterator[Event]:
    """Every event in order, a thousand at a time. `renewal` may be the beginning of an id."""
    while True:
        query = sa.select(AuditRow).where(AuditRow.number > after).order_by(AuditRow.number).limit(1000)
        if renewal:
            query = query.where(AuditRow.renewal.startswith(renewal, autoescape=True))
        with told_kindly(engine.url), Session(engine) as session:
            events = [mapping.event_from(row) for row in session.scalars(query)]
        yield from events
        if not events:
            return
        after = events[-1].number


def verify(engine: sa.Engine, *, head: str = "") -> Verdict:
    """Recompute every hash and every link; stops at the first row that does not fit.

    `head` is a hash that was written down elsewhere, such as in the channel: it must be in the chain, which shows that
    nothing was cut off behind it and that the chain was not replaced as a whole.
    """
    previous, number, seen = GENESIS, 0, not head
    for event in walk(engine):
        problem = _problem(event, number + 1, previous)
        if problem:
            return Verdict(number, previous, problem, event.number)
        previous, number = event.hash, event.number
        seen = seen or event.hash == head
    if not seen:
        return Verdict(number, previous, f"no row has the hash {head}: rows were cut off, or the chain was replaced")
    return Verdict(number, previous)


def _problem(event: Event, number: int, previous: str) -> str:
    if event.number != number:
        return f"row {number} is missing: the next one is row {event.number}"
    if event.previous != previous:
        return f"row {event.number} does not follow the row before it: one of them was replaced"
    if event.digest() != event.hash:
        return f"row {event.number} ({event.what}) was changed after it was written"
    return ""


def export_json(events: Iterator[Event], out: TextIO) -> int:
    """JSON Lines: one event a line, with everything that is hashed. Returns how many."""
    count = 0
    for event in events:
        out.write(json.dumps(as_json(event), ensure_ascii=False) + "\n")
        count += 1
    return count


def export_csv(events: Iterator[Event], out: TextIO) -> int:
    """CSV with a header; cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for event in events:
        row = as_json(event)
        writer.writerow([_cell(row[name]) for name in COLUMNS])
        count += 1
    return count


def as_json(event: Event) -> dict[str, object]:
    return {
        "number": event.number,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "what": event.what,
        "actor": event.actor,
        "actor_name": event.actor_name,
        "renewal": event.renewal,
        "cluster": event.cluster,
        "details": dict(event.details),
        "previous": event.previous,
        "hash": event.hash,
    }


def _cell(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return "'" + text if text.startswith(FORMULA) else text
