"""What the benchmarks of renewals measure with: clocks on ports and on the runner, and the memory of a process."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from certrenew.app.commands import Release
from certrenew.app.moves import Move, Wait
from certrenew.app.runner import Runner
from certrenew.domain.approval import Person
from certrenew.domain.renewal import Renewal, State
from certrenew.wiring.application import Application

ANA = Person("local:ana", "ana")
CARMEN = Person("local:carmen", "carmen")


class Clock:
    """Adds up the time during which at least one call through a port is under way, in whatever thread."""

    def __init__(self) -> None:
        self.inside = 0.0
        self._under_way = 0
        self._since = 0.0
        self._lock = threading.Lock()

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            self._step(1)
            try:
                return call(*arguments, **options)
            finally:
                self._step(-1)

        return run

    def _step(self, change: int) -> None:
        with self._lock:
            now = time.perf_counter()
            if self._under_way:
                self.inside += now - self._since
            self._since = now
            self._under_way += change


class Timed:
    """Any object, with the time spent in its methods added up."""

    def __init__(self, clock: Clock, inner: Any) -> None:
        self._clock, self._inner = clock, inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        if name in ("node", "open"):
            return lambda *arguments: Timed(self._clock, found(*arguments))
        return self._clock.timed(found)


class TimedRunner(Runner):
    """Notes when each move began and ended, and how long it said to wait."""

    moves: list[tuple[float, float, float]] = []

    def advance(self, renewal_id: str) -> Move:
        began = time.perf_counter()
        move = super().advance(renewal_id)
        TimedRunner.moves.append((began, time.perf_counter(), move.seconds if isinstance(move, Wait) else 0.0))
        return move

    @classmethod
    def waited(cls) -> float:
        """Seconds that the bot was told to wait, and not a moment longer."""
        pairs = zip(cls.moves, cls.moves[1:], strict=False)
        return sum(min(wait, later[0] - ended) for (_, ended, wait), later in pairs)


def to_the_end(app: Application, renewal_id: str) -> Renewal:
    """Release as soon as it is asked for."""
    while True:
        with app.store(reading=True) as unit:
            renewal = unit.get(renewal_id)
        if renewal.state.final or renewal.state is State.STOPPED:
            return renewal
        if renewal.gate is not None and renewal.state is State.WAITING and not renewal.released:
            app.service.handle(Release(renewal=renewal_id), CARMEN, key="b3")
        time.sleep(0.2)


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
