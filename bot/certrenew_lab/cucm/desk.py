"""The certificate acts of a node, one way for every interface: request, upload, trust, regenerate, delete."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from cryptography import x509

from . import rules
from . import x509 as certificates
from .authority import build_request, self_signed
from .certificate_store import EXPIRED, REFUSED, Identity, PendingRequest, UploadRefused, check_readable_limits
from .cluster import Cluster
from .distribution import covered_nodes, may_ask_for_all, multi_server_common_name
from .first_certificates import default_common_name, default_names
from .node import Node
from .trust_store import TrustOutcome
from .units import UNITS
from .web_security import WebSecurity

# Where one deletion may count for the whole cluster.
_DELETED_CLUSTER_WIDE = ("CAPF-trust", "tomcat-trust", "CallManager-trust", "Phone-SAST-trust")


@dataclass(frozen=True)
class RequestOptions:
    """What a caller may choose about a request; empty values mean the node's own defaults."""

    common_name: str = ""
    extra_names: tuple[str, ...] = ()
    organizational_unit: str = ""
    key_length: int = 0
    hash_algorithm: str = ""
    multi_server: bool = False


async def generate_request(
    cluster: Cluster, node: Node, unit_name: str, options: RequestOptions, via: str
) -> x509.CertificateSigningRequest:
    """Make a key and a request; a request that was pending dies with its key."""
    unit = node.unit(unit_name)
    make_key, usual = (certificates.new_ec_key, 384) if unit.elliptic else (certificates.new_rsa_key, 2048)
    key = await asyncio.to_thread(make_key, options.key_length or usual)
    holders: tuple[Node, ...] = (node,)
    common_name = default_common_name(unit, node)
    if options.multi_server:
        holders, common_name = covered_nodes(cluster.nodes, unit_name), multi_server_common_name(unit, node)
    typed = web_security_of(cluster, node).names()
    names = tuple(dict.fromkeys((*default_names(cluster.scenario, holders), *typed, *options.extra_names)))
    request = build_request(
        unit, key, options.common_name or common_name, names, options.organizational_unit, options.hash_algorithm
    )
    # A request for several nodes is handed to all of them, key and all.
    for holder in holders:
        if unit_name in holder.store.pending:
            cluster.journal.record(holder.name, "csr_overwritten", unit=unit_name, via=via)
        holder.store.pending[unit_name] = PendingRequest(request, key, options.multi_server)
    cluster.journal.record(node.name, "csr_generated", unit=unit_name, via=via)
    return request


def upload_identity(cluster: Cluster, node: Node, unit_name: str, certificate: x509.Certificate, via: str) -> None:
    """Install a signed certificate; nothing is restarted, but phones may be reset by the upload itself.

    A multi-server certificate goes on from the publisher to the other nodes it is for.
    """
    cluster.fleet.settle()
    pending = node.store.pending.get(unit_name)
    for_all = pending is not None and pending.multi_server
    breaks = rules.breaks_of_change(cluster, node, unit_name)
    try:
        if for_all and not may_ask_for_all(node, UNITS[unit_name]):
            raise UploadRefused(REFUSED, "Multi-server certificates must be uploaded on the publisher")
        identity = node.store.install(unit_name, certificate)
    except UploadRefused as refusal:
        cluster.journal.record(node.name, "identity_refused", unit=unit_name, code=refusal.code, via=via)
        raise
    for rule in breaks:
        rules.broken(cluster, node.name, rule, unit=unit_name)
    cluster.journal.record(
        node.name,
        "identity_uploaded",
        unit=unit_name,
        fingerprint=identity.fingerprint,
        serial=certificates.serial(certificate),
        via=via,
    )
    if for_all:
        others = [other for other in covered_nodes(cluster.nodes, unit_name) if other is not node]
        cluster.distribution.send(others, unit_name, identity, node.store.chain_of(unit_name))
    _interact_with_phones(cluster, node, unit_name)


def upload_trust(cluster: Cluster, node: Node, unit_name: str, certificate: x509.Certificate, via: str) -> TrustOutcome:
    """Offer a certificate to the trust store of a slot; UploadRefused for limits and dates."""
    unit = UNITS[unit_name]
    check_readable_limits(certificate)
    outcome = node.store.trust_of(unit).offer(certificate)
    cluster.journal.record(
        node.name,
        "trust_uploaded",
        store=unit.trust,
        subject=certificates.common_name(certificate.subject),
        outcome=outcome.value,
        via=via,
    )
    if outcome is TrustOutcome.EXPIRED:
        raise UploadRefused(EXPIRED, "The certificate has expired")
    # CAPF-trust is never replicated; ASSUMPTION A-63 for the others.
    if cluster.scenario.trust_replicates and unit.trust != "CAPF-trust":
        for other in covered_nodes(cluster.nodes, unit_name):
            other.store.trust_of(unit).offer(certificate)
    return outcome


