"""IM and Presence: SIP proxy and presence engine (cup), chat clients (cup-xmpp), chat federation (cup-xmpp-s2s)."""

from dataclasses import replace

from certrenew.plugin import CertificateType, Restart, Runbook, Task, Usages, Where, hookimpl

SYNC = Restart("Cisco Intercluster Sync Agent", where=Where.PRESENCE_PUBLISHER)  # brings the new chain to the peers
ROUTER = Restart("Cisco XCP Router")  # restarts every XCP service
GUIDE = "Configuration and Administration of the IM and Presence Service"
HIGH_AVAILABILITY = (
    "Switch high availability off for the presence redundancy groups first: services may otherwise stay “Commanded Out"
    " of Service” on the other node after a restart."
)
CHECK_PEERS = Task(
    "peers", "Check in the system troubleshooter that intercluster peers synchronise; else force a manual sync."
)
RESTORE_AVAILABILITY = Task("high-availability", "Switch high availability on again where it was on.")
CLEAN_UP = "After 30 minutes the old self-signed trust certificates may be deleted, not earlier."

CUP = CertificateType(
    name="cup",
    title="Presence (cup)",
    purpose="cup",
    where=Where.PRESENCE,
    trust=("cup",),
    usages=Usages(
        key=frozenset({"digital_signature", "data_encipherment"}),
        extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.5"}),  # …, ipsecEndSystem
    ),
    ports=(5062,),
    may_be_closed=True,
    restarts=(Restart("Cisco SIP Proxy"), Restart("Cisco Presence Engine"), SYNC),
    order=30,
    impact="Presence states and SIP trunks to IM and Presence are away for some minutes, one node after the other.",
    cautions=(HIGH_AVAILABILITY, CLEAN_UP),
    tasks=(RESTORE_AVAILABILITY, CHECK_PEERS),
    profile="presence-guide-12.5",
    sources=(GUIDE,),
)
XMPP = replace(
    CUP,
    name="cup-xmpp",
    title="Chat clients (cup-xmpp)",
    purpose="cup-xmpp",
    trust=("cup-xmpp",),
    ports=(5222,),
    restarts=(ROUTER, SYNC),
    shared_by=Where.PRESENCE,
    order=32,
    impact="Jabber clients lose chat and presence for some minutes, one node after the other, and log in again.",
)
FEDERATION = replace(
    XMPP,
    name="cup-xmpp-s2s",
    title="Chat federation (cup-xmpp-s2s)",
    purpose="cup-xmpp-s2s",
    usages=replace(CUP.usages, wildcard=True),  # group chat federation needs *.domain
    ports=(5269,),
    restarts=(Restart("Cisco XCP XMPP Federation Connection Manager"), SYNC),
    runbooks=(
        Runbook(
            name="presence-restart-table",
            source=f"{GUIDE} (restart impact table)",
            restarts=(ROUTER, SYNC),
        ),
    ),
    order=34,
    impact="Chat with federated companies is away for some minutes.",
)


def _elliptic(kind: CertificateType) -> CertificateType:
    """The same purpose with an elliptic curve key, which shares services and ports."""
    return replace(
        kind,
        name=f"{kind.name}-ecdsa",
        title=f"{kind.title.split(' (')[0]} ({kind.purpose}-ECDSA)",
        purpose=f"{kind.purpose}-ECDSA",
        elliptic=True,
        order=kind.order + 1,
    )


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    rsa = (CUP, XMPP, FEDERATION)
    return [*rsa, *(_elliptic(kind) for kind in rsa)]
