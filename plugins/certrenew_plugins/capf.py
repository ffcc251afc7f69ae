"""CAPF: the certificate authority of the phones' own certificates, on the publisher."""

from collections.abc import Iterator

from certrenew.plugin import (
    CertificateType,
    Options,
    Phones,
    Restart,
    Runbook,
    Snapshot,
    Task,
    Usages,
    Where,
    hookimpl,
    release_of,
)

TVS = Restart("Cisco Trust Verification Service")
TFTP = Restart("Cisco Tftp")
PROXY = Restart("Cisco Certificate Authority Proxy Function", where=Where.PUBLISHER)


def remarks(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[str]:
    """Before release 14 the subscribers have a CAPF certificate too, which nothing uses."""
    old = [
        node.node.name for node in snapshot.nodes if release_of(node.version) < (14,) and not node.node.role.presence
    ]
    if others := [name for name in old if name != snapshot.cluster.publisher.name]:
        yield (
            f"On {', '.join(others)} a CAPF certificate stays that nothing uses; to silence its alarms,"
            " capf-subscriber makes a new self-signed one."
        )


CAPF = CertificateType(
    name="capf",
    title="CAPF",
    purpose="CAPF",
    where=Where.PUBLISHER,
    runs="Cisco Certificate Authority Proxy Function",
    trust=("CAPF",),
    root_trust=("CallManager",),  # or phones with certificates of their own are not believed (CSCut87382)
    usages=Usages(
        key=frozenset({"digital_signature", "key_cert_sign"}),
        extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}),  # serverAuth, clientAuth
        certificate_authority=True,
    ),
    ports=(3804,),
    may_be_closed=True,
    restarts=(TVS, TFTP, PROXY),
    runbooks=(
        Runbook(name="cisco-214231", source="Cisco 214231", restarts=(PROXY, TVS, TFTP), resets_first=True),
        Runbook(
            name="security-guide-14",
            source="Security Guide for CUCM 14",
            since="14",
            restarts=(PROXY, Restart("Cisco HAProxy")),
        ),
    ),
    phones=Phones.RESET_AND_WAIT,
    in_ctl=True,
    excludes=("callmanager", "callmanager-ecdsa", "tvs", "itlrecovery"),
    order=50,
    impact=(
        "Every phone re-registers and cannot call meanwhile. Phones with certificates of their own (LSC), 802.1X, phone"
        " VPN and secure CTI (JTAPI, TAPI) depend on this authority."
    ),
    cautions=(
        "This certificate signs others: the authority must issue it from a subordinate CA template.",
        "Where phones use 802.1X or VPN: the new certificate must be on the RADIUS, ISE or ASA before they need it.",
        "Keep the old entry in CAPF-trust until every phone has a new certificate of its own (LSC).",
        "All phones should be on and registered now; one that is off may need its trust list deleted by hand.",
    ),
    tasks=(
        Task(
            "radius",
            "Import the new CAPF certificate and its root on ISE, ASA or RADIUS where phones use 802.1X or VPN.",
        ),
        Task(
            "lsc",
            "Issue new certificates (LSC) to the phones that have one, in batches; only then delete the old CAPF.",
        ),
        Task("cti", "Where JTAPI or TAPI clients use secure CTI: update their certificates."),
    ),
    remarks=remarks,
    sources=("Cisco 217138", "Cisco 212214", "Security Guide for CUCM 14 (root in CallManager-trust)"),
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [CAPF]