async def regenerate(cluster: Cluster, node: Node, unit_name: str, via: str) -> None:
    """Replace an identity by a self-signed one at once: right for ITLRecovery, a trap for everything else."""
    cluster.fleet.settle()
    unit = node.unit(unit_name)
    breaks = rules.breaks_of_change(cluster, node, unit_name)
    if rules.overwrites_signed(node, unit_name):
        breaks.append("ca_signed_overwritten")
    key = await asyncio.to_thread(certificates.new_ec_key if unit.elliptic else certificates.new_rsa_key)
    names = (node.fqdn, *web_security_of(cluster, node).names())
    identity = Identity(self_signed(unit, key, default_common_name(unit, node), names), key)
    node.store.identities[unit_name] = identity
    if unit_name == "ITLRecovery" and recovery_is_shared(cluster):
        for other in cluster.voice_nodes:
            other.store.identities[unit_name] = identity
    if unit.ca_signed:
        cluster.journal.record(node.name, "trap", what="set cert regen", unit=unit_name, via=via)
    for rule in breaks:
        rules.broken(cluster, node.name, rule, unit=unit_name)
    cluster.journal.record(
        node.name, "certificate_regenerated", unit=unit_name, fingerprint=identity.fingerprint, via=via
    )
    _interact_with_phones(cluster, node, unit_name)


def recovery_is_shared(cluster: Cluster) -> bool:
    """From 12.5 there is one ITLRecovery certificate, made on the publisher and handed to all nodes."""
    return cluster.release.numbers >= (12, 5)


def delete_trust(cluster: Cluster, node: Node, store_name: str, file_name: str, via: str) -> bool:
    """Delete a trust file here, or on every node that has it; False when this node has none."""
    store = node.store.trust.get(store_name)
    if store is None or file_name not in store.files:
        return False
    # ASSUMPTION A-82: the security guide deletes these stores' entries cluster-wide, 214231 on each node.
    everywhere = cluster.scenario.trust_deletes == "cluster" and store_name in _DELETED_CLUSTER_WIDE
    for holder in cluster.nodes if everywhere else (node,):
        held = holder.store.trust.get(store_name)
        if held is not None and file_name in held.files:
            rules.deletion(cluster, holder, store_name, file_name)
            del held.files[file_name]
            cluster.journal.record(holder.name, "trust_deleted", store=store_name, file=file_name, via=via)
    return True


def set_web_security(cluster: Cluster, node: Node, fields: WebSecurity) -> None:
    """Keep the fields; the tomcat certificate that goes with it is made by `regenerate`."""
    cluster.web_security[node.name] = fields


def update_ctl(cluster: Cluster, node: Node, via: str) -> None:
    """Write a new CTL file."""
    cluster.fleet.settle()
    cluster.files.update_ctl()
    cluster.journal.record(node.name, "ctl_updated", via=via)


def sign_locally(cluster: Cluster, node: Node, kind: Literal["ITL", "CTL"], via: str) -> list[Node]:
    """Sign the trust file with the CallManager key and hand it to the TFTP nodes; returns those."""
    cluster.fleet.settle()
    reset = cluster.files.reset_itl_localkey if kind == "ITL" else cluster.files.reset_ctl_localkey
    reached = reset()
    cluster.journal.record(node.name, f"{kind.lower()}_localkey", nodes=[each.name for each in reached], via=via)
    return reached


def web_security_of(cluster: Cluster, node: Node) -> WebSecurity:
    """What was set with `set web-security`, or the values of the installation."""
    return cluster.web_security.get(node.name, WebSecurity())


def _interact_with_phones(cluster: Cluster, node: Node, unit_name: str) -> None:
    # "Phone Interaction on Certificate Update" exists since 14; its default resets the phones on the upload itself.
    if UNITS[unit_name].resets_phones and cluster.release.major >= 14 and _automatic(cluster):
        cluster.fleet.reset(cluster.fleet.phones.values(), "all", f"certificate update {unit_name} on {node.name}")


def _automatic(cluster: Cluster) -> bool:
    return cluster.parameters.get("PhoneInteractionOnCertUpdate", "0") == "0"
