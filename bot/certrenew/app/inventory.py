"""Reads a cluster as it is now: the only thing that planning looks at."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from certrenew import x509
from certrenew.domain.errors import CertrenewError
from certrenew.domain.model import Node, NodeSnapshot, PhoneInteraction, SecurityMode, Snapshot
from certrenew.domain.ports import ClusterSession

READERS = 8


def read_snapshot(session: ClusterSession, purposes: Sequence[str]) -> Snapshot:
    """All nodes at once, then the cluster's own settings. What cannot be read becomes a problem in words."""
    cluster = session.cluster
    with ThreadPoolExecutor(max_workers=min(READERS, len(cluster.nodes))) as pool:
        nodes = tuple(pool.map(lambda node: read_node(session, node, purposes), cluster.nodes))
    problems: list[str] = []
    mode, interaction = SecurityMode.NON_SECURE, PhoneInteraction.UNKNOWN
    pools: tuple[str, ...] = ()
    phones = 0
    try:
        mode = session.security_mode()
        interaction = session.phone_interaction()
        configured = session.phones()
        pools = tuple(sorted({phone.device_pool for phone in configured}, key=lambda pool: (not pool, pool)))
        phones = len(configured)
    except CertrenewError as error:
        problems.append(str(error))
    return Snapshot(
        cluster=cluster,
        nodes=nodes,
        security_mode=mode,
        phone_interaction=interaction,
        device_pools=pools,
        phones=phones,
        problems=tuple(problems),
    )


def read_node(session: ClusterSession, node: Node, purposes: Sequence[str]) -> NodeSnapshot:
    try:
        found = session.node(node.name)
        stored = found.identities(purposes)
        return NodeSnapshot(
            node=node,
            version=found.version(),
            services=found.services(),
            identities={purpose: x509.read_certificate(pem) for purpose, pem in stored.items()},
            pending=found.pending_csrs(),
        )
    except CertrenewError as error:
        return NodeSnapshot(node=node, problems=(str(error),))
