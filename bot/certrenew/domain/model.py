"""The nouns: clusters, nodes, certificates, services, phones. Pure values, read by adapters and never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certrenew.domain.errors import CommandRefused


class Role(StrEnum):
    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"
    PRESENCE_PUBLISHER = "presence-publisher"  # the database publisher of the IM and Presence Service
    PRESENCE_SUBSCRIBER = "presence-subscriber"

    @property
    def presence(self) -> bool:
        """Whether it is a node of the IM and Presence Service: no phones, no CallManager, no AXL there."""
        return self in (Role.PRESENCE_PUBLISHER, Role.PRESENCE_SUBSCRIBER)


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
        """Publisher first, then the subscribers as configured (Cisco 217138), then IM and Presence likewise."""
        return tuple(sorted(self.nodes, key=lambda node: list(Role).index(node.role)))

    @property
    def presence_publisher(self) -> Node | None:
        return next((node for node in self.nodes if node.role is Role.PRESENCE_PUBLISHER), None)

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


@dataclass(frozen=True, slots=True)
class TrustFile:
    """An entry of `<store>-trust`: `store` is spelt without the ending, `file` as the node lists it."""

    store: str
    file: str
    certificate: Certificate


class Kind(StrEnum):
    """What a node holds a certificate for: to prove who it is itself, or to recognise others."""

    IDENTITY = "identity"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Stored:
    """A certificate as a node holds it. `store` is the purpose, or the trust store spelt without "-trust"."""

    kind: Kind
    store: str
    file: str
    pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stock:
    """Everything that a node holds. `problems` are sentences: what it lists but did not show."""

    held: tuple[Stored, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """What a signing request is asked for beyond a node's defaults; empty values leave the choice to the node.

    `multi_server` asks for one request that names all nodes which have this purpose (a "multi-server SAN" request).
    """

    multi_server: bool = False
    key_length: int = 0  # bits: RSA 2048, 3072, 4096; elliptic curve 256, 384
    hash_algorithm: str = ""  # such as "sha256"
    common_name: str = ""
    names: tuple[str, ...] = ()  # further subject alternative names
    organizational_unit: bool = False  # asked for since 14SU1

    @property
    def plain(self) -> bool:
        """Whether the command line, which takes no arguments, can make this request too."""
        return not (self.multi_server or self.key_length or self.hash_algorithm or self.common_name or self.names)


PLAIN = RequestOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usages:
    """What a purpose's certificate must be good for (Security Guide for CUCM 14, key usage table).

    `key` holds `cryptography`'s attribute names of KeyUsage; `extended` holds dotted OIDs.
    """

    key: frozenset[str]
    extended: frozenset[str]
    certificate_authority: bool = False  # CAPF signs phone certificates
    wildcard: bool = False  # the one purpose that federates whole domains


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


@dataclass(frozen=True, slots=True)
class Member:
    """A server as the cluster itself lists it; `address` is its IP address when that is told."""

    name: str
    role: Role
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSnapshot:
    """One node as it was just read. `problems` are sentences: what could not be read, and why."""

    node: Node
    version: str = ""
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    identities: Mapping[str, Certificate] = field(default_factory=dict[str, Certificate])
    pending: frozenset[str] = frozenset()  # purposes with a signing request waiting
    trusted: tuple[TrustFile, ...] = ()  # read only for plans that look at trust stores
    listed: frozenset[str] = frozenset()  # likewise: the serial numbers in its ITL and CTL files
    single_sign_on: bool | None = None  # None: not asked, or not told
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
