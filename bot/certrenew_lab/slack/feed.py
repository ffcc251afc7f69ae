"""The stream of everything that changes in the workspace, for the page and for scripted tests."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

from certrenew_lab.slack.problems import Json
from certrenew_lab.slack.timing import Clock

REMEMBERED = 5000


class Feed:
    """Numbered changes; a reader may start at any number still remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changes: deque[Json] = deque(maxlen=REMEMBERED)
        self._grown = asyncio.Event()
        self._last = 0
        self._closed = False

    @property
    def last(self) -> int:
        """The number of the newest change, 0 before the first."""
        return self._last

    def publish(self, kind: str, only_for: str | None = None, **content: object) -> None:
        """Record a change; with `only_for` nobody but that user gets to see it."""
        self._last += 1
        change = {"id": self._last, "kind": kind, "time": self._clock(), "only_for": only_for, **content}
        self._changes.append(change)
        self._wake()

    def close(self) -> None:
        """End every reader."""
        self._closed = True
        self._wake()

    async def read(self, after: int, viewer: str | None = None) -> AsyncGenerator[Json, None]:
        """Yield the changes with a number above `after`, as `viewer` may see them, for as long as the feed lives."""
        while not self._closed:
            grown = self._grown
            for change in [change for change in self._changes if change["id"] > after]:
                after = change["id"]
                if viewer is None or change["only_for"] in (None, viewer):
                    yield change
            if after >= self._last and not self._closed:
                await grown.wait()

    async def wait_for(self, wanted: Callable[[Json], bool], after: int = 0, seconds: float = 10.0) -> Json:
        """Return the first change that is `wanted`; raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds):
            async for change in self.read(after):
                if wanted(change):
                    return change
        raise TimeoutError("The feed closed before the change came.")

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()
