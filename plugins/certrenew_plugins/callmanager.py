"""CallManager: the certificate of SIP and SCCP over TLS, of signed phone configuration and of TFTP."""

from dataclasses import replace

from certrenew.plugin import CertificateType, Phones, Restart, Runbook, Task, Usages, Where, hookimpl

TVS = Restart("Cisco Trust Verification Service")
TFTP = Restart("Cisco Tftp")
CALL_PROCESSING = Restart("Cisco CallManager")
CTI = Restart("Cisco CTIManager")
PROXY = Restart("Cisco HAProxy")  # fronts the HTTPS ports of TFTP since release 14

GUIDE = "Security Guide for CUCM 14"
FOR_BOTH = (
    Runbook(
        name="cisco-214231",
        source="Cisco 214231",
        restarts=(CALL_PROCESSING, CTI, TVS, TFTP, PROXY),
        resets_first=True,
    ),
    Runbook(name="cisco-118731", source="Cisco 118731", restarts=(TFTP, CALL_PROCESSING, CTI, TVS, PROXY)),
    Runbook(
        name="security-guide-14",
        source=GUIDE,
        since="14",
        until="14.0.1.11900",
        restarts=(CALL_PROCESSING, CTI, PROXY),
    ),
    Runbook(
        name="security-guide-15",
        source="Security Guide for CUCM 15",
        since="15",
        restarts=(TVS, CALL_PROCESSING, CTI, PROXY),
    ),
)

CALLMANAGER = CertificateType(
    name="callmanager",
    title="CallManager",
    purpose="CallManager",
    where=Where.CUCM,
    runs="Cisco CallManager",
    or_runs=("Cisco Tftp",),  # signs the configuration of phones with it
    trust=("CallManager",),
    usages=Usages(
        key=frozenset({"digital_signature", "data_encipherment"}),
        extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}),  # serverAuth, clientAuth
    ),
    ports=(6972, 5061, 2443),
    restarts=(TVS, TFTP, CALL_PROCESSING, CTI, PROXY),
    runbooks=(
        *FOR_BOTH,
        Runbook(name="security-guide-14su1", source=f"{GUIDE} (14SU1)", since="14.0.1.11900", restarts=(PROXY,)),
    ),
    shared_by=Where.CUCM,
    phones=Phones.RESET_AND_WAIT,
    in_ctl=True,
    excludes=("callmanager-ecdsa", "tvs", "capf", "itlrecovery"),
    order=60,
    impact=(
        "Every phone re-registers several times and cannot call meanwhile. Secure trunks, conference bridges and AXL"
        " are interrupted. If this goes wrong, encrypted phones do not register and phones refuse their configuration."
    ),
    cautions=(
        "Never renew TVS or ITLRecovery before every phone is back: phones would trust nothing any more.",
        "All phones should be on and registered now; one that is off may need its trust list deleted by hand.",
        "Keep RSA at 2048 bits: some phones do not register with a longer key, and mixed mode has limits at 4096.",
    ),
    tasks=(
        Task(
            "trunks",
            "Check secure SIP trunks, CUBE, Unity Connection, secure conference bridges: they must trust the chain.",
        ),
        Task(
            "expressway",
            "Check that Expressway-C trusts the chain of CallManager, where mobile and remote access is used.",
        ),
        Task("presence", "Where IM and Presence exists: check its SIP trunk; it may need the new root in cup-trust."),
    ),
    sources=("Cisco 217138", f"{GUIDE} (Cisco HAProxy)"),
)
CALLMANAGER_ECDSA = replace(
    CALLMANAGER,
    name="callmanager-ecdsa",
    title="CallManager ECDSA",
    purpose="CallManager-ECDSA",
    elliptic=True,
    runbooks=(
        *FOR_BOTH,
        Runbook(
            name="security-guide-14su1",
            source=f"{GUIDE} (14SU1)",
            since="14.0.1.11900",
            restarts=(CALL_PROCESSING, PROXY),
        ),
    ),
    excludes=("callmanager", "tvs", "capf", "itlrecovery"),
    order=70,
    cautions=tuple(line for line in CALLMANAGER.cautions if "RSA" not in line),
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [CALLMANAGER, CALLMANAGER_ECDSA]
