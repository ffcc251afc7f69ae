"""Keeps one session per renewal, so that a phase needs one login per node, and closes it when nobody uses it."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from certrenew.domain.errors import CertrenewError, CommandRefused
from certrenew.domain.model import Cluster
from certrenew.domain.ports import Clusters, ClusterSession

log = logging.getLogger(__name__)

IDLE_SECONDS = 120.0  # nodes close idle sessions after 30 minutes; ten sessions are all that they offer


@dataclass
class _Held:
    session: ClusterSession
    used_at: float


class Sessions:
    """Sessions by (renewal, phase); thread-safe. Opening is lazy: nothing logs in before the first question."""

    def __init__(self, clusters: Clusters, inventory: Mapping[str, Cluster]) -> None:
        self._clusters = clusters
        self._inventory = inventory
        self._held: dict[str, _Held] = {}
        self._in_use: set[str] = set()
        self._lock = threading.Lock()

    def cluster(self, name: str) -> Cluster:
        if name not in self._inventory:
            raise CommandRefused(f"Cluster {name!r} is not configured any more; nothing has changed.")
        return self._inventory[name]

    def open(self, cluster: str) -> ClusterSession:
        """A session of the caller's own, to close."""
        return self._clusters.open(self.cluster(cluster))

    def of(self, renewal: str, cluster: str) -> ClusterSession:
        """The session of this renewal, opened if need be."""
        self.close_idle()
        with self._lock:
            held = self._held.get(renewal)
            if held is None:
                held = _Held(self.open(cluster), time.monotonic())
                self._held[renewal] = held
            held.used_at = time.monotonic()
            return held.session

    @contextmanager
    def in_use(self, renewal: str) -> Iterator[None]:
        """While the block runs, the renewal's session is not idle: a restart may take many minutes."""
        with self._lock:
            self._in_use.add(renewal)
        try:
            yield
        finally:
            with self._lock:
                self._in_use.discard(renewal)
                if held := self._held.get(renewal):
                    held.used_at = time.monotonic()

    def close(self, renewal: str) -> None:
        """Close the session of this renewal, if there is one: its phase is over, or it waits."""
        with self._lock:
            held = self._held.pop(renewal, None)
        if held:
            _close(held.session)

    def close_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            idle = {key for key, held in self._held.items() if now - held.used_at > IDLE_SECONDS}
            old = [key for key in idle if key not in self._in_use]
            found = [self._held.pop(key).session for key in old]
        for session in found:
            _close(session)

    def close_all(self) -> None:
        with self._lock:
            found = [held.session for held in self._held.values()]
            self._held.clear()
        for session in found:
            _close(session)


def _close(session: ClusterSession) -> None:
    try:
        session.close()
    except CertrenewError as error:
        log.info("closing a session: %s", error)
