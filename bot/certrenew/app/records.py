"""What every entry of the ledger has in common: who may write it, a second try, and its audit line."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from certrenew.app.context import LostOwnership
from certrenew.app.unit import UnitOfWork, Units
from certrenew.domain.approval import BOT
from certrenew.domain.errors import DatabaseUnreachable
from certrenew.domain.events import Event, What
from certrenew.domain.plan import Json, Step
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal, StepRecord

T = TypeVar("T")

INSIST = 60.0  # seconds; what an act did is written down even if the database goes away in mid-transaction


class Records:
    """The part of the ledger that writes."""

    def __init__(self, *, units: Units, clock: Clock, executor: str, changed: Callable[[str], None]) -> None:
        self._units = units
        self._clock = clock
        self._executor = executor
        self._changed = changed

    def _mine(self, unit: UnitOfWork, renewal: Renewal) -> Renewal:
        """The renewal as it is now, without its steps, locked. Raises LostOwnership when another executor has taken
        it up."""
        fresh = unit.get(renewal.id, steps=False)
        if not unit.owns(renewal.id, self._executor):
            raise LostOwnership
        return fresh

    def _insist(self, work: Callable[[UnitOfWork], T], *, reading: bool = False) -> T:
        """A transaction that is tried again when the database goes away in its midst."""
        deadline = time.monotonic() + INSIST
        while True:
            try:
                with self._units(reading=reading) as unit:
                    return work(unit)
            except DatabaseUnreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _append(self, unit: UnitOfWork, what: What, renewal: Renewal, details: Mapping[str, Json]) -> None:
        unit.append(
            Event(
                what=what,
                actor=BOT.id,
                actor_name=BOT.name,
                renewal=renewal.id,
                cluster=renewal.plan.cluster,
                details=details,
                at=self._clock.now(),
            )
        )


def about(record: StepRecord, step: Step) -> dict[str, Json]:
    """How the audit names a step."""
    return {
        "step": record.number,
        "kind": record.kind,
        "node": record.node,
        "phase": str(step.phase),
        "summary": step.summary(),
    }


def number_of(renewal: Renewal, record: StepRecord | None) -> int:
    found = record or renewal.current
    return found.number if found else 1
