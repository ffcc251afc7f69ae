"""Tomcat: the certificate of every web page and web service, on every node."""

from dataclasses import replace

from certrenew.plugin import CertificateType, Restart, Runbook, Task, Usages, Where, hookimpl

EACH_TOMCAT = (
    Restart("Cisco Tomcat"),
    Restart("Cisco SSOSP Tomcat", since="14", with_single_sign_on=True),
    Restart("Cisco UDS Tomcat", where=Where.CUCM, since="14"),
    Restart("Cisco AXL Tomcat", where=Where.CUCM, since="14"),
)
BACKUP_SERVICES = (
    Restart("Cisco DRF Master", where=Where.PUBLISHER, since="14"),
    Restart("Cisco DRF Local", since="14"),
)
TRUST_SYNC = Restart("Cisco Intercluster Sync Agent", where=Where.PRESENCE_PUBLISHER)

TOMCAT = CertificateType(
    name="tomcat",
    title="Tomcat",
    purpose="tomcat",
    trust=("tomcat",),
    usages=Usages(
        key=frozenset({"digital_signature", "data_encipherment"}),
        extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}),  # serverAuth, clientAuth
    ),
    ports=(8443,),
    restarts=(
        *EACH_TOMCAT,
        Restart("Cisco Tftp", where=Where.CUCM, since="14"),  # else it goes on offering the old one
        *BACKUP_SERVICES,
        TRUST_SYNC,
    ),
    runbooks=(
        Runbook(
            name="cisco-214231",
            source="Cisco 214231",
            restarts=(Restart("Cisco Tomcat"), Restart("Cisco SSOSP Tomcat", with_single_sign_on=True), TRUST_SYNC),
        ),
        Runbook(
            name="cisco-118731",
            source="Cisco 118731",
            restarts=(Restart("Cisco Tomcat"), TRUST_SYNC),
        ),
        Runbook(
            name="security-guide-14",
            source="Security Guide for CUCM 14",
            since="14",
            restarts=(
                *EACH_TOMCAT,
                Restart("Cisco Intercluster Lookup Service", where=Where.CUCM),
                Restart("Cisco Location Bandwidth Manager", where=Where.CUCM),
                Restart("Cisco Extension Mobility", where=Where.CUCM),
                Restart("Cisco Tftp", where=Where.CUCM),
                *BACKUP_SERVICES,
                TRUST_SYNC,
            ),
        ),
    ),
    shared_by=Where.EVERYWHERE,
    no_backup=True,
    no_single_sign_on=True,
    order=10,
    impact=(
        "Each node's web pages and web services (administration, AXL, directory, Extension Mobility, Finesse) are"
        " away for some minutes, one node after the other. Calls and registrations go on."
    ),
    cautions=(
        "Unified CCX must already trust the new root and intermediate in its tomcat-trust, or Finesse log-ins fail.",
        "Expressway-C must already trust them, or mobile and remote access stops.",
    ),
    tasks=(
        Task("uccx", "Check that Unified CCX trusts the new chain (its tomcat-trust), and log in to Finesse once."),
        Task("expressway", "Check the Unified CM server on Expressway-C: TLS verification active, traversal zone up."),
        Task("presence-sync", "Where IM and Presence peers exist: check in its troubleshooter that they synchronise."),
    ),
    sources=("Cisco 217138", "Upload notice of CUCM 15 (Cisco 225476)", "Security Guide for CUCM 14"),
)
TOMCAT_ECDSA = replace(
    TOMCAT,
    name="tomcat-ecdsa",
    title="Tomcat ECDSA",
    purpose="tomcat-ECDSA",
    elliptic=True,
    order=11,
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [TOMCAT, TOMCAT_ECDSA]
