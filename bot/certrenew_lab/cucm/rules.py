"""The rules of a renewal that whoever works on the cluster must keep; each break is journalled as a `violation`."""

from __future__ import annotations

from typing import Any

from . import sso
from .cluster import Cluster
from .node import Node
from .service_names import CALLMANAGER, CAPF, CTIMANAGER, TFTP, TOMCAT, TVS
from .x509 import fingerprint, is_self_signed

RULES: dict[str, str] = {
    "phones_not_back": "a trust certificate changed before all phones were back from the one before",
    "phones_without_new_list": "a trust certificate changed before all phones knew the one before",
    "restart_before_ctl": "a service was restarted in mixed mode before the CTL listed the new certificates",
    "two_nodes_at_once": "a service was restarted on two nodes at the same time",
    "drs_running": "an ipsec certificate changed while a backup or restore ran",
    "sso_enabled": "a tomcat certificate changed while single sign-on was on",
    "ca_signed_overwritten": "a certificate signed by an authority was replaced by a self-signed one",
    "drs_certificate_deleted": "the ipsec-trust entry that backups need was deleted",
    "capf_trust_deleted_early": "a CAPF certificate was deleted while phones still used certificates issued by it",
    "system_command": "the node was told to restart, shut down or switch its version",
    "parameters_reset": "parameters were set to their defaults",
}

# Never two of these without waiting for the phones in between.
EXCLUSIVE = ("CallManager", "CallManager-ECDSA", "TVS", "ITLRecovery", "CAPF")
CHANGED = ("identity_uploaded", "certificate_regenerated")
_NEED_CTL = (CALLMANAGER, CAPF, TFTP, TVS)
_ONE_AT_A_TIME = (CALLMANAGER, CTIMANAGER, TFTP, TVS, TOMCAT)


def broken(cluster: Cluster, node: str, rule: str, **detail: Any) -> None:
    """Journal one break of a rule."""
    cluster.journal.record(node, "violation", rule=rule, says=RULES[rule], **detail)


def breaks_of_change(cluster: Cluster, node: Node, unit: str) -> list[str]:
    """The rules that changing this certificate now would break; ask before it changes, journal once it has."""
    breaks = []
    if unit == "ipsec" and cluster.backups.running:
        breaks.append("drs_running")
    if unit in ("tomcat", "tomcat-ECDSA") and sso.enabled_on(cluster, node):
        breaks.append("sso_enabled")
    before = _last_exclusive(cluster)
    if unit in EXCLUSIVE and before and before != unit:
        away = [phone for phone in cluster.fleet.missing() if not phone.lost or phone.stranded]
        if away:
            breaks.append("phones_not_back")
        elif _without_new_list(cluster, before):
            breaks.append("phones_without_new_list")
    return breaks


def deletion(cluster: Cluster, node: Node, store: str, file: str) -> None:
    """Judge the deletion of a trust file, before it is gone."""
    if store == "ipsec-trust" and file == f"{node.name}.pem":
        cluster.journal.record(node.name, "trap", what="ipsec-trust host certificate deleted")
        broken(cluster, node.name, "drs_certificate_deleted", file=file)
    mark = fingerprint(node.store.trust[store].files[file])
    if store == "CAPF-trust" and any(phone.lsc == mark for phone in cluster.fleet.phones.values()):
        broken(cluster, node.name, "capf_trust_deleted_early", file=file)


def overwrites_signed(node: Node, unit: str) -> bool:
    """Whether a self-signed certificate would replace one that an authority signed."""
    return not is_self_signed(node.store.identities[unit].certificate)


def watch(cluster: Cluster) -> None:
    """From now on judge every restart that is asked for."""

    def judge(entry: dict[str, Any]) -> None:
        if entry["act"] not in ("service_restarted", "service_stopped"):
            return
        node, service = entry["node"], entry["detail"]["service"]
        if service in _NEED_CTL and not cluster.files.ctl_is_current():
            broken(cluster, node, "restart_before_ctl", service=service)
        if service in _ONE_AT_A_TIME and _moving_elsewhere(cluster, node, service):
            broken(cluster, node, "two_nodes_at_once", service=service)

    cluster.journal.listeners.append(judge)


def _last_exclusive(cluster: Cluster) -> str:
    for entry in reversed(cluster.journal.entries):
        if entry["act"] in CHANGED and entry["detail"]["unit"] in EXCLUSIVE:
            return str(entry["detail"]["unit"])
    return ""


def _without_new_list(cluster: Cluster, unit: str) -> bool:
    if unit not in ("CallManager", "TVS", "ITLRecovery"):
        return False
    stored = {node.store.identities[unit].fingerprint for node in cluster.files.nodes}
    lists = {phone.trust for phone in cluster.fleet.phones.values() if phone.node and phone.trust}
    return any(not stored <= held.certificates_of(unit) for held in lists)


def _moving_elsewhere(cluster: Cluster, node: str, name: str) -> bool:
    for other in cluster.nodes:
        service = other.services.services.get(name)
        if other.name != node and service is not None and service.state in ("STOPPING", "STARTING"):
            return True
    return False
