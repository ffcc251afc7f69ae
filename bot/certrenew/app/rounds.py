"""Reads every cluster once a period, one after another, and says what falls due there."""

import logging
import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from certrenew.app.expiry import Warner
from certrenew.app.stocktaking import Shelf, Stocktaker
from certrenew.app.unit import Units
from certrenew.domain.errors import CertrenewError
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import State

log = logging.getLogger(__name__)

LEASE_NAME = "inventory"
LEASE = 1800.0  # seconds; longer than one cluster takes. Of a replica that died it is freed at once
LOOK = 60.0  # seconds between two looks at whose turn it is
APART = timedelta(minutes=15)  # between two clusters, unless there are too many of them for that


class Rounds:
    """One thread. Of several replicas one makes the rounds, and it reads one cluster at a time."""

    def __init__(
        self,
        *,
        units: Units,
        shelf: Shelf,
        stocktaker: Stocktaker,
        warner: Warner,
        clusters: Collection[str],
        clock: Clock,
        holder: str,
        every: timedelta,
    ) -> None:
        self._units = units
        self._shelf = shelf
        self._stocktaker = stocktaker
        self._warner = warner
        self._clusters = sorted(clusters)
        self._clock = clock
        self._holder = holder
        self._every = every
        self._apart = min(APART, every / max(1, len(clusters)))
        self._unsaid = set(clusters)  # what a process before this one had read, but not said
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="inventory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, *, timeout: float = 0.5) -> None:
        """No new reading begins; one that runs is not waited for longer than `timeout` seconds."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def tick(self) -> str:
        """Read the cluster whose turn it is, if it is anybody's here and now; returns its name or ""."""
        with self._units() as unit:
            if not unit.hold(LEASE_NAME, self._holder, LEASE):
                return ""
        cluster = self._next()
        if cluster:
            for reading in self._stocktaker.read(cluster):
                for problem in reading.problems:
                    log.warning("taking stock of %s: %s", cluster, problem)
            self._unsaid.add(cluster)
        self._say()
        return cluster

    def _say(self) -> None:
        """What a channel does not take now is said later, and keeps nothing from the other channels."""
        for name in sorted(self._unsaid):
            try:
                self._warner.warn(name)
                self._unsaid.discard(name)
            except CertrenewError as error:
                log.warning("what falls due on %s is not said yet: %s", name, error)

    def _next(self) -> str:
        """The cluster that was tried longest ago, if that is long enough; "" when nobody's turn has come."""
        now = self._clock.now()
        tried: dict[str, datetime] = {}
        for state in self._shelf.states():
            if state.cluster in self._clusters:
                tried[state.cluster] = max(state.at, tried.get(state.cluster, state.at))
        if tried and now - max(tried.values()) < self._apart:
            return ""
        due = [
            name
            for name in self._clusters
            if name not in tried or now - tried[name] >= self._every or self._renewed_since(name, tried[name])
        ]
        for name in sorted(due, key=lambda name: (name in tried, tried.get(name, now))):
            if not self._phones_are_moving(name):
                return name
        return ""

    def _renewed_since(self, cluster: str, read: datetime) -> bool:
        """What a renewal has replaced since would go on being told as falling due."""
        with self._units(reading=True) as unit:
            newest = unit.newest(cluster=cluster, limit=1)
        return any(found.released and found.ended_at is not None and found.ended_at > read for found in newest)

    def _phones_are_moving(self, cluster: str) -> bool:
        """A renewal that installs restarts services: the nodes have enough to do, and would answer half."""
        with self._units(reading=True) as unit:
            renewals = unit.open_renewals(cluster=cluster)
        return any(found.released and found.state in (State.RUNNING, State.WAITING) for found in renewals)

    def _walk(self) -> None:
        while not self._stop.wait(LOOK):
            try:
                self.tick()
            except CertrenewError as error:
                log.warning("taking stock: %s", error)
            except Exception:
                log.exception("taking stock failed; it goes on with the next look")
