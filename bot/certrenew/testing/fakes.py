"""A cluster and a certificate authority in memory, with real certificates and faults at every call."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from certrenew import x509
from certrenew.certificates import CertificateType
from certrenew.domain.model import Cluster, Node, Phone, PhoneInteraction, Registration, Role, SecurityMode
from certrenew.domain.ports import Answer, Issued, Pending, Refused, SigningRequest
from certrenew.testing import hierarchy
from certrenew.testing.clock import FixedClock
from certrenew.testing.nodes import FakeNode, FakeNodeSession
from certrenew.testing.phones import FakePhones
from certrenew.testing.trouble import Crash, Trouble

__all__ = ["Crash", "FakeAuthority", "FakeCluster", "FakeClusterSession", "FixedClock", "Trouble"]

BEHIND: Mapping[int, str] = {  # the service that presents the certificate on a well-known port
    2443: "Cisco CallManager",
    2445: "Cisco Trust Verification Service",
    3804: "Cisco Certificate Authority Proxy Function",
    5061: "Cisco CallManager",
    6972: "Cisco Tftp",
    8443: "Cisco Tomcat",
}


class FakeCluster:
    """Implements `Clusters`: a simulated cluster that holds the certificates of the given types.

    The first node is the publisher. What happened stands in `trouble.calls` and `trouble.acts`; tests reach into
    `nodes`, `phones`, `ctl` and the rest to arrange a cluster, and into `trouble` to break a call.
    """

    def __init__(
        self,
        *types: CertificateType,
        name: str = "lab",
        nodes: Sequence[str] = ("cucm-pub", "cucm-sub1"),
        clock: FixedClock | None = None,
        security_mode: SecurityMode = SecurityMode.NON_SECURE,
        phone_interaction: PhoneInteraction = PhoneInteraction.MANUAL,
        phones: int = 6,
        device_pools: Sequence[str] = ("Default",),
        trouble: Trouble | None = None,
    ) -> None:
        self.clock = clock or FixedClock()
        self.trouble = trouble or Trouble()
        self.types = {kind.purpose: kind for kind in types}
        self.security_mode = security_mode
        self.phone_interaction = phone_interaction
        self.ctl: set[str] = set()
        self.ctl_problems: tuple[str, ...] = ()
        roles = [Role.PUBLISHER, *[Role.SUBSCRIBER] * (len(nodes) - 1)]
        members = (Node(node, f"{node}.example.com", role) for node, role in zip(nodes, roles, strict=True))
        self.cluster = Cluster(name, tuple(members))
        self.nodes = {node.name: self._node(node) for node in self.cluster.nodes}
        self.phones = FakePhones(self.clock)
        for number in range(phones):
            pool = device_pools[number % len(device_pools)]
            self.phones.add(f"SEP{number:012X}", pool, nodes[number % len(nodes)])
        self.sign_ctl()

    def open(self, cluster: Cluster) -> "FakeClusterSession":
        with self.trouble.call(f"open {cluster.name}"):
            return FakeClusterSession(self)

    def _node(self, node: Node) -> FakeNode:
        found = FakeNode(node)
        long_ago = self.clock.now() - timedelta(days=90)
        for purpose, kind in self.types.items():
            key = hierarchy.new_key()
            start = self.clock.now() - timedelta(days=700)
            found.stored[purpose] = hierarchy.self_signed(node.fqdn, key, start=start, days=730)
            services = [restart.service for restart in kind.restarts]
            for port in kind.ports:
                behind = BEHIND.get(port, "")
                found.ports[port] = (behind if behind in services else (services or [kind.runs])[-1], purpose)
            for service in filter(None, [kind.runs, *services]):
                found.start(service, long_ago)
        for service in {service for service, _ in found.ports.values()}:
            found.start(service, long_ago)
        return found

    # ---- what the sessions do ------------------------------------------------------------------------------------

    def new_request(self, node: FakeNode, purpose: str) -> str:
        key = hierarchy.new_key()
        fqdn = node.node.fqdn
        names = (fqdn, "example.com")
        pem = hierarchy.signing_request(fqdn, names, self.types[purpose].usages, key)
        node.requests[purpose] = (key, pem)
        return pem

    def uploaded(self) -> None:
        if self.phone_interaction is not PhoneInteraction.MANUAL:
            self.phones.reset_all()

    def restarted(self, node: str, service: str) -> None:
        """In mixed mode phones do not trust a CallManager whose certificate the CTL does not name."""
        if service != "Cisco CallManager":
            return
        if self.security_mode is SecurityMode.MIXED and not self._in_ctl() <= self.ctl:
            self.phones.stragglers |= {phone.name for phone in self.phones.phones}
        self.phones.node_left(node)

    def sign_ctl(self) -> None:
        self.ctl = self._in_ctl() if self.security_mode is SecurityMode.MIXED else set()

    def _in_ctl(self) -> set[str]:
        return {
            x509.serial_of(node.stored[purpose])
            for node in self.nodes.values()
            for purpose, kind in self.types.items()
            if kind.in_ctl
        }


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

    def reset_device_pool(self, name: str) -> None:
        with self._call(f"reset_device_pool {name}", act=True):
            self._fake.phones.reset_pool(name)

    def reset_phone(self, name: str) -> None:
        with self._call(f"reset_phone {name}", act=True):
            self._fake.phones.reset_phone(name)

    def close(self) -> None:
        with self._call("close"):
            self.closed = True


class FakeAuthority:
    """Implements `Authority`: a root and an issuing authority that sign what is asked, when the test lets them.

    `pending` is how often `collect` answers "not yet"; `refuses` is a reason to refuse everything; `days` is the
    lifetime of what is issued.
    """

    def __init__(
        self,
        *,
        clock: FixedClock | None = None,
        pending: int = 0,
        retry_after: float = 60.0,
        refuses: str = "",
        days: float = 397,
        problems: Iterable[str] = (),
        trouble: Trouble | None = None,
    ) -> None:
        self.clock = clock or FixedClock()
        self.trouble = trouble or Trouble()
        self.pending = pending
        self.retry_after = retry_after
        self.refuses = refuses
        self.days = days
        self.problems = tuple(problems)
        self.orders: dict[str, str] = {}  # key of a request -> reference
        self.issued: dict[str, Issued] = {}  # reference -> answer

    def check(self) -> Sequence[str]:
        with self.trouble.call("check"):
            return self.problems

    def find(self, request: SigningRequest) -> Issued | Pending | None:
        with self.trouble.call(f"find {request.node}"):
            reference = self.orders.get(request.key)
            if reference is None:
                return None
            return self.issued.get(reference) or Pending(reference, self.retry_after)

    def submit(self, request: SigningRequest) -> Answer:
        with self.trouble.call(f"submit {request.node}", act=True):
            if self.refuses:
                return Refused(self.refuses)
            reference = f"order-{len(self.orders) + 1}"
            self.orders[request.key] = reference
            if self.pending > 0:
                return Pending(reference, self.retry_after)
            return self._issue(reference, request)

    def collect(self, reference: str, request: SigningRequest) -> Answer:
        with self.trouble.call(f"collect {request.node}"):
            if self.refuses:
                return Refused(self.refuses)
            if reference in self.issued:
                return self.issued[reference]
            if self.pending > 0:
                self.pending -= 1
                return Pending(reference, self.retry_after, "waits for an officer")
            return self._issue(reference, request)

    def roots(self) -> tuple[str, ...]:
        return (hierarchy.signers()[0].pem,)

    def _issue(self, reference: str, request: SigningRequest) -> Issued:
        _, issuing = hierarchy.signers()
        leaf = hierarchy.issue(request.csr_pem, now=self.clock.now(), days=self.days)
        self.issued[reference] = Issued(leaf, (issuing.pem,), reference)
        return self.issued[reference]
