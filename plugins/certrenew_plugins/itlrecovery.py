"""ITLRecovery: it signs the trust lists of the phones. Self-signed only; regenerated on the publisher for all nodes."""

from collections.abc import Iterable, Iterator

from certrenew.plugin import (
    CertificateType,
    NodeSnapshot,
    Options,
    Phones,
    PlanRefused,
    Restart,
    Runbook,
    SecurityMode,
    Snapshot,
    Step,
    Task,
    Usages,
    Where,
    hookimpl,
    parts,
    release_of,
    steps,
)

TFTP = Restart("Cisco Tftp")
TVS = Restart("Cisco Trust Verification Service")
CALL_PROCESSING = Restart("Cisco CallManager")
CTI = Restart("Cisco CTIManager")
SHARED_SINCE = "12.5"  # before, each node has a certificate of its own
WITHOUT_BRIDGE = "cisco-214231"


def regenerated(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Regenerate, sign the lists with CallManager, let every phone fetch them; only then sign with the new one."""
    _refuse_old(kind, snapshot)
    publisher = snapshot.cluster.publisher.name
    yield from _prepared(kind, snapshot, options)
    yield from parts.anchors_settled(kind, snapshot, steps.CheckAnchorsNow)
    yield steps.RecountPhones(node=publisher, nodes=parts.phone_nodes(snapshot))
    yield steps.CheckTrustListsNow(node=publisher, nodes=_tftp(snapshot))
    replaced = snapshot.of(publisher).identities[kind.purpose]
    yield steps.RegenerateCertificate(
        node=publisher, purpose=kind.purpose, serial=replaced.serial, not_after=replaced.not_after.isoformat()
    )
    for node in _voice(snapshot):
        if node.node.name != publisher:
            yield steps.AwaitRegenerated(node=node.node.name, purpose=kind.purpose, issued_on=publisher)
    runbook = kind.runbook(options)
    if runbook.name != WITHOUT_BRIDGE:
        yield from _bridged(kind, snapshot, runbook)
    if snapshot.security_mode is SecurityMode.MIXED:
        yield steps.SignCtl(node=publisher)
    yield from _restarted(snapshot, runbook.restarts)
    yield from parts.phones_reset(kind, snapshot)
    yield from _proven(kind, snapshot, options)
    yield from parts.backed_up(snapshot, options)


def _refuse_old(kind: CertificateType, snapshot: Snapshot) -> None:
    old = [node for node in _voice(snapshot) if release_of(node.version) < release_of(SHARED_SINCE)]
    if old:
        names = ", ".join(f"{node.node.name} ({node.version})" for node in old)
        raise PlanRefused(
            f"Before release {SHARED_SINCE} each node has a {kind.title} certificate of its own, and {names} is older:"
            " no document that certrenew follows covers that. Upgrade first, or regenerate it by hand. Nothing has"
            " changed."
        )
    if not _tftp(snapshot):
        raise PlanRefused(
            f"No node of {snapshot.cluster.name} runs {TFTP.service}, so no phone could fetch a new trust list. Start"
            " it, then ask again. Nothing has changed."
        )


def _prepared(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    publisher = snapshot.cluster.publisher.name
    mixed = snapshot.security_mode is SecurityMode.MIXED
    yield steps.CheckReplication(node=publisher)
    yield steps.CheckSecurityMode(node=publisher, mode=str(snapshot.security_mode))
    if mixed:
        yield steps.CheckCtl(node=publisher)
    yield from parts.anchors_settled(kind, snapshot, steps.CheckAnchors)
    yield steps.CheckTrustLists(node=publisher, nodes=_tftp(snapshot))
    yield steps.BaselinePhones(node=publisher, nodes=parts.phone_nodes(snapshot))
    yield steps.CheckNode(
        node=publisher,
        purpose=kind.purpose,
        serial=snapshot.of(publisher).identities[kind.purpose].serial,
        services=kind.restarts_on(snapshot.of(publisher), options),
    )
    if others := tuple(node.node.name for node in _voice(snapshot) if node.node.name != publisher):
        yield steps.CheckCopies(node=publisher, purpose=kind.purpose, nodes=others)


def _bridged(kind: CertificateType, snapshot: Snapshot, runbook: Runbook) -> Iterator[Step]:
    """The lists are signed with a key that phones know while they learn the new one. Cisco Tftp must not restart
    meanwhile: it would sign with the new one at once."""
    publisher = snapshot.cluster.publisher.name
    mixed = snapshot.security_mode is SecurityMode.MIXED
    nodes = (publisher,) if mixed else _tftp(snapshot)
    signed = "CTL" if mixed else "ITL"
    yield steps.SignWithCallManager(node=publisher, file=signed, nodes=nodes)
    yield steps.CheckBridge(node=publisher, file=signed, nodes=nodes)
    yield from _restarted(snapshot, (one for one in runbook.restarts if one != TFTP))
    yield from parts.phones_reset(kind, snapshot)
    yield steps.AwaitNewList(node=publisher)


def _restarted(snapshot: Snapshot, restarts: Iterable[Restart]) -> Iterator[Step]:
    for restart in restarts:
        for node in snapshot.cluster.in_restart_order:
            if restart.asked_on(snapshot.of(node.name)):
                yield steps.RestartService(node=node.name, service=restart.service)
                yield parts.phones_back(snapshot, f"the restart of {restart.service} on {node.name}", settle=False)


def _proven(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    publisher = snapshot.cluster.publisher.name
    for node in _voice(snapshot):
        yield steps.ProveStored(node=node.node.name, purpose=kind.purpose, issued_on=publisher)
    lists = {name: ["ITL"] for name in _tftp(snapshot)}
    if snapshot.security_mode is SecurityMode.MIXED:
        lists.setdefault(publisher, []).append("CTL")
    for name, shown in lists.items():
        yield steps.ProveTrustLists(node=name, lists=tuple(shown), issued_on=publisher)
    for node in _voice(snapshot):
        if services := kind.restarts_on(node, options):
            yield steps.ProveServices(node=node.node.name, services=services)
    yield steps.ProvePhones(node=publisher)


def _voice(snapshot: Snapshot) -> list[NodeSnapshot]:
    """The nodes that hold the certificate: all but those of IM and Presence."""
    return [snapshot.of(node.name) for node in snapshot.cluster.in_restart_order if not node.role.presence]


def _tftp(snapshot: Snapshot) -> tuple[str, ...]:
    """The nodes that hand trust lists to phones."""
    return tuple(node.node.name for node in _voice(snapshot) if node.runs(TFTP.service))


ITLRECOVERY = CertificateType(
    name="itlrecovery",
    title="ITLRecovery",
    purpose="ITLRecovery",
    where=Where.PUBLISHER,
    trust=(),
    usages=Usages(key=frozenset(), extended=frozenset()),
    ports=(),
    restarts=(TFTP,),
    runbooks=(
        Runbook(
            name="cisco-fn70613",
            source="Cisco FN70613",
            restarts=(TFTP, CALL_PROCESSING, CTI),
            caution="Cisco CallManager and Cisco CTIManager restart twice on all nodes, before and after phones learn.",
        ),
        Runbook(
            name=WITHOUT_BRIDGE,
            source="Cisco 214231",
            restarts=(TVS, TFTP),
            caution=(
                "In this order nothing is signed with the CallManager key meanwhile: a phone for which TVS does not"
                " vouch for the new certificate needs its trust list deleted by hand. The default order avoids that."
            ),
        ),
    ),
    phones=Phones.RESET_AND_WAIT,
    self_signed=True,
    excludes=("callmanager", "callmanager-ecdsa", "tvs", "capf"),
    order=0,
    impact=(
        "Every phone resets twice and cannot call meanwhile. If this goes wrong, phones believe no trust list any more"
        " and each needs its own deleted by hand."
    ),
    cautions=(
        "Do not regenerate it often: it is what phones are rescued with. The new one is valid for 20 years.",
        "Nobody may restart Cisco Tftp by hand meanwhile: phones that have not fetched the list in between are lost.",
        "Never renew CallManager, TVS or CAPF before every phone is back: phones would trust nothing any more.",
        "All phones should be on and registered now; one that is off may need its trust list deleted by hand.",
        "Where phones still hold an ITLRecovery certificate of 1024 bits, resetting the local key does not reach them.",
    ),
    tasks=(
        Task(
            "saml",
            "Where single sign-on uses the system certificate, which is ITLRecovery: export the service provider"
            " metadata and import it at the identity provider.",
        ),
    ),
    profile="security-guide-14",
    sources=("Security Guide for CUCM 14",),
    recipe=regenerated,
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [ITLRECOVERY]
