"""Faults that wait: for a lab time, or for the first act of one kind in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .clock import LabClock
from .journal import Journal

Body = Mapping[str, Any]


class Schedule:
    """Keeps what is to happen later; each entry happens once. What fails then is journalled as `fault_failed`."""

    def __init__(self, clock: LabClock, journal: Journal, happen: Callable[[Body], Awaitable[None]]) -> None:
        self._clock = clock
        self._journal = journal
        self._happen = happen
        self._tasks: set[asyncio.Task[None]] = set()
        self.waiting: list[Body] = []
        journal.listeners.append(self._heard)

    async def add(self, body: Body) -> None:
        """Let it happen now, `after_seconds` lab seconds, or at the next act called `at_act` (on `at_node`)."""
        if "after_seconds" in body:
            self.waiting.append(body)
            self._begin(body, float(body["after_seconds"]))
        elif "at_act" in body:
            self.waiting.append(body)
        else:
            await self._happen(body)

    async def close(self) -> None:
        """Forget what has not happened yet."""
        self.waiting.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _heard(self, entry: Mapping[str, Any]) -> None:
        for body in list(self.waiting):
            if body.get("at_act") == entry["act"] and body.get("at_node", entry["node"]) == entry["node"]:
                self._begin(body, 0.0)

    def _begin(self, body: Body, delay: float) -> None:
        if not delay:
            self.waiting.remove(body)
        task = asyncio.get_running_loop().create_task(self._later(body, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _later(self, body: Body, delay: float) -> None:
        if delay:
            await self._clock.sleep(delay)
            self.waiting.remove(body)
        try:
            await self._happen(body)
        except (KeyError, TypeError, ValueError) as problem:
            self._journal.record(str(body.get("node", "")), "fault_failed", kind=body.get("kind"), says=str(problem))
