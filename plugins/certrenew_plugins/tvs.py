"""TVS: the service that phones ask about every certificate they do not know."""

from certrenew.plugin import CertificateType, Phones, Restart, Runbook, Task, Usages, Where, hookimpl

SERVICE = "Cisco Trust Verification Service"

TVS = CertificateType(
    name="tvs",
    title="TVS",
    purpose="TVS",
    where=Where.CUCM,
    runs=SERVICE,
    trust=("TVS",),
    usages=Usages(
        key=frozenset({"digital_signature", "key_encipherment", "data_encipherment"}),
        extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}),  # serverAuth, clientAuth
    ),
    ports=(2445,),
    restarts=(Restart("Cisco Tftp"), Restart(SERVICE)),
    runbooks=(
        Runbook(name="cisco-214231", source="Cisco 214231", restarts=(Restart(SERVICE), Restart("Cisco Tftp"))),
        Runbook(
            name="security-guide-14", source="Security Guide for CUCM 14", since="14", restarts=(Restart(SERVICE),)
        ),
    ),
    shared_by=Where.CUCM,
    shared_since="14",
    phones=Phones.RESET_AND_WAIT,
    excludes=("callmanager", "callmanager-ecdsa", "capf", "itlrecovery"),
    order=80,
    impact=(
        "Every phone re-registers and cannot call meanwhile. Until they have the new trust list, phones cannot check"
        " certificates: directory and Extension Mobility over HTTPS fail, and new phones do not register."
    ),
    cautions=(
        "It begins only when phones are back from CallManager, CAPF or ITLRecovery: they would trust nothing.",
        "All phones should be on and registered now; one that is off may need its trust list deleted by hand.",
    ),
    tasks=(Task("directory", "Open the corporate directory on one phone of each model: that proves that TVS works."),),
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [TVS]
