"""The truth about the cluster, for tests and demonstrations to compare with what the bot believes."""

from __future__ import annotations

from typing import Any

from . import x509 as certificates
from .cluster import Cluster
from .node import Node


def state(cluster: Cluster) -> dict[str, Any]:
    """Stored and served certificates, services, phones and conditions; JSON-able."""
    fleet = cluster.fleet
    registered = fleet.registered_per_node()
    return {
        "cluster": cluster.scenario.name,
        "lab_seconds": cluster.clock.now(),
        "baseline": fleet.baseline,
        "registered": sum(registered.values()),
        "registered_per_node": registered,
        "missing": [phone.name for phone in fleet.missing()],
        "stragglers": [phone.name for phone in fleet.missing() if phone.lost],
        "stranded": [phone.name for phone in fleet.missing() if phone.stranded],
        "violations": [
            {"at": entry["at"], "node": entry["node"], **entry["detail"]} for entry in cluster.journal.acts("violation")
        ],
        "conditions": vars(cluster.conditions),
        "sso_disabled_on": sorted(cluster.sso_disabled_on),
        "backup_running": cluster.backups.running,
        "itl_signers": {name: certificates.serial(file.signer) for name, file in cluster.files.itl.items()},
        "ctl_signer": certificates.serial(cluster.files.ctl.signer) if cluster.files.ctl else "",
        "parameters": cluster.parameters,
        "parameters_wiped": cluster.parameters_wiped,
        "ctl_serials": [certificates.serial(record.certificate) for record in cluster.files.ctl.records]
        if cluster.files.ctl
        else [],
        "nodes": {node.name: _node(cluster, node) for node in cluster.nodes},
    }


def _node(cluster: Cluster, node: Node) -> dict[str, Any]:
    return {
        "address": node.address,
        "unreachable": node.unreachable,
        "stored": {
            name: {
                "fingerprint": identity.fingerprint,
                "serial": certificates.serial(identity.certificate),
                "issuer": certificates.common_name(identity.certificate.issuer),
                "not_after": identity.certificate.not_valid_after_utc.isoformat(),
            }
            for name, identity in node.store.identities.items()
        },
        "served": {
            name: {
                "port": getattr(cluster.scenario.ports, name),
                "unit": listener.unit,
                "fingerprint": node.served[name].fingerprint,
                "elliptic": node.served_elliptic[name].fingerprint if listener.elliptic else "",
                "up": node.listening(listener),
            }
            for name, listener in node.listeners.items()
        },
        "pending": sorted(node.store.pending),
        "trust": {name: sorted(store.files) for name, store in node.store.trust.items()},
        "services": {
            service.name: {"state": service.state, "note": service.note} for service in node.services.services.values()
        },
    }
