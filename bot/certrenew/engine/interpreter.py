"""The one workflow: it asks the runner for the next move until the renewal is over."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from dbos import DBOS

from certrenew.app.moves import End, Go, Move, Wait
from certrenew.engine.names import TOPIC, WORKFLOW

log = logging.getLogger(__name__)

AFTER_TROUBLE = 5.0  # seconds before asking again when the runner could not even write down what happened

Advance = Callable[[str], Move]


class InFlight:
    """Counts the moves that are being made right now."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self.count += 1
        try:
            yield
        finally:
            with self._lock:
                self.count -= 1


def register(advance: Advance, moves: InFlight) -> None:
    """Register the workflow with DBOS; before launch, once a process.

    Its input is the renewal's id and the digest of its plan. The plan itself lies in the renewal table, where
    nothing can change it, so a thousand waiting workflows do not hold a thousand copies of it.
    """

    def move(renewal: str) -> dict[str, Any]:
        """The recorded step: whatever the runner does is behind it, and no exception ever leaves it."""
        try:
            with moves.one():
                return _as_json(advance(renewal))
        except Exception:
            log.exception("renewal %s could not be advanced; trying again in %.0f s", renewal, AFTER_TROUBLE)
            return {"move": "wait", "seconds": AFTER_TROUBLE}

    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
    async def renew(renewal: str, digest: str) -> str:
        turn = 0
        while True:
            turn += 1
            try:
                found = cast("dict[str, Any]", await DBOS.run_step_async({"name": f"move-{turn}"}, move, renewal))
                match found["move"]:
                    case "end":
                        return digest
                    case "wait":
                        await DBOS.recv_async(TOPIC, timeout_seconds=float(found["seconds"]))
                    case _:
                        await asyncio.sleep(0)
            except Exception:  # an exception that leaves a workflow ends it for ever, with the renewal still open
                log.exception("the engine failed at renewal %s; going on in %.0f s", renewal, AFTER_TROUBLE)
                await asyncio.sleep(AFTER_TROUBLE)


def _as_json(move: Move) -> dict[str, Any]:
    match move:
        case Go():
            return {"move": "go"}
        case Wait(seconds):
            return {"move": "wait", "seconds": seconds}
        case End():
            return {"move": "end"}
