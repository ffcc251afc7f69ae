"""What can go wrong in a fake: calls that fail, answers that get lost, a bot that dies at a chosen point."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from certrenew.domain.errors import AnswerLost, Unreachable


class Crash(BaseException):
    """The bot died here. Not an Exception: nothing in the bot may catch it."""


@dataclass
class Fault:
    """`error` is raised by the next `times` calls that begin with `call`; `after` says that the call took effect."""

    call: str
    error: BaseException
    times: int
    after: bool


@dataclass
class Trouble:
    """Every call of a fake passes here under a label such as "upload_identity cucm-pub CallManager".

    `calls` are all of them in order, `acts` those that changed something, each as often as it took effect.
    """

    calls: list[str] = field(default_factory=list[str])
    acts: list[str] = field(default_factory=list[str])
    faults: list[Fault] = field(default_factory=list[Fault])
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def fail(self, call: str, error: BaseException, *, times: int = 1) -> None:
        """The next `times` calls that begin with `call` raise `error` and have no effect."""
        self.faults.append(Fault(call, error, times, after=False))

    def silent(self, call: str, *, times: int = 1) -> None:
        """The next `times` calls that begin with `call` get no answer, and nothing happens."""
        self.fail(call, Unreachable(f"No answer to {call}."), times=times)

    def lose_answer(self, call: str) -> None:
        """The next such call takes effect, and its answer is lost."""
        self.faults.append(Fault(call, AnswerLost(f"The answer to {call} was lost."), 1, after=True))

    def lose_request(self, call: str) -> None:
        """The next such call has no effect, but the caller cannot know that."""
        self.fail(call, AnswerLost(f"The answer to {call} was lost."))

    def crash_after(self, call: str) -> None:
        """The bot dies right after the next such call took effect."""
        self.faults.append(Fault(call, Crash(call), 1, after=True))

    def crash_before(self, call: str) -> None:
        self.fail(call, Crash(call))

    @contextmanager
    def call(self, label: str, *, act: bool = False) -> Iterator[None]:
        """Around the body of every call of a fake; one at a time."""
        with self.lock:
            self.calls.append(label)
            self._strike(label, after=False)
            yield
            if act:
                self.acts.append(label)
            self._strike(label, after=True)

    def _strike(self, label: str, *, after: bool) -> None:
        for fault in self.faults:
            if fault.times > 0 and fault.after is after and label.startswith(fault.call):
                fault.times -= 1
                raise fault.error
