"""The nouns: clusters, nodes, certificates, services, phones. Pure values, read by adapters and never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certrenew.domain.errors import CommandRefused


class Role(StrEnum):
    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"


class SecurityMode(StrEnum):
    """The enterprise parameter ClusterSecurityMode: 0 is non-secure, 1 is mixed mode."""

    NON_SECURE = "non-secure"
    MIXED = "mixed"


class PhoneInteraction(StrEnum):
    """The enterprise parameter "Phone Interaction on Certificate Update" (since release 14)."""

    AUTOMATIC = "automatic"  # an upload by itself resets the phones
    MANUAL = "manual"
    UNKNOWN = "unknown"  # its internal name is not published; treat as automatic


@dataclass(frozen=True, slots=True)
class Node:
    """One server of a cluster. `name` is its short host name, `fqdn` the name in its certificates."""

    name: str
    fqdn: str
    role: Role


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster as configured: exactly one publisher, then its subscribers, in restart order."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def publisher(self) -> Node:
        return next(node for node in self.nodes if node.role is Role.PUBLISHER)

    @property
    def in_restart_order(self) -> tuple[Node, ...]:
        """Publisher first, then the subscribers as configured (Cisco 217138)."""
        return (self.publisher, *(node for node in self.nodes if node.role is not Role.PUBLISHER))

    def node(self, name: str) -> Node:
        """The node of that name; raises CommandRefused when there is none."""
        for found in self.nodes:
            if name in (found.name, found.fqdn):
                return found
        raise CommandRefused(f"{self.name} has no node {name!r}; it has {', '.join(n.name for n in self.nodes)}.")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a node stores or serves. `serial` is lower-case hexadecimal, `fingerprint` SHA-256 in hexadecimal."""

    subject: str
    issuer: str
    serial: str
    fingerprint: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str  # such as "RSA 2048" or "EC secp384r1"
    self_signed: bool
    pem: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usages:
    """What a purpose's certificate must be good for (Security Guide for CUCM 14, key usage table).

    `key` holds `cryptography`'s attribute names of KeyUsage; `extended` holds dotted OIDs.
    """

    key: frozenset[str]
    extended: frozenset[str]
    certificate_authority: bool = False  # CAPF signs phone certificates


@dataclass(frozen=True, slots=True)
class Service:
    """A line of `utils service list`: `state` as printed (STARTED, STOPPED, STARTING …), `note` what follows it."""

    name: str
    state: str
    note: str = ""

    @property
    def started(self) -> bool:
        return self.state.upper() in ("STARTED", "RUNNING")

    @property
    def changing(self) -> bool:
        return self.state.upper() in ("STARTING", "STOPPING")

    @property
    def active(self) -> bool:
        """Whether the node is meant to run it: restarts happen only there (Cisco 217138)."""
        return (self.started or self.changing) and "not activated" not in self.note.lower()


@dataclass(frozen=True, slots=True)
class Phone:
    """A configured phone, by device name, with the device pool it is reset with."""

    name: str
    device_pool: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """What RISPort70 says of one phone: `reason` is its StatusReason, `since` the time of that state."""

    phone: str
    status: str
    node: str = ""
    reason: int = 0
    since: datetime | None = None

    @property
    def registered(self) -> bool:
        return self.status.replace(" ", "").lower() in ("registered", "partiallyregistered")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSnapshot:
    """One node as it was just read. `problems` are sentences: what could not be read, and why."""

    node: Node
    version: str = ""
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    identities: Mapping[str, Certificate] = field(default_factory=dict[str, Certificate])
    pending: frozenset[str] = frozenset()  # purposes with a signing request waiting
    problems: tuple[str, ...] = ()

    def runs(self, service: str) -> bool:
        found = self.services.get(service)
        return found is not None and found.active


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A cluster as it was just read: the only thing planning looks at."""

    cluster: Cluster
    nodes: tuple[NodeSnapshot, ...]
    security_mode: SecurityMode = SecurityMode.NON_SECURE
    phone_interaction: PhoneInteraction = PhoneInteraction.UNKNOWN
    device_pools: tuple[str, ...] = ()  # "" stands for the phones that AXL tells without one
    phones: int = 0
    problems: tuple[str, ...] = ()

    def of(self, name: str) -> NodeSnapshot:
        return next(found for found in self.nodes if found.node.name == name)

    @property
    def all_problems(self) -> tuple[str, ...]:
        return self.problems + tuple(problem for node in self.nodes for problem in node.problems)
