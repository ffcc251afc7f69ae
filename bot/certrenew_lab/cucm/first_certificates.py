"""The certificates a cluster has before anything is renewed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from cryptography import x509

from ..scenario import ClusterScenario
from . import x509 as certificates
from .authority import LabAuthority, build_request, self_signed
from .certificate_store import Identity
from .distribution import can_be_multi_server, covered_nodes, may_ask_for_all, multi_server_common_name
from .node import Node
from .units import Unit
from .x509 import PrivateKey

_LIFETIME = 365


@dataclass(frozen=True)
class Authorities:
    """The issuer of the tomcat certificates, and the old issuer of the CallManager certificates that expire soon."""

    tomcat: LabAuthority
    old: LabAuthority

    def issuer_of(self, unit: Unit) -> LabAuthority:
        """Who signed the CA-signed certificates of a slot: the old issuer for CallManager's, else tomcat's."""
        return self.old if unit.trust == "CallManager-trust" else self.tomcat


class FirstCertificates:
    """Keys are made two at a time, because the lab machine is small."""

    def __init__(self, scenario: ClusterScenario, nodes: Sequence[Node]) -> None:
        self._scenario = scenario
        self._nodes = nodes

    def make(self) -> Authorities:
        """Fill the identity and trust stores of every node."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            keys = {
                (node.name, unit.name): pool.submit(_new_key, unit)
                for node in self._nodes
                for unit in node.units()
                if self._makes_own(node, unit)
            }
            authorities = Authorities(
                tomcat=LabAuthority.root("Lab UC Root CA").intermediate("Lab UC Issuing CA"),
                old=LabAuthority.root("Old Lab Root CA").intermediate("Old Lab Issuing CA"),
            )
            for node in sorted(self._nodes, key=lambda node: not node.is_database_publisher):
                self._equip(node, authorities, keys)
        self._add_expired_trust()
        return authorities

    def _equip(self, node: Node, authorities: Authorities, keys: dict[tuple[str, str], Future[PrivateKey]]) -> None:
        for unit in node.units():
            if not self._makes_own(node, unit):
                maker = self._maker(unit)
                for certificate in self._chain(authorities, unit):
                    node.store.trust_of(unit).offer(certificate)
                node.store.identities[unit.name] = maker.store.identities[unit.name]
                continue
            key = keys[(node.name, unit.name)].result()
            if self._signed_by_ca(unit):
                self._install_signed(node, unit, key, authorities)
                continue
            days = self._scenario.expires_in_days.get(unit.name)
            own = self_signed(unit, key, default_common_name(unit, node), (node.fqdn,), days=days)
            node.store.identities[unit.name] = Identity(own, key)
            if unit.name in ("ipsec", "CAPF"):
                # DRS breaks when this entry is deleted.
                node.store.trust_of(unit).files[f"{node.name}.pem"] = own

    def _install_signed(self, node: Node, unit: Unit, key: PrivateKey, authorities: Authorities) -> None:
        for certificate in self._chain(authorities, unit):
            node.store.trust_of(unit).offer(certificate)
        covered: tuple[Node, ...] = (node,)
        common_name = default_common_name(unit, node)
        if self._for_all(unit):
            common_name, covered = multi_server_common_name(unit, node), covered_nodes(self._nodes, unit.name)
        names = default_names(self._scenario, covered)
        days = self._days(unit)
        signed = authorities.issuer_of(unit).sign(
            build_request(unit, key, common_name, names), days=days, started_days_ago=max(0.0, _LIFETIME - days)
        )
        node.store.identities[unit.name] = Identity(signed, key, node.store.trust_of(unit).issuers_of(signed))

    def _chain(self, authorities: Authorities, unit: Unit) -> tuple[x509.Certificate, ...]:
        return authorities.issuer_of(unit).chain() if self._signed_by_ca(unit) else ()

    def _days(self, unit: Unit) -> float:
        soon = self._scenario.callmanager_expires_in_days
        return self._scenario.expires_in_days.get(unit.name, soon if unit.name == "CallManager" else 300)

    def _signed_by_ca(self, unit: Unit) -> bool:
        listed = unit.name in ("tomcat", "CallManager", *self._scenario.ca_signed)
        return unit.ca_signed and (listed or self._for_all(unit))

    def _for_all(self, unit: Unit) -> bool:
        return unit.name in self._scenario.multi_server and can_be_multi_server(unit, self._nodes[0].release)

    def _maker(self, unit: Unit) -> Node:
        """The node whose certificate the others of a shared slot have too."""
        return next(node for node in self._nodes if may_ask_for_all(node, unit))

    def _makes_own(self, node: Node, unit: Unit) -> bool:
        # 12.5 and later: one ITLRecovery certificate, made by the publisher for all nodes.
        return not (unit.name == "ITLRecovery" or self._for_all(unit)) or node is self._maker(unit)

    def _add_expired_trust(self) -> None:
        expired: list[LabAuthority] = []
        for number in range(1, self._scenario.expired_trust + 1):
            # Roots and issuing CAs in turn, as an old hierarchy leaves them behind.
            above = expired[-1] if number % 2 == 0 else None
            expired.append(LabAuthority.expired(f"Expired Lab CA {number}", above))
        for node in self._nodes:
            for store in node.store.trust.values():
                for authority in expired:
                    store.files[store.file_name(authority.certificate)] = authority.certificate


def default_common_name(unit: Unit, node: Node) -> str:
    """The CN of a single-server certificate; ASSUMPTION A-18 for the EC form."""
    if unit.elliptic:
        return f"{node.name}-EC.{node.domain}"
    return f"CAPF-{node.name}" if unit.name == "CAPF" else node.fqdn


def default_names(scenario: ClusterScenario, nodes: Sequence[Node]) -> tuple[str, ...]:
    """The SAN of a request for these nodes: their FQDNs and, unless switched off, the parent domain."""
    own = tuple(node.fqdn for node in nodes)
    return (*own, scenario.domain) if scenario.csr_parent_domain else own


def _new_key(unit: Unit) -> PrivateKey:
    return certificates.new_ec_key() if unit.elliptic else certificates.new_rsa_key()
