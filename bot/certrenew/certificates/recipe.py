"""The order of a renewal, from small parts that a recipe of its own may take as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from certrenew.certificates.declared import Options, Phones
from certrenew.domain.model import NodeSnapshot, PhoneInteraction, SecurityMode, Snapshot
from certrenew.domain.plan import Step
from certrenew.steps import (
    AwaitBackup,
    AwaitDistribution,
    AwaitPhones,
    AwaitPhonesAfterUpload,
    BaselinePhones,
    CheckAnchors,
    CheckAnchorsNow,
    CheckCtl,
    CheckCtlNow,
    CheckNoBackup,
    CheckNoBackupNow,
    CheckNode,
    CheckPhoneInteraction,
    CheckReplication,
    CheckReplicationNow,
    CheckRequest,
    CheckSecurityMode,
    CheckSingleSignOn,
    Collect,
    GenerateCsr,
    ProveBackupSystem,
    ProvePhones,
    ProveServed,
    ProveServices,
    ProveStored,
    RecountPhones,
    ResetPhones,
    RestartService,
    Submit,
    TakeBackup,
    UpdateCtl,
    UploadChain,
    UploadIdentity,
    Validate,
)

if TYPE_CHECKING:
    from certrenew.certificates.kind import CertificateType


def standard(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Look, request, have signed, check, upload, update the CTL, restart, reset the phones, prove."""
    requesters = requesting(kind, snapshot, options)
    yield from prechecks(kind, snapshot, options)
    for node in requesters:
        yield from requested(kind, snapshot, node, options)
    for node in requesters:
        yield from collected(kind, snapshot, node, options)
    yield from last_looks(kind, snapshot, options)
    if len(requesters) > 1:  # with a single one, its upload looks by itself
        for node in requesters:
            yield CheckRequest(node=node, purpose=kind.purpose)
    yield from uploaded(kind, snapshot, options)
    if kind.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
        yield UpdateCtl(
            node=snapshot.cluster.publisher.name,
            renewed=tuple(found.node.name for found in kind.targets(snapshot, options)),
            purpose=kind.purpose,
            issued_on=issued_on(kind, snapshot, options),
            elliptic=kind.elliptic,
        )
    yield from restarted(kind, snapshot, options)
    yield from phones_reset(kind, snapshot)
    yield from proven(kind, snapshot, options)
    yield from backed_up(snapshot, options)


def requesting(kind: CertificateType, snapshot: Snapshot, options: Options) -> tuple[str, ...]:
    """The nodes on which a key is made: each of them, or one for all that share a certificate."""
    if options.request.multi_server:
        return (kind.leader(snapshot).name,)
    return tuple(found.node.name for found in kind.targets(snapshot, options))


def issued_on(kind: CertificateType, snapshot: Snapshot, options: Options) -> str:
    """The node whose request was signed for all; empty when each node has its own."""
    return kind.leader(snapshot).name if options.request.multi_server else ""


