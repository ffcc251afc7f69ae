"""IPsec: the certificate of tunnels between nodes and gateways, and of the disaster recovery system."""

from certrenew.plugin import CertificateType, Restart, Runbook, Task, Usages, Where, hookimpl

EXTENDED = frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.5"})  # …, ipsecEndSystem
BACKUP_SERVICES = (Restart("Cisco DRF Master", where=Where.PUBLISHER), Restart("Cisco DRF Local"))

IPSEC = CertificateType(
    name="ipsec",
    title="IPsec",
    purpose="ipsec",
    trust=("ipsec",),  # the document's intermediate line says tomcat-trust in its menu path: a misprint
    usages=Usages(
        key=frozenset({"digital_signature", "key_encipherment", "data_encipherment"}),
        extended=EXTENDED,
    ),
    presence_usages=Usages(key=frozenset({"digital_signature", "data_encipherment"}), extended=EXTENDED),
    ports=(),
    restarts=BACKUP_SERVICES,
    runbooks=(
        Runbook(
            name="cisco-214231",
            source="Cisco 214231",
            restarts=(*BACKUP_SERVICES, Restart("Cisco Tomcat")),
        ),
    ),
    no_backup=True,
    proves_backup=True,
    order=20,
    impact=(
        "Backups and restores are not possible while the disaster recovery services restart. Calls and registrations"
        " go on. IPsec tunnels to other devices, where configured, are set up anew."
    ),
    cautions=(
        "Nobody may start a backup or a restore before this has ended.",
        "Never delete the entry of a node's own name from ipsec-trust: backups would stop working.",
    ),
    tasks=(Task("tunnels", "Where IPsec policies exist: check that the tunnels to gateways and peers are up."),),
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [IPSEC]
