"""Spend a limited number of requests per minute, waiting when they are used up."""

import threading
import time
from collections import deque
from collections.abc import Callable


class Budget:
    """At most `limit` requests in any `period` seconds, shared by every thread of this process."""

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
        self._lock = threading.Lock()
        self._spent: deque[float] = deque()
        self.sleep = sleep

    def take(self) -> None:
        """Return when one more request may be sent."""
        while True:
            with self._lock:
                now = self._clock()
                while self._spent and now - self._spent[0] >= self._period:
                    self._spent.popleft()
                if len(self._spent) < self._limit:
                    self._spent.append(now)
                    return
                wait = self._period - (now - self._spent[0])
            self.sleep(max(wait, 0.01))
