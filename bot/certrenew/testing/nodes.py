"""A fake node: what it stores, what it serves, its signing requests and its services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from certrenew import x509
from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Kind, Node, Role, SecurityMode, Service, Stock, Stored

if TYPE_CHECKING:
    from certrenew.testing.fakes import FakeCluster

STARTS_IN = 4.0  # seconds from the start of a service until it says STARTED
RELEASE = "14.0.1.13900-155"


@dataclass
class FakeService:
    started_at: datetime
    active: bool = True


@dataclass
class FakeNode:
    """The state of a node. Stored is not served: a port shows what was stored when its service last started."""

    node: Node
    stored: dict[str, str] = field(default_factory=dict[str, str])
    served: dict[int, str] = field(default_factory=dict[int, str])
    trust: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    requests: dict[str, tuple[ec.EllipticCurvePrivateKey, str]] = field(
        default_factory=dict[str, tuple[ec.EllipticCurvePrivateKey, str]]
    )
    services: dict[str, FakeService] = field(default_factory=dict[str, FakeService])
    ports: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])  # (service, purpose)
    replication_problems: tuple[str, ...] = ()
    backup_running: bool = False
    unshown: tuple[str, ...] = ()  # sentences: what this node lists but does not show

    def start(self, service: str, now: datetime) -> None:
        self.services[service] = FakeService(now)
        for port, (behind, purpose) in self.ports.items():
            if behind == service:
                self.served[port] = self.stored[purpose]


class FakeNodeSession:
    """Implements `NodeSession` on the state of a fake cluster."""

    def __init__(self, cluster: "FakeCluster", node: FakeNode) -> None:
        self._cluster = cluster
        self._node = node
        self._name = node.node.name
        self._call = cluster.trouble.call

    def version(self) -> str:
        with self._call(f"version {self._name}"):
            return RELEASE

    def identity(self, purpose: str) -> str:
        with self._call(f"identity {self._name} {purpose}"):
            if purpose not in self._node.stored:
                raise StepFailed(f"{self._name} stores no {purpose} certificate.")
            return self._node.stored[purpose]

    def identities(self, purposes: Sequence[str]) -> Mapping[str, str]:
        with self._call(f"identities {self._name}"):
            return {purpose: self._node.stored[purpose] for purpose in purposes if purpose in self._node.stored}

    def trust(self, purpose: str) -> tuple[str, ...]:
        with self._call(f"trust {self._name} {purpose}"):
            return tuple(self._node.trust.get(purpose, ()))

    def certificates(self) -> Stock:
        with self._call(f"certificates {self._name}"):
            identities = [Stored(Kind.IDENTITY, name, f"{name}.pem", pem) for name, pem in self._node.stored.items()]
            trusted = [
                Stored(Kind.TRUST, store, f"{number}.pem", pem)
                for store, held in self._node.trust.items()
                for number, pem in enumerate(held, 1)
            ]
            return Stock((*identities, *trusted), self._node.unshown)

    def pending_csrs(self) -> frozenset[str]:
        with self._call(f"pending_csrs {self._name}"):
            return frozenset(self._node.requests)

    def pending_csr(self, purpose: str) -> str | None:
        with self._call(f"pending_csr {self._name} {purpose}"):
            found = self._node.requests.get(purpose)
            return found[1] if found else None

    def generate_csr(self, purpose: str) -> str:
        with self._call(f"generate_csr {self._name} {purpose}", act=True):
            return self._cluster.new_request(self._node, purpose)

    def upload_trust(self, purpose: str, certificate_pem: str) -> None:
        name = x509.read_certificate(certificate_pem).subject
        with self._call(f"upload_trust {self._name} {purpose} {name}", act=True):
            store = self._node.trust.setdefault(purpose, [])
            if certificate_pem not in store:
                store.append(certificate_pem)

    def upload_identity(self, purpose: str, leaf_pem: str, chain_pem: Sequence[str]) -> None:
        with self._call(f"upload_identity {self._name} {purpose}", act=True):
            waiting = self._node.requests.get(purpose)
            if waiting is None or x509.key_hash(waiting[1]) != x509.key_hash(leaf_pem):
                raise StepFailed("CSR SAN and Certificate SAN does not match, or no such request.")
            known = {x509.fingerprint_of(pem) for pem in self._node.trust.get(purpose, ())}
            if any(x509.fingerprint_of(pem) not in known for pem in chain_pem):
                raise StepFailed("Unable to find issuer certificate in the trust store.")
            del self._node.requests[purpose]
            self._node.stored[purpose] = leaf_pem
            self._cluster.uploaded()

    def services(self) -> Mapping[str, Service]:
        with self._call(f"services {self._name}"):
            return {name: self._state(name, service) for name, service in self._node.services.items()}

    def restart(self, service: str) -> None:
        with self._call(f"restart {self._name} {service}", act=True):
            if service not in self._node.services:
                raise StepFailed(f"{self._name} has no service {service!r}.")
            self._node.start(service, self._cluster.clock.now())
            self._cluster.restarted(self._name, service)

    def running_for(self, service: str) -> float | None:
        with self._call(f"running_for {self._name} {service}"):
            found = self._node.services[service]
            if not self._state(service, found).started:
                return None
            return (self._cluster.clock.now() - found.started_at).total_seconds()

    def served(self, port: int) -> str | None:
        with self._call(f"served {self._name} {port}"):
            service, _ = self._node.ports.get(port, ("", ""))
            if service not in self._node.services or not self._state(service, self._node.services[service]).started:
                return None
            return self._node.served.get(port)

    def registered_phones(self) -> int:
        with self._call(f"registered_phones {self._name}"):
            return self._cluster.phones.on(self._name)

    def replication_problems(self) -> tuple[str, ...]:
        with self._call(f"replication_problems {self._name}"):
            return self._node.replication_problems

    def backup_running(self) -> bool:
        with self._call(f"backup_running {self._name}"):
            return self._node.backup_running

    def ctl_serials(self) -> frozenset[str]:
        with self._call(f"ctl_serials {self._name}"):
            return frozenset(self._cluster.ctl)

    def privilege_problems(self) -> tuple[str, ...]:
        return ()

    def ctl_problems(self) -> tuple[str, ...]:
        with self._call(f"ctl_problems {self._name}"):
            return self._cluster.ctl_problems

    def update_ctl(self) -> None:
        with self._call(f"update_ctl {self._name}", act=True):
            if self._cluster.security_mode is not SecurityMode.MIXED or self._node.node.role is not Role.PUBLISHER:
                raise StepFailed("Command failed: the cluster is not in mixed mode, or this is not the publisher.")
            self._cluster.sign_ctl()

    def _state(self, name: str, service: FakeService) -> Service:
        if not service.active:
            return Service(name, "STOPPED", "Service Not Activated")
        started = self._cluster.clock.now() >= service.started_at + timedelta(seconds=STARTS_IN)
        return Service(name, "STARTED" if started else "STARTING")
