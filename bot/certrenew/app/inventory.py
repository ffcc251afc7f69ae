"""Reads a cluster as it is now: the only thing that planning looks at."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from certrenew import x509
from certrenew.certificates import CertificateType
from certrenew.domain.errors import CertrenewError
from certrenew.domain.model import Node, NodeSnapshot, PhoneInteraction, SecurityMode, Service, Snapshot, TrustFile
from certrenew.domain.ports import ClusterSession, NodeSession

READERS = 8
STORES = ("tomcat", "CallManager", "CAPF", "ipsec", "TVS", "Phone-SAST", "cup", "cup-xmpp")


def read_snapshot(session: ClusterSession, kinds: Sequence[CertificateType]) -> Snapshot:
    """All nodes at once, then the cluster's own settings. What cannot be read becomes a problem in words.

    Only what plans for `kinds` look at is read.
    """
    cluster = session.cluster
    with ThreadPoolExecutor(max_workers=min(READERS, len(cluster.nodes))) as pool:
        nodes = tuple(pool.map(lambda node: read_node(session, node, kinds), cluster.nodes))
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


def read_node(session: ClusterSession, node: Node, kinds: Sequence[CertificateType]) -> NodeSnapshot:
    """One node, as far as plans for `kinds` look at it."""
    here = [kind for kind in kinds if kind.where.holds(node)]
    own = [kind.purpose for kind in here if not kind.reads_trust]
    purposes = tuple(dict.fromkeys([*own, *(purpose for kind in here for purpose in kind.reads)]))
    looks_at_trust = any(kind.reads_trust for kind in kinds)
    try:
        found = session.node(node.name)
        stored = found.identities(purposes)
        services = found.services()
        asks_sign_on = any(kind.no_single_sign_on for kind in kinds) and not node.role.presence
        return NodeSnapshot(
            node=node,
            version=found.version(),
            services=services,
            identities={purpose: x509.read_certificate(pem) for purpose, pem in stored.items()},
            pending=found.pending_csrs(),
            trusted=_trusted(found) if looks_at_trust else (),
            listed=_listed(found, services) if looks_at_trust else frozenset(),
            single_sign_on=found.single_sign_on() if asks_sign_on else None,
        )
    except CertrenewError as error:
        return NodeSnapshot(node=node, problems=(str(error),))


def _trusted(found: NodeSession) -> tuple[TrustFile, ...]:
    return tuple(entry for store in STORES for entry in found.trust_files(store))


def _listed(found: NodeSession, services: Mapping[str, Service]) -> frozenset[str]:
    """What the trust lists name that this node hands to phones; a node without TFTP has none."""
    tftp = services.get("Cisco Tftp")
    return found.itl_serials() | found.ctl_serials() if tftp is not None and tftp.active else frozenset()
