"""How a multi-server certificate gets from the node that made it to the other nodes it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cryptography import x509

from .certificate_store import Identity
from .clock import LabClock
from .journal import Journal
from .node import Node
from .release import Release
from .service_names import CHANGE_NOTIFICATION
from .units import UNITS, Unit

_RETRY = 1.0


def can_be_multi_server(unit: Unit, release: Release) -> bool:
    """Whether this release offers one certificate for all nodes in this slot."""
    return unit.multi_server and (unit.name != "TVS" or release.has_multi_server_tvs)


def may_ask_for_all(node: Node, unit: Unit) -> bool:
    """Whether the request for all nodes is made on this node (ASSUMPTION A-70)."""
    return node.is_database_publisher and node.presence == (unit.where == "presence")


def covered_nodes(nodes: Sequence[Node], unit_name: str) -> tuple[Node, ...]:
    """The nodes that a multi-server certificate of this slot is for."""
    wanted = UNITS[unit_name]
    return tuple(node for node in nodes if wanted.on(presence=node.presence))


def multi_server_common_name(unit: Unit, node: Node) -> str:
    """The CN of a multi-server certificate when nobody chose another."""
    return f"{node.name}-EC-ms.{node.domain}" if unit.elliptic else f"{node.name}-ms.{node.domain}"


class Distribution:
    """Brings certificates to other nodes in the background, as Cisco Certificate Change Notification does."""

    def __init__(self, clock: LabClock, journal: Journal, seconds: float) -> None:
        self._clock = clock
        self._journal = journal
        self._seconds = seconds
        self._under_way: set[asyncio.Task[None]] = set()

    def send(
        self, targets: Sequence[Node], unit_name: str, identity: Identity, chain: tuple[x509.Certificate, ...]
    ) -> None:
        """Begin to store an identity, with its key and chain, on these nodes."""
        for node in targets:
            task = asyncio.get_running_loop().create_task(self._deliver(node, unit_name, identity, chain))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Forget what is under way, because the lab ends."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(
        self, node: Node, unit_name: str, identity: Identity, chain: tuple[x509.Certificate, ...]
    ) -> None:
        await self._clock.sleep(self._seconds)  # ASSUMPTION A-68
        while node.unreachable or not node.services.started(CHANGE_NOTIFICATION):
            await self._clock.sleep(_RETRY)
        node.store.adopt(unit_name, identity, chain)
        self._journal.record(node.name, "identity_distributed", unit=unit_name, fingerprint=identity.fingerprint)
