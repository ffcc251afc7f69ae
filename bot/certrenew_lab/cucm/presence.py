"""How IM and Presence nodes and their services hang together."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario import ClusterScenario
from .node import Node
from .service_names import INTERCLUSTER_SYNC, PRESENCE_ENGINE, SIP_PROXY, XCP_PREFIX, XCP_ROUTER
from .services import Event, ServiceBoard, ServiceRefused

_SYNCHRONISED_STORES = ("tomcat-trust", "cup-xmpp-trust")


def tie_presence_nodes(scenario: ClusterScenario, nodes: Sequence[Node]) -> None:
    """Make these IM and Presence nodes hang together: services within a node, trust stores between nodes."""
    for node in nodes:
        _tie_services(scenario, node.services)
        if node.is_database_publisher:
            _share_trust(node, [other for other in nodes if other is not node])


def _share_trust(publisher: Node, others: Sequence[Node]) -> None:
    async def share(service: str, event: Event) -> None:
        # ASSUMPTION A-74: the agent's restart is on record, when exactly the peers have the chain is not.
        if service == INTERCLUSTER_SYNC and event == "started":
            for node in others:
                for name in _SYNCHRONISED_STORES:
                    for certificate in publisher.store.trust[name].files.values():
                        node.store.trust[name].offer(certificate)

    publisher.services.watchers.append(share)


def _tie_services(scenario: ClusterScenario, board: ServiceBoard) -> None:
    """Let a restart of the XCP Router restart the other XCP services, and let high availability spoil restarts."""

    async def follow_the_router(service: str, event: Event) -> None:
        if service != XCP_ROUTER or event != "stopping":
            return
        for other in list(board.services.values()):
            if other.name.startswith(XCP_PREFIX) and other.name != XCP_ROUTER and other.state == "STARTED":
                try:
                    board.start_restart(other.name, XCP_ROUTER)
                except ServiceRefused:
                    continue  # it is restarting already

    def stays_down(service: str) -> bool:
        # ASSUMPTION A-71: on record as something that happens, not as something that always does.
        spoilt = scenario.presence_high_availability and scenario.presence_restarts_stay_down
        return spoilt and (service.startswith(XCP_PREFIX) or service in (SIP_PROXY, PRESENCE_ENGINE))

    board.watchers.append(follow_the_router)
    board.stays_down = stays_down
