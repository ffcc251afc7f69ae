"""After the commit: shows every observer the audit events it has not seen, each at its own pace."""

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from certrenew.app.unit import Units
from certrenew.domain.errors import CertrenewError
from certrenew.domain.events import Event

log = logging.getLogger(__name__)

LEASE = 60.0  # seconds; of a replica that died it is freed at once, together with its renewals


class Observer(Protocol):
    """Somebody who is told. `saw` may raise: the same events come again later; a renewal never waits for it."""

    @property
    def name(self) -> str: ...

    def saw(self, events: Sequence[Event]) -> None:
        """Events in order, each shown at least once; `number` tells a repetition."""
        ...

    def tick(self) -> None:
        """Called about every second when nothing is new: time to redraw what changed without an event."""
        ...


class Notifier:
    """One thread an observer. Its place in the audit is kept in the database, so a restart loses nothing."""

    def __init__(self, units: Units, *, holder: str = "embedded", interval: float = 1.0, batch: int = 100) -> None:
        """`holder` names this process: of several replicas only one shows events to an observer at a time."""
        self._units = units
        self._holder = holder
        self._interval = interval
        self._batch = batch
        self._news: list[threading.Event] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, observer: Observer) -> None:
        news = threading.Event()
        self._news.append(news)
        thread = threading.Thread(target=self._watch, args=(observer, news), name=f"observer-{observer.name}")
        thread.daemon = True
        self._threads.append(thread)
        thread.start()

    def nudge(self, _renewal: str = "") -> None:
        """Something was committed in this process: look now instead of at the next interval."""
        for news in self._news:
            news.set()

    def close(self, *, timeout: float = 5.0) -> None:
        self._stop.set()
        self.nudge()
        for thread in self._threads:
            thread.join(timeout)

    def _watch(self, observer: Observer, news: threading.Event) -> None:
        wait = self._interval
        while not self._stop.is_set():
            news.wait(wait)
            news.clear()
            try:
                if self._mine(observer) and not self.show(observer):
                    observer.tick()
                wait = self._interval
            except CertrenewError as error:
                wait = min(wait * 2, 30.0)
                log.warning("observer %s is behind: %s", observer.name, error)
            except Exception:
                wait = min(wait * 2, 30.0)
                log.exception("observer %s failed and will be shown the same events again", observer.name)

    def _mine(self, observer: Observer) -> bool:
        with self._units() as unit:
            return unit.hold(f"observer:{observer.name}", self._holder, LEASE)

    def show(self, observer: Observer) -> int:
        """Show the next batch and move the cursor; returns how many events there were."""
        with self._units(reading=True) as unit:
            events = unit.events(after=unit.cursor(observer.name), limit=self._batch)
        if events:
            observer.saw(events)
            with self._units() as unit:
                unit.set_cursor(observer.name, events[-1].number)
        return len(events)
