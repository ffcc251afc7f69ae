"""How each node of a cluster is reached: addresses, pins, accounts, patience."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from certrenew.cucm.accounts import Account
from certrenew.domain.errors import ConfigError
from certrenew.domain.model import Cluster, Node, PhoneInteraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. A slow node takes more than a minute to its first prompt; a restart takes minutes."""

    connect: float = 15.0
    handshake: float = 30.0
    login: float = 60.0
    first_prompt: float = 90.0
    nudge: float = 6.0
    command: float = 120.0
    certificate: float = 180.0
    restart: float = 900.0
    http: float = 90.0
    paste_nudge: float = 3.0
    quiet: float = 1.0  # how long a prompt must stand still when nothing else proves that it is one
    rate_wait: float = 20.0
    rate_budget: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDialect:
    """What certificate REST requests ask for, where releases and authorities differ."""

    distribution: str = "this-server"
    distributions: Mapping[str, str] = field(default_factory=dict[str, str])  # by purpose, such as multi-server
    multi_server: str = "multi-server"  # the distribution of a request that names several servers
    key_length: int = 2048
    hash_algorithm: str = "sha256"
    alternative_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])  # by purpose
    leaf_only: bool = False  # upload the identity certificate without its chain
    trust_description: str = "Trust Certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAddress:
    """One node: `host` is what is dialled, `node.fqdn` what its certificate must say.

    `ssh_keys` are host keys, each as `ssh-ed25519 AAAA…` or `SHA256:…`. `certificate_pins` are SHA-256 in
    hexadecimal, of the whole HTTPS certificate or of its public key. `ports` moves any other well-known port.
    """

    node: Node
    host: str
    ssh_port: int = 22
    https_port: int = 8443
    rest_port: int = 443
    ssh_keys: tuple[str, ...] = ()
    certificate_pins: tuple[str, ...] = ()
    ports: Mapping[int, int] = field(default_factory=dict[int, int])

    def port(self, well_known: int) -> int:
        """Where the service of a well-known port really listens."""
        return self.ports.get(
            well_known, {22: self.ssh_port, 8443: self.https_port, 443: self.rest_port}.get(well_known, well_known)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """A cluster with everything needed to log in. `platform` is for SSH and REST, `application` for SOAP.

    `phone_interaction_values` says what the values of "Phone Interaction on Certificate Update" mean, where a
    release writes numbers: their meaning is not published, so none is assumed.
    """

    cluster: Cluster
    nodes: tuple[NodeAddress, ...]
    platform: Account
    application: Account
    ca_bundle: Path | None = None
    use_rest: Literal["auto", "never", "always"] = "auto"
    release: str = ""  # a hint such as "12.5": below 14 the certificate REST interface is not looked for
    axl_version: str = "14.0"
    realtime_per_minute: int = 15  # RISPort70 and Control Center together, cluster-wide
    perfmon_per_minute: int = 50
    phone_interaction_values: Mapping[str, PhoneInteraction] = field(default_factory=dict[str, PhoneInteraction])
    rest: RestDialect = field(default_factory=RestDialect)
    timeouts: Timeouts = field(default_factory=Timeouts)

    def address(self, name: str) -> NodeAddress:
        """The address of a node; raises ConfigError when the configuration has none."""
        node = self.cluster.node(name)
        for address in self.nodes:
            if address.node.name == node.name:
                return address
        raise ConfigError(f"{self.cluster.name} lists the node {node.name} but gives no address for it.")

    @property
    def may_have_rest(self) -> bool:
        major = self.release.split(".")[0].strip()
        return self.use_rest != "never" and not (self.use_rest == "auto" and major.isdigit() and int(major) < 14)
