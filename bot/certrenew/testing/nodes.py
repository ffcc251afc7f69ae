"""A fake node: what it stores, what it serves, its signing requests and its services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from certrenew import x509
from certrenew.domain.errors import StepFailed
from certrenew.domain.model import PLAIN, Kind, Node, RequestOptions, Role, Stock, Stored, TrustFile
from certrenew.testing.hierarchy import file_name
from certrenew.testing.upkeep import FakeUpkeep

RELEASE = "14.0.1.13900-155"


@dataclass
class FakeService:
    started_at: datetime
    active: bool = True


@dataclass
class FakeNode:
    """The state of a node. Stored is not served: a port shows what was stored when its service last started.

    `ports` and `served` are of certificates that are asked for as RSA, the `elliptic_` ones beside them as elliptic.
    """

    node: Node
    version: str = RELEASE
    stored: dict[str, str] = field(default_factory=dict[str, str])
    served: dict[int, str] = field(default_factory=dict[int, str])
    elliptic_served: dict[int, str] = field(default_factory=dict[int, str])
    trust: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    requests: dict[str, tuple[ec.EllipticCurvePrivateKey, str]] = field(
        default_factory=dict[str, tuple[ec.EllipticCurvePrivateKey, str]]
    )
    services: dict[str, FakeService] = field(default_factory=dict[str, FakeService])
    ports: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])  # (service, purpose)
    elliptic_ports: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    replication_problems: tuple[str, ...] = ()
    trust_list_problems: tuple[str, ...] = ()
    backup_running: bool = False
    single_sign_on: bool = False
    unshown: tuple[str, ...] = ()  # sentences: what this node lists but does not show

    def start(self, service: str, now: datetime) -> None:
        self.services[service] = FakeService(now)
        for ports, served in ((self.ports, self.served), (self.elliptic_ports, self.elliptic_served)):
            for port, (behind, purpose) in ports.items():
                if behind == service:
                    served[port] = self.stored[purpose]

    def presents(self, port: int, *, elliptic: bool = False) -> str | None:
        """What a port shows, whether or not its service runs just now."""
        return (self.elliptic_served if elliptic else self.served).get(port)


class FakeNodeSession(FakeUpkeep):
    """Implements `NodeSession` on the state of a fake cluster."""

    def identity(self, purpose: str) -> str:
        with self._call(f"identity {self._name} {purpose}"):
            if purpose not in self._node.stored:
                raise StepFailed(f"{self._name} stores no {purpose} certificate.")
            return self._node.stored[purpose]

    def identities(self, purposes: Sequence[str]) -> Mapping[str, str]:
        with self._call(f"identities {self._name}"):
            return {purpose: self._node.stored[purpose] for purpose in purposes if purpose in self._node.stored}

    def certificates(self) -> Stock:
        with self._call(f"certificates {self._name}"):
            identities = [Stored(Kind.IDENTITY, name, f"{name}.pem", pem) for name, pem in self._node.stored.items()]
            trusted = [
                Stored(Kind.TRUST, store, file_name(pem), pem)
                for store, held in self._node.trust.items()
                for pem in held
            ]
            return Stock((*identities, *trusted), self._node.unshown)

    # ---- signing requests --------------------------------------------------------------------------------------

    def pending_csrs(self) -> frozenset[str]:
        with self._call(f"pending_csrs {self._name}"):
            return frozenset(self._node.requests)

    def pending_csr(self, purpose: str) -> str | None:
        with self._call(f"pending_csr {self._name} {purpose}"):
            found = self._node.requests.get(purpose)
            return found[1] if found else None

    def generate_csr(self, purpose: str, options: RequestOptions = PLAIN) -> str:
        with self._call(f"generate_csr {self._name} {purpose}", act=True):
            if not options.plain and not self._cluster.rest:
                raise StepFailed(f"{self._name} needs the certificate REST interface for this request.")
            return self._cluster.new_request(self._node, purpose, options)

    def regenerate(self, purpose: str) -> None:
        with self._call(f"regenerate {self._name} {purpose}", act=True):
            if purpose != "ITLRecovery" and (purpose != "CAPF" or self._node.node.role is Role.PUBLISHER):
                raise StepFailed(f"{purpose} of {self._name} is never regenerated.")
            self._cluster.regenerate(self._node, purpose)

    def upload_identity(self, purpose: str, leaf_pem: str, chain_pem: Sequence[str]) -> None:
        with self._call(f"upload_identity {self._name} {purpose}", act=True):
            waiting = self._node.requests.get(purpose)
            if waiting is None or x509.key_hash(waiting[1]) != x509.key_hash(leaf_pem):
                raise StepFailed("CSR SAN and Certificate SAN does not match, or no such request.")
            store = self._cluster.trust_store_of(purpose)
            known = {x509.fingerprint_of(pem) for pem in self._node.trust.get(store, ())}
            if any(x509.fingerprint_of(pem) not in known for pem in chain_pem):
                raise StepFailed("Unable to find issuer certificate in the trust store.")
            del self._node.requests[purpose]
            for node in self._cluster.covered(self._node, purpose, waiting[1]):
                node.stored[purpose] = leaf_pem
            self._cluster.uploaded(purpose)

    # ---- trust stores ------------------------------------------------------------------------------------------

    def trust(self, purpose: str) -> tuple[str, ...]:
        with self._call(f"trust {self._name} {purpose}"):
            return tuple(self._node.trust.get(purpose, ()))

    def upload_trust(self, purpose: str, certificate_pem: str) -> None:
        name = x509.read_certificate(certificate_pem).subject
        with self._call(f"upload_trust {self._name} {purpose} {name}", act=True):
            store = self._node.trust.setdefault(purpose, [])
            if certificate_pem not in store:
                store.append(certificate_pem)

    def trust_files(self, store: str) -> tuple[TrustFile, ...]:
        with self._call(f"trust_files {self._name} {store}"):
            held = self._node.trust.get(store, ())
            return tuple(TrustFile(store, file_name(pem), x509.read_certificate(pem)) for pem in held)

    def delete_trust(self, store: str, file: str) -> None:
        with self._call(f"delete_trust {self._name} {store} {file}", act=True):
            if store == "ipsec" and file.startswith(tuple(self._cluster.nodes)):
                raise StepFailed(f"ipsec-trust/{file} must stay: backup and restore need it.")
            everywhere = self._cluster.deletes_everywhere and store != "ipsec"
            for node in self._cluster.nodes.values() if everywhere else (self._node,):
                node.trust[store] = [pem for pem in node.trust.get(store, ()) if file_name(pem) != file]

    # ---- what is presented -------------------------------------------------------------------------------------

    def served(self, port: int, *, elliptic: bool | None = None) -> str | None:
        with self._call(f"served {self._name} {port}"):
            for chosen in (False, True) if elliptic is None else (elliptic,):
                ports = self._node.elliptic_ports if chosen else self._node.ports
                service, _ = ports.get(port, ("", ""))
                found = self._node.services.get(service)
                if found is not None and self._state(service, found).started:
                    return self._node.presents(port, elliptic=chosen)
            return None
