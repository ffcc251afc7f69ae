"""Spend a limited number of requests per minute, waiting when they are used up."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager


class Budget:
    """At most `limit` requests in any `period` seconds, shared by every thread of this process.

    Whoever enforces the limit counts a request when it arrives, at some moment before its answer. So a request
    counts here until `period` seconds after its answer: then no delay on the way there can bring two too near.
    """

    def __init__(
        self,
        limit: int,
        period: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = max(1, limit)
        self._period = period
        self._clock = clock
        self._changed = threading.Condition()
        self._under_way = 0
        self._answered: deque[float] = deque()
        self.sleep = sleep

    @contextmanager
    def request(self) -> Iterator[None]:
        """Begins when one more request may be sent; to be left when its answer is there."""
        self._take()
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._answered.append(self._clock())
                self._changed.notify_all()

    def refused(self) -> None:
        """Somebody who enforces the limit refused a request."""

    def _take(self) -> None:
        while True:
            with self._changed:
                now = self._clock()
                while self._answered and now - self._answered[0] >= self._period:
                    self._answered.popleft()
                if len(self._answered) + self._under_way < self._limit:
                    self._under_way += 1
                    return
                if not self._answered:  # all of them are under way
                    self._changed.wait()
                    continue
                wait = self._period - (now - self._answered[0])
            self.sleep(max(wait, 0.01))


class CarefulBudget(Budget):
    """A budget of its own, such as that of one node, until any request of those that have `common` was refused.

    From then on all of them together keep to the common one: the limit may be the whole cluster's after all, or other
    programs use it up.
    """

    def __init__(self, common: "CommonBudget", limit: int, period: float = 60.0) -> None:
        super().__init__(limit, period)
        self._common = common

    @contextmanager
    def request(self) -> Iterator[None]:
        with ExitStack() as taken:
            taken.enter_context(super().request())
            if self._common.in_force:
                taken.enter_context(self._common.request())
            yield

    def refused(self) -> None:
        self._common.in_force = True


class CommonBudget(Budget):
    """What several careful budgets share once it is `in_force`."""

    in_force = False
