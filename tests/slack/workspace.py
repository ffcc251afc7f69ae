"""The lab workspace for tests that block, and the patience to wait for what must come."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from certrenew_lab.slack import LabSlack, Timing, Workspace

CHANNEL = "C0UCCERT01"


class Lab:
    """The lab workspace in a thread of its own, so that blocking callers can be tried against it."""

    def __init__(self, workspace: Workspace | None = None, timing: Timing | None = None) -> None:
        self.slack = LabSlack(workspace or Workspace(), timing or Timing())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @contextmanager
    def running(self, port: int = 0) -> Any:
        self._thread.start()
        self.run(self.slack.start(port=port))
        self.slack.lab.limits.enabled = False
        try:
            yield self
        finally:
            self.run(self.slack.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._loop.close()

    def run(self, work: Any, timeout: float = 10.0) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def act(self, verb: str, *arguments: Any) -> Any:
        """Do in the workspace's own thread what a person or a saboteur does."""
        from certrenew_lab.slack.acting import Acting

        return self.run(getattr(Acting(self.slack.lab), verb)(*arguments))

    def fault(self, name: str, **more: Any) -> None:
        from certrenew_lab.slack.sabotage import Sabotage

        self.run(Sabotage(self.slack.lab).switch({"fault": name, **more}))

    def channel(self, channel: str = CHANNEL) -> list[Any]:
        return self.slack.lab.messages.in_channel(channel)

    def cards(self, channel: str = CHANNEL) -> list[Any]:
        return [message for message in self.channel(channel) if message.thread_ts is None]

    def thread(self, card: Any) -> list[str]:
        return [found.text for found in self.slack.lab.messages.in_thread(card.channel, card.ts)[1:]]

    def notes(self, user: str, channel: str = CHANNEL) -> list[str]:
        return [m.text for m in self.slack.lab.messages.seen_by(user, channel, None) if m.ephemeral]

    def direct(self, user: str) -> list[str]:
        return [m.text for m in self.channel(self.slack.lab.conversations.direct_with(user).id)]

    def calls(self, method: str) -> list[Any]:
        return [call for call in self.slack.lab.journal.calls if call["method"] == method]


def eventually(claim: Callable[[], Any], within: float = 8.0) -> Any:
    """Wait until the claim holds; it must within the time."""
    until = time.monotonic() + within
    while not (found := claim()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)
    return found
