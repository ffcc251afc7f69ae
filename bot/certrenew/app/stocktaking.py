"""Takes stock of a cluster: every certificate of every node, read in parallel and remembered."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from certrenew import x509
from certrenew.app.sessions import Sessions
from certrenew.domain.errors import CertrenewError, DatabaseUnreachable, StepFailed, Unreachable
from certrenew.domain.model import Kind, Node, Stored
from certrenew.domain.ports import Clock, ClusterSession
from certrenew.domain.values import Json

log = logging.getLogger(__name__)

AT_ONCE = 4  # nodes of one cluster that are read at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A certificate where it was found. `serial` and `fingerprint` are hexadecimal, as in `Certificate`."""

    cluster: str
    node: str
    kind: Kind
    store: str  # the purpose of an identity, or the trust store without its ending
    file: str
    subject: str
    issuer: str
    serial: str
    fingerprint: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    self_signed: bool
    seen_at: datetime

    def days_left(self, now: datetime) -> int:
        """Whole days, rounded down: less than 0 once it has expired."""
        return (self.not_after - now).days

    def to_json(self) -> Mapping[str, Json]:
        """As a script reads it; `purpose` is the purpose of an identity, or the trust store's name."""
        return {
            "cluster": self.cluster,
            "node": self.node,
            "kind": str(self.kind),
            "purpose": self.store,
            "file": self.file,
            "serial": self.serial,
            "subject": self.subject,
            "issuer": self.issuer,
            "names": list(self.names),
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "self_signed": self.self_signed,
            "sha256": self.fingerprint,
            "seen_at": self.seen_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReading:
    """What was found on one node. `held` is None when nothing could be read; `problems` are sentences."""

    node: str
    at: datetime
    held: tuple[Holding, ...] | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """When a node was last tried and when it was last read; `problem` is what the last try could not read."""

    cluster: str
    node: str
    at: datetime
    read_at: datetime | None
    problem: str = ""


class Shelf(Protocol):
    """Remembers what was read. Errors: DatabaseUnreachable."""

    def keep(self, cluster: str, readings: Sequence[NodeReading]) -> None:
        """Replace what is known of these nodes; one that could not be read keeps what was known of it.

        Nodes of the cluster that are not among the readings are forgotten: they are not configured any more.
        """
        ...

    def falling_due(self, before: datetime, *, cluster: str = "") -> Sequence[Holding]:
        """What is not valid any more at `before`, the soonest first."""
        ...

    def states(self, *, cluster: str = "") -> Sequence[NodeState]:
        """Every node that was ever tried."""
        ...


class Stocktaker:
    """Reads clusters. Thread-safe: whoever asks while a cluster is being read waits for that very reading."""

    def __init__(self, *, sessions: Sessions, shelf: Shelf, clock: Clock, at_once: int = AT_ONCE) -> None:
        self._sessions = sessions
        self._shelf = shelf
        self._clock = clock
        self._at_once = at_once
        self._lock = threading.Lock()
        self._running: dict[str, Future[tuple[NodeReading, ...]]] = {}

    def read(self, cluster: str) -> tuple[NodeReading, ...]:
        """All nodes as they are now, with one login each, which are closed after; what was read is remembered.

        Raises CommandRefused when the cluster is not configured. What cannot be read is told in the readings.
        """
        with self._lock:
            running = self._running.get(cluster)
            mine = running is None
            if running is None:
                running = self._running[cluster] = Future()
        if not mine:
            return running.result()
        try:
            found = self._read(cluster)
            running.set_result(found)
            return found
        except BaseException as error:
            running.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._running[cluster]

    def _read(self, cluster: str) -> tuple[NodeReading, ...]:
        session = self._sessions.open(cluster)
        try:
            found = take_stock(session, self._clock, at_once=self._at_once)
        finally:
            session.close()
        try:
            self._shelf.keep(cluster, found)
        except DatabaseUnreachable as error:
            log.warning("what was read of %s is shown, but not remembered: %s", cluster, error)
        return found


def take_stock(session: ClusterSession, clock: Clock, *, at_once: int = AT_ONCE) -> tuple[NodeReading, ...]:
    """Every configured node, at most `at_once` at a time; one that fails loses nothing of the others."""
    nodes = session.cluster.nodes
    with ThreadPoolExecutor(max_workers=max(1, min(at_once, len(nodes)))) as pool:
        return tuple(pool.map(lambda node: read_node(session, node, clock), nodes))


def read_node(session: ClusterSession, node: Node, clock: Clock) -> NodeReading:
    """One node; never raises."""
    at = clock.now()
    try:
        stock = session.node(node.name).certificates()
    except CertrenewError as error:
        return NodeReading(node=node.name, at=at, held=None, problems=(str(error),))
    except Exception:
        log.exception("the certificates of %s could not be read", node.name)
        problem = f"{node.name} could not be read: something went wrong inside certrenew; the log has the details."
        return NodeReading(node=node.name, at=at, held=None, problems=(problem,))
    problems = list(stock.problems)
    held: list[Holding] = []
    for stored in stock.held:
        try:
            held.append(_holding(session.cluster.name, node.name, stored, at))
        except StepFailed as error:
            place = stored.store if stored.kind is Kind.IDENTITY else f"{stored.store}-trust"
            problems.append(f"{node.name} holds {stored.file or 'a certificate'} in {place}: {error}")
    return NodeReading(node=node.name, at=at, held=tuple(held), problems=tuple(problems))


def nothing_read(readings: Sequence[NodeReading]) -> None:
    """Raises Unreachable, with every node's own sentence, when not one of them could be read."""
    if all(reading.held is None for reading in readings):
        raise Unreachable(" ".join(dict.fromkeys(problem for reading in readings for problem in reading.problems)))


def readings_json(readings: Sequence[NodeReading]) -> str:
    """What was just read, for a script: the certificates, and the sentences on what could not be read."""
    certificates = [holding.to_json() for reading in readings for holding in reading.held or ()]
    problems = {reading.node: list(reading.problems) for reading in readings if reading.problems}
    return json.dumps({"certificates": certificates, "problems": problems}, indent=2)


def _holding(cluster: str, node: str, stored: Stored, at: datetime) -> Holding:
    found = x509.read_certificate(stored.pem)
    return Holding(
        cluster=cluster,
        node=node,
        kind=stored.kind,
        store=stored.store,
        file=stored.file,
        subject=found.subject,
        issuer=found.issuer,
        serial=found.serial,
        fingerprint=found.fingerprint,
        names=found.names,
        not_before=found.not_before,
        not_after=found.not_after,
        self_signed=found.self_signed,
        seen_at=at,
    )
