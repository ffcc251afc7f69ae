"""A cluster in memory, with real certificates and faults at every call; and what else the tests need beside it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from certrenew import x509
from certrenew.certificates import CertificateType, Phones, Where
from certrenew.domain.model import (
    PLAIN,
    Cluster,
    Member,
    Node,
    Phone,
    PhoneInteraction,
    Registration,
    RequestOptions,
    Role,
    SecurityMode,
)
from certrenew.testing import hierarchy
from certrenew.testing.authority import FakeAuthority
from certrenew.testing.clock import FixedClock
from certrenew.testing.nodes import RELEASE, FakeNode, FakeNodeSession
from certrenew.testing.phones import FakePhones
from certrenew.testing.trouble import Crash, Trouble
from certrenew.testing.trust_lists import FakeTrustLists

__all__ = ["Crash", "FakeAuthority", "FakeCluster", "FakeClusterSession", "FixedClock", "Trouble"]

BEHIND: Mapping[int, str] = {  # the service that presents the certificate on a well-known port
    2443: "Cisco CallManager",
    2445: "Cisco Trust Verification Service",
    3804: "Cisco Certificate Authority Proxy Function",
    5061: "Cisco CallManager",
    5062: "Cisco SIP Proxy",
    5222: "Cisco XCP Router",
    5269: "Cisco XCP XMPP Federation Connection Manager",
    6972: "Cisco Tftp",
    8443: "Cisco Tomcat",
}
TFTP, CALLMANAGER = "Cisco Tftp", "Cisco CallManager"
SHARED = "ITLRecovery"  # made on the publisher, stored on every node of CUCM


class FakeCluster:
    """Implements `Clusters`: a simulated cluster that holds the certificates of the given types.

    The first node is the publisher; `presence` nodes of the IM and Presence Service follow. Without `rest` a node
    takes plain signing requests only. What happened stands in `trouble.calls` and `trouble.acts`; tests reach into
    `nodes`, `phones`, `trust_lists`, `backups` and the rest to arrange a cluster, and into `trouble` to break a call.
    """

    def __init__(
        self,
        *types: CertificateType,
        name: str = "lab",
        nodes: Sequence[str] = ("cucm-pub", "cucm-sub1"),
        presence: int = 0,
        clock: FixedClock | None = None,
        security_mode: SecurityMode = SecurityMode.NON_SECURE,
        phone_interaction: PhoneInteraction = PhoneInteraction.MANUAL,
        phones: int = 6,
        device_pools: Sequence[str] = ("Default",),
        rest: bool = True,
        version: str = RELEASE,
        trouble: Trouble | None = None,
    ) -> None:
        self.clock = clock or FixedClock()
        self.trouble = trouble or Trouble()
        self.types = types
        self.security_mode = security_mode
        self.phone_interaction = phone_interaction
        self.rest = rest
        self.version = version
        self.deletes_everywhere = True  # a trust certificate that one node deletes is gone on all
        self.ctl_problems: tuple[str, ...] = ()
        self.backups: list[datetime] = []  # when each ends
        self.cluster = Cluster(name, tuple(_servers(nodes, presence)))
        self.members = tuple(
            Member(node.name, node.role, f"192.0.2.{number}") for number, node in enumerate(self.cluster.nodes, 1)
        )
        self._recovery = self._self_signed(self.cluster.publisher)
        self.nodes = {node.name: self._node(node) for node in self.cluster.nodes}
        self.trust_lists = FakeTrustLists(self.nodes, [kind.purpose for kind in types if kind.in_ctl])
        if security_mode is SecurityMode.MIXED:
            self.trust_lists.write_ctl()
        self.phones = FakePhones(self.clock, self.trust_lists.accepted)
        for number in range(phones):
            pool = device_pools[number % len(device_pools)]
            self.phones.add(f"SEP{number:012X}", pool, nodes[number % len(nodes)])

    def open(self, cluster: Cluster) -> "FakeClusterSession":
        with self.trouble.call(f"open {cluster.name}"):
            return FakeClusterSession(self)

    def _node(self, node: Node) -> FakeNode:
        found = FakeNode(node, version=self.version)
        if any(kind.purpose == SHARED for kind in self.types) and not node.role.presence:
            found.stored[SHARED] = self._recovery
        long_ago = self.clock.now() - timedelta(days=90)
        for kind in self.types:
            if kind.where.holds(node) and not kind.reads_trust:
                found.stored.setdefault(kind.purpose, self._self_signed(node))
                services = [one.service for one in kind.restarts if one.where.holds(node)]
                ports = found.elliptic_ports if kind.elliptic else found.ports
                for port in kind.ports:
                    behind = BEHIND.get(port, "")
                    chosen = behind if behind in services else [kind.runs, *services][-1]
                    ports[port] = (chosen, kind.purpose)
            for service in _services(kind, node):
                found.start(service, long_ago)
        for service, _ in (*found.ports.values(), *found.elliptic_ports.values()):
            if service:
                found.start(service, long_ago)
        return found

    def _self_signed(self, node: Node) -> str:
        start = self.clock.now() - timedelta(days=700)
        return hierarchy.self_signed(node.fqdn, hierarchy.new_key(), start=start, days=730)

    # ---- what the sessions do ------------------------------------------------------------------------------------

    def new_request(self, node: FakeNode, purpose: str, options: RequestOptions = PLAIN) -> str:
        """One key for this node, or for every node that shares a certificate of this purpose with it."""
        kind = self._kind(purpose)
        key = hierarchy.new_key()
        fqdn = node.node.fqdn
        host, _, domain = fqdn.partition(".")
        shared = [other.node.fqdn for other in self._sharing(purpose)] if options.multi_server else [fqdn]
        name = options.common_name or (f"{host}-ms.{domain}" if options.multi_server else fqdn)
        names = tuple(dict.fromkeys((*shared, domain, *options.names)))
        pem = hierarchy.signing_request(name, names, kind.usages_on(node.node), key)
        node.requests[purpose] = (key, pem)
        return pem

    def covered(self, node: FakeNode, purpose: str, csr_pem: str) -> list[FakeNode]:
        """The nodes that get the certificate of this request: those that it names, and the node itself."""
        names = x509.names_of(csr_pem)
        return [node, *(other for other in self._sharing(purpose) if f"DNS:{other.node.fqdn}" in names)]

    def regenerate(self, node: FakeNode, purpose: str) -> None:
        """A new self-signed certificate; the one of ITLRecovery is the same on every node that has it."""
        start = self.clock.now() - timedelta(minutes=5)
        pem = hierarchy.self_signed(f"{purpose}_{node.node.name}", hierarchy.new_key(), start=start, days=7300)
        for other in self.nodes.values() if purpose == SHARED else (node,):
            if purpose in other.stored:
                other.stored[purpose] = pem

    def trust_store_of(self, purpose: str) -> str:
        """The store that CUCM looks into when a certificate of this purpose is uploaded."""
        trust = self._kind(purpose).trust
        return trust[0] if trust else purpose

    def uploaded(self, purpose: str) -> None:
        resets = self._kind(purpose).phones is Phones.RESET_AND_WAIT
        if resets and self.phone_interaction is not PhoneInteraction.MANUAL:
            self.phones.reset_all()

    def restarted(self, node: str, service: str) -> None:
        """In mixed mode phones do not trust a CallManager whose certificate the CTL does not name."""
        if service == TFTP:
            self.trust_lists.write_itl()
        if service != CALLMANAGER:
            return
        unnamed = self.trust_lists.due_in_ctl() - self.trust_lists.ctl.serials
        if self.security_mode is SecurityMode.MIXED and unnamed:
            self.phones.stragglers |= {phone.name for phone in self.phones.phones}
        self.phones.node_left(node)

    def _kind(self, purpose: str) -> CertificateType:
        return next(kind for kind in self.types if kind.purpose == purpose)

    def _sharing(self, purpose: str) -> list[FakeNode]:
        shared_by = self._kind(purpose).shared_by
        return [
            node
            for node in self.nodes.values()
            if shared_by is not None and shared_by.holds(node.node) and purpose in node.stored
        ]


def _servers(nodes: Sequence[str], presence: int) -> Iterator[Node]:
    roles = [Role.PUBLISHER, *[Role.SUBSCRIBER] * (len(nodes) - 1)]
    roles += [Role.PRESENCE_PUBLISHER, *[Role.PRESENCE_SUBSCRIBER] * (presence - 1)][:presence]
    names = [*nodes, *(f"imp{number}" for number in range(1, presence + 1))]
    for name, role in zip(names, roles, strict=True):
        yield Node(name, f"{name}.example.com", role)


def _services(kind: CertificateType, node: Node) -> Iterator[str]:
    """The services of a purpose that run on this node: those of CUCM purposes never on presence nodes."""
    if kind.runs and kind.where.holds(node):
        yield kind.runs
    if kind.phones is Phones.RESET_AND_WAIT and not node.role.presence:
        yield CALLMANAGER  # phones are registered somewhere
    elsewhere = kind.where is Where.PRESENCE
    if kind.where.holds(node) or not (node.role.presence or elsewhere):
        for restart in (restart for runbook in kind.all_runbooks for restart in runbook.restarts):
            if restart.where.holds(node):
                yield restart.service


class FakeClusterSession:
    """Implements `ClusterSession`."""

    def __init__(self, fake: FakeCluster) -> None:
        self._fake = fake
        self._call = fake.trouble.call
        self.closed = False

    @property
    def cluster(self) -> Cluster:
        return self._fake.cluster

    def node(self, name: str) -> FakeNodeSession:
        return FakeNodeSession(self._fake, self._fake.nodes[self.cluster.node(name).name])

    def security_mode(self) -> SecurityMode:
        with self._call("security_mode"):
            return self._fake.security_mode

    def phone_interaction(self) -> PhoneInteraction:
        with self._call("phone_interaction"):
            return self._fake.phone_interaction

    def phones(self) -> tuple[Phone, ...]:
        with self._call("phones"):
            return self._fake.phones.configured()

    def registrations(self, names: Sequence[str]) -> Mapping[str, Registration]:
        with self._call("registrations"):
            found = {name: self._fake.phones.registration(name) for name in names}
            return {name: registration for name, registration in found.items() if registration}

    def members(self) -> tuple[Member, ...]:
        with self._call("members"):
            return self._fake.members

    def reset_device_pool(self, name: str) -> None:
        with self._call(f"reset_device_pool {name}", act=True):
            self._fake.phones.reset_pool(name)

    def reset_phone(self, name: str) -> None:
        with self._call(f"reset_phone {name}", act=True):
            self._fake.phones.reset_phone(name)

    def close(self) -> None:
        with self._call("close"):
            self.closed = True
