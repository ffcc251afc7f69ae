"""What is true on the nodes when a renewal stops: what each stores and serves now, as far as it can be read."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass

from certrenew import x509
from certrenew.domain.errors import CertrenewError
from certrenew.domain.plan import Part, Phase, Risk
from certrenew.domain.ports import ClusterSession
from certrenew.domain.renewal import Renewal
from certrenew.steps import ProveServed, ProveStored

PATIENCE = 20.0  # seconds for all nodes together; a stop must be told soon, even when many are away


@dataclass(frozen=True, slots=True)
class Place:
    """Where a renewed certificate belongs. `number` is the step that will prove it, `origin` who asked for it."""

    node: str
    purpose: str
    origin: str
    number: int
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What one node holds of one purpose; `served_new` is what its ports show, empty when none answers."""

    node: str
    purpose: str
    stored_new: bool
    served_new: frozenset[bool]


def standing(renewal: Renewal, session: ClusterSession) -> list[str]:
    """One sentence a node and purpose. Before the installation nothing has to be read: nothing was changed."""
    if renewal.phase is Phase.PREPARE:
        return ["Nothing was uploaded or restarted: every node stores and serves its old certificate."]
    sentences: list[str] = []
    places: list[Place] = []
    for part in renewal.plan.all_parts:
        if renewal.left_out(part):
            sentences.append(f"{part.title} was left out: nothing of it was installed.")
        elif renewal.plan.parts and not renewal.touched(part):
            sentences.append(f"{part.title}: nothing was uploaded or restarted yet.")
        elif found := list(_places(renewal, part)):
            places += found
        else:
            sentences += _changes(renewal, part)
    return [*_read_all(renewal, session, places), *sentences]


def half_done(renewal: Renewal, session: ClusterSession) -> list[Holding]:
    """Where the new certificate is stored and an old one is served. Raises Unreachable or StepFailed."""
    touched = [part for part in renewal.plan.all_parts if renewal.touched(part)]
    known = (place for part in touched for place in _places(renewal, part) if _leaf(renewal, place))
    found = [_read(renewal, session, place) for place in known]
    return [holding for holding in found if holding.stored_new and False in holding.served_new]


def _places(renewal: Renewal, part: Part) -> Iterator[Place]:
    steps = [(number, renewal.plan.steps[number - 1]) for number in part.steps]
    ports = {(step.node, step.purpose): step.ports for _, step in steps if isinstance(step, ProveServed)}
    for number, step in steps:
        if isinstance(step, ProveStored):
            yield Place(step.node, step.purpose, step.origin, number, ports.get((step.node, step.purpose), ()))


def _leaf(renewal: Renewal, place: Place) -> str:
    """The certificate that was issued for this place; empty when none was yet."""
    try:
        return str(renewal.output("leaf", place.origin, number=place.number))
    except KeyError:
        return ""


def _read(renewal: Renewal, session: ClusterSession, place: Place) -> Holding:
    node, leaf = session.node(place.node), _leaf(renewal, place)
    new = x509.fingerprint_of(leaf) if leaf else ""
    stored = x509.fingerprint_of(node.identity(place.purpose)) == new
    shown = (node.served(port) for port in place.ports)
    served = frozenset(x509.fingerprint_of(pem) == new for pem in shown if pem is not None)
    return Holding(place.node, place.purpose, stored, served)


def _read_all(renewal: Renewal, session: ClusterSession, places: list[Place]) -> list[str]:
    several = len({place.purpose for place in places}) > 1

    def told(place: Place) -> str:
        where = f"{place.node} ({place.purpose})" if several else place.node
        try:
            return _sentence(where, _read(renewal, session, place))
        except CertrenewError as error:
            return f"{where} could not be read just now: {error}"

    deadline = time.monotonic() + PATIENCE
    pool = ThreadPoolExecutor(max_workers=8)
    try:
        futures = [(place, pool.submit(told, place)) for place in places]
        sentences: list[str] = []
        for place, future in futures:
            try:
                sentences.append(future.result(timeout=max(0.0, deadline - time.monotonic())))
            except TooLate:
                sentences.append(f"{place.node} could not be read within {PATIENCE:.0f} s.")
        return sentences
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _sentence(where: str, found: Holding) -> str:
    what = "the new certificate" if found.stored_new else "its old certificate"
    if not found.served_new:
        return f"{where} stores {what}; nothing answers on its TLS ports."
    both = len(found.served_new) > 1
    shown = "both, depending on the port" if both else "the new one" if True in found.served_new else "the old one"
    return f"{where} stores {what} and serves {shown}."


def _changes(renewal: Renewal, part: Part) -> Iterator[str]:
    """Of a part that installs no certificate by upload: how many of its changes are done, on record, on each node."""
    nodes: dict[str, list[bool]] = {}
    for record in renewal.records_of(part):
        step = renewal.plan.steps[record.number - 1]
        if step.phase in (Phase.INSTALL, Phase.ACTIVATE) and step.risk is not Risk.READ:
            nodes.setdefault(record.node, []).append(record.over)
    for node, over in nodes.items():
        yield f"{node}: {sum(over)} of {len(over)} changes for {part.title} are done."
