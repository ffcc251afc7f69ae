"""The certificates a cluster has before anything is renewed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ..scenario import ClusterScenario
from . import x509 as certificates
from .authority import LabAuthority, build_request, self_signed
from .certificate_store import Identity
from .node import Node
from .units import Unit
from .x509 import PrivateKey


@dataclass(frozen=True)
class Authorities:
    """The issuer of the tomcat certificates, and the old issuer of the CallManager certificates that expire soon."""

    tomcat: LabAuthority
    old: LabAuthority


class FirstCertificates:
    """Keys are made two at a time, because the lab machine is small."""

    def __init__(self, scenario: ClusterScenario, nodes: Sequence[Node]) -> None:
        self._scenario = scenario
        self._nodes = nodes

    def make(self) -> Authorities:
        """Fill the identity and trust stores of every node."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            keys = {
                (node.name, unit.name): pool.submit(_new_key, unit) for node in self._nodes for unit in node.units()
            }
            authorities = Authorities(
                tomcat=LabAuthority.root("Lab UC Root CA").intermediate("Lab UC Issuing CA"),
                old=LabAuthority.root("Old Lab Root CA").intermediate("Old Lab Issuing CA"),
            )
            for node in self._nodes:
                self._equip(node, authorities, keys)
        return authorities

    def _equip(self, node: Node, authorities: Authorities, keys: dict[tuple[str, str], Future[PrivateKey]]) -> None:
        for unit in node.units():
            issuer = {"tomcat": authorities.tomcat, "CallManager": authorities.old}.get(unit.name)
            key = keys[(node.name, unit.name)].result()
            if unit.name == "ITLRecovery" and not node.is_publisher:
                # 12.5 and later: one ITLRecovery certificate, made by the publisher for all nodes.
                node.store.identities[unit.name] = self._nodes[0].store.identities[unit.name]
            elif issuer:
                for certificate in issuer.chain():
                    node.store.trust_of(unit).offer(certificate)
                days = self._scenario.callmanager_expires_in_days if unit.name == "CallManager" else 300
                request = build_request(unit, key, node.fqdn, default_names(self._scenario, node))
                certificate = issuer.sign(
                    request, days=days, started_days_ago=345 if unit.name == "CallManager" else 65
                )
                node.store.identities[unit.name] = Identity(
                    certificate, key, node.store.trust_of(unit).issuers_of(certificate)
                )
            else:
                certificate = self_signed(unit, key, default_common_name(unit, node), (node.fqdn,))
                node.store.identities[unit.name] = Identity(certificate, key)
                if unit.name in ("ipsec", "CAPF"):
                    # DRS breaks when this entry is deleted.
                    node.store.trust_of(unit).files[f"{node.name}.pem"] = certificate


def default_common_name(unit: Unit, node: Node) -> str:
    """The CN of a single-server certificate; ASSUMPTION A-18 for the EC form."""
    if unit.elliptic:
        return f"{node.name}-EC.{node.domain}"
    return f"CAPF-{node.name}" if unit.name == "CAPF" else node.fqdn


def default_names(scenario: ClusterScenario, node: Node) -> tuple[str, ...]:
    """The SAN of a single-server request: the FQDN and, unless switched off, the parent domain."""
    return (node.fqdn, scenario.domain) if scenario.csr_parent_domain else (node.fqdn,)


def _new_key(unit: Unit) -> PrivateKey:
    return certificates.new_ec_key() if unit.elliptic else certificates.new_rsa_key()
