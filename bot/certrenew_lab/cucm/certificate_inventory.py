"""The certificates of the whole cluster as the database lists them, which the publisher can be asked for."""

from __future__ import annotations

import re

from cryptography import x509

from . import x509 as certificates
from .cluster import Cluster
from .node import Node

INVENTORY_QUERY = re.compile(
    r"select c\.servername, ?tcs\.name, ?dist\.moniker, ?c\.ipv4address, ?c\.certificate from certificate as c "
    r"inner join certificateservicecertificatemap as cscm on c\.pkid ?= ?cscm\.fkcertificate "
    r"inner join typecertificateservice as tcs on cscm\.tkcertificateservice ?= ?tcs\.enum "
    r"inner join typecertificatedistribution as dist on c\.tkcertificatedistribution ?= ?dist\.enum ?;?",
    re.IGNORECASE,
)


def inventory(cluster: Cluster) -> list[dict[str, str]]:
    """One row per certificate and node, identities first; ASSUMPTION A-66 for the names and monikers."""
    rows = []
    for node in cluster.nodes:
        for name, identity in node.store.identities.items():
            rows.append(_row(node, name, _distribution(cluster, name, identity.fingerprint), identity.certificate))
        for store in node.store.trust.values():
            rows += [_row(node, store.name, "trust", held) for held in store.files.values()]
    return rows


def _row(node: Node, name: str, moniker: str, certificate: x509.Certificate) -> dict[str, str]:
    return {
        "servername": node.name,
        "name": name,
        "moniker": moniker,
        "ipv4address": node.address,
        "certificate": certificates.pem(certificate).strip(),
    }


def _distribution(cluster: Cluster, unit_name: str, fingerprint: str) -> str:
    holders = [
        node
        for node in cluster.nodes
        if unit_name in node.store.identities and node.store.identities[unit_name].fingerprint == fingerprint
    ]
    return "multi-server" if len(holders) > 1 else "this-server"
