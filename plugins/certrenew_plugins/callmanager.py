"""CallManager: the certificate of SIP and SCCP over TLS, of signed phone configuration and of TFTP."""

from certrenew.plugin import CertificateType, Phones, Restart, Usages, hookimpl

CALLMANAGER = CertificateType(
    name="callmanager",
    title="CallManager",
    purpose="CallManager",
    runs="Cisco CallManager",
    trust=("CallManager",),
    usages=Usages(
        key=frozenset({"digital_signature", "data_encipherment"}),
        extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}),  # serverAuth, clientAuth
    ),
    ports=(6972, 5061, 2443),
    restarts=(
        Restart("Cisco Trust Verification Service"),
        Restart("Cisco Tftp"),
        Restart("Cisco CallManager"),
        Restart("Cisco CTIManager"),
        Restart("Cisco HAProxy"),  # fronts the HTTPS ports of TFTP since release 14
    ),
    phones=Phones.RESET_AND_WAIT,
    in_ctl=True,
    excludes=("callmanager-ecdsa", "tvs", "capf", "itlrecovery"),
    impact=(
        "Every phone re-registers several times and cannot call meanwhile. Secure trunks, conference bridges and AXL"
        " are interrupted. If this goes wrong, encrypted phones do not register and phones refuse their configuration."
    ),
    cautions=(
        "Never renew TVS or ITLRecovery before every phone is back: phones would trust nothing any more.",
        "All phones should be on and registered now; one that is off may need its trust list deleted by hand.",
        "Take a disaster recovery backup when this is done: a restore from an older one locks phones.",
    ),
    sources=("Cisco 217138", "Security Guide for CUCM 14 (Cisco HAProxy)"),
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [CALLMANAGER]