def prechecks(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """What must be true before a key is made. A new precheck goes here, or into a recipe of its own."""
    publisher = snapshot.cluster.publisher.name
    yield CheckReplication(node=publisher)
    yield CheckSecurityMode(node=publisher, mode=str(snapshot.security_mode))
    if kind.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
        yield CheckCtl(node=publisher)
    yield from anchors_settled(kind, snapshot, CheckAnchors)
    if kind.no_backup:
        yield CheckNoBackup(node=publisher)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield CheckPhoneInteraction(node=publisher, expected=str(snapshot.phone_interaction))
        yield BaselinePhones(node=publisher, nodes=phone_nodes(snapshot))
    for found in kind.targets(snapshot, options):
        yield CheckNode(
            node=found.node.name,
            purpose=kind.purpose,
            serial=found.identities[kind.purpose].serial,
            services=kind.restarts_on(found, options),
            replace_csr=options.replace_csr,
        )


def anchors_settled(kind: CertificateType, snapshot: Snapshot, look: type[CheckAnchors]) -> Iterator[Step]:
    """For a trust anchor: no other one is in the middle of a change."""
    if kind.excludes:
        registering = phone_nodes(snapshot)
        voice = [node.name for node in snapshot.cluster.in_restart_order if not node.role.presence]
        yield look(
            node=snapshot.cluster.publisher.name,
            renewing=kind.purpose,
            nodes=registering,
            beside=tuple(name for name in voice if name not in registering),
            in_ctl=snapshot.security_mode is SecurityMode.MIXED and not kind.in_ctl,
        )


def requested(kind: CertificateType, snapshot: Snapshot, node: str, options: Options) -> Iterator[Step]:
    asked = options.request
    covers = [found.node.fqdn for found in kind.targets(snapshot, options)] if asked.multi_server else []
    yield GenerateCsr(
        node=node,
        purpose=kind.purpose,
        covers=tuple(covers),
        key_length=asked.key_length,
        hash_algorithm=asked.hash_algorithm,
        common_name=asked.common_name,
        names=asked.names,
        organizational_unit=asked.organizational_unit,
    )
    yield Submit(node=node, purpose=kind.purpose, authority=options.authority)


def collected(kind: CertificateType, snapshot: Snapshot, node: str, options: Options) -> Iterator[Step]:
    usages = kind.usages_on(snapshot.cluster.node(node))
    yield Collect(node=node, purpose=kind.purpose, authority=options.authority)
    yield Validate(
        node=node,
        purpose=kind.purpose,
        trust=kind.trust,
        key_usages=tuple(sorted(usages.key)),
        extended_usages=tuple(sorted(usages.extended)),
        certificate_authority=usages.certificate_authority,
        wildcard=usages.wildcard,
        minimum_days=options.minimum_days,
        due_days=options.due_days if options.as_of else 0.0,
    )


def last_looks(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """What must still be true when the installation begins: days may have passed since it was prepared."""
    publisher = snapshot.cluster.publisher.name
    yield CheckReplicationNow(node=publisher)
    if kind.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
        yield CheckCtlNow(node=publisher)
    if kind.no_single_sign_on:
        for node in snapshot.cluster.in_restart_order:
            if not node.role.presence:
                yield CheckSingleSignOn(node=node.name)
    if kind.no_backup:
        yield CheckNoBackupNow(node=publisher)
    yield from anchors_settled(kind, snapshot, CheckAnchorsNow)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield RecountPhones(node=publisher, nodes=phone_nodes(snapshot))


def uploaded(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Root, intermediates, identity, node by node; a shared certificate once, after the chain is everywhere."""
    shared = issued_on(kind, snapshot, options)
    for found in kind.targets(snapshot, options):
        yield UploadChain(
            node=found.node.name,
            purpose=kind.purpose,
            trust=kind.trust,
            root_trust=kind.root_trust,
            issued_on=shared,
        )
        if not shared:
            yield from _identity(kind, snapshot, found.node.name)
    if shared:
        yield from _identity(kind, snapshot, shared)
        for found in kind.targets(snapshot, options):
            if found.node.name != shared:
                yield AwaitDistribution(node=found.node.name, purpose=kind.purpose, issued_on=shared)


def _identity(kind: CertificateType, snapshot: Snapshot, node: str) -> Iterator[Step]:
    yield UploadIdentity(node=node, purpose=kind.purpose)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield AwaitPhonesAfterUpload(
            node=snapshot.cluster.publisher.name,
            nodes=phone_nodes(snapshot),
            after=f"the upload on {node}",
            settle=snapshot.phone_interaction is not PhoneInteraction.MANUAL,
        )


def restarted(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Each service on the publisher, then on the subscribers; the phones must be back before the next node."""
    runbook = kind.runbook(options)
    if runbook.resets_first and snapshot.security_mode is SecurityMode.MIXED:
        yield from phones_reset(kind, snapshot)
    for restart in runbook.restarts:
        for found in restarting(kind, snapshot, options):
            if restart.service in kind.restarts_on(found, options):
                yield RestartService(node=found.node.name, service=restart.service)
                if kind.phones is Phones.RESET_AND_WAIT:
                    after = f"the restart of {restart.service} on {found.node.name}"
                    yield phones_back(snapshot, after, settle=False)


def restarting(kind: CertificateType, snapshot: Snapshot, options: Options) -> tuple[NodeSnapshot, ...]:
    """Phones trust the cluster as a whole, so all its nodes restart then; otherwise those with a new certificate."""
    if kind.phones is Phones.RESET_AND_WAIT:
        return tuple(snapshot.of(node.name) for node in snapshot.cluster.in_restart_order)
    return kind.targets(snapshot, options)


def phones_reset(kind: CertificateType, snapshot: Snapshot) -> Iterator[Step]:
    """In batches, one device pool after the other: each must be back before the next one goes."""
    if kind.phones is Phones.RESET_AND_WAIT:
        for pool in snapshot.device_pools:
            yield ResetPhones(node=snapshot.cluster.publisher.name, device_pool=pool)
            yield phones_back(snapshot, f"the reset of {pool or 'the phones without a device pool'}", settle=True)


def proven(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    shared = issued_on(kind, snapshot, options)
    for found in kind.targets(snapshot, options):
        name = found.node.name
        yield ProveStored(node=name, purpose=kind.purpose, issued_on=shared)
        if kind.ports:
            yield ProveServed(
                node=name,
                purpose=kind.purpose,
                ports=kind.ports,
                issued_on=shared,
                elliptic=kind.elliptic,
                may_be_closed=kind.may_be_closed or kind.elliptic,
            )
    for found in restarting(kind, snapshot, options):
        if services := kind.restarts_on(found, options):
            yield ProveServices(node=found.node.name, services=services)
    if kind.proves_backup:
        yield ProveBackupSystem(node=snapshot.cluster.publisher.name)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield ProvePhones(node=snapshot.cluster.publisher.name)


def backed_up(snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """A disaster recovery backup, where the configuration names a device for it."""
    if options.backup_device:
        publisher = snapshot.cluster.publisher.name
        yield TakeBackup(node=publisher, device=options.backup_device, features=options.backup_features)
        yield AwaitBackup(node=publisher)


def phone_nodes(snapshot: Snapshot) -> tuple[str, ...]:
    """The nodes that register phones."""
    return tuple(
        node.name for node in snapshot.cluster.in_restart_order if snapshot.of(node.name).runs("Cisco CallManager")
    )


def phones_back(snapshot: Snapshot, after: str, *, settle: bool) -> Step:
    return AwaitPhones(node=snapshot.cluster.publisher.name, nodes=phone_nodes(snapshot), after=after, settle=settle)
