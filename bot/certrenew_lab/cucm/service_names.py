"""The services of a CUCM or IM and Presence node, spelled as the command line and the SOAP interfaces spell them."""

from __future__ import annotations

from .release import Release

TOMCAT = "Cisco Tomcat"
HAPROXY = "Cisco HAProxy"
TFTP = "Cisco Tftp"
CALLMANAGER = "Cisco CallManager"
CTIMANAGER = "Cisco CTIManager"
TVS = "Cisco Trust Verification Service"
CAPF = "Cisco Certificate Authority Proxy Function"
DRF_MASTER = "Cisco DRF Master"
DRF_LOCAL = "Cisco DRF Local"
CTL_PROVIDER = "Cisco CTL Provider"
RIS = "Cisco RIS Data Collector"
AXL_TOMCAT = "Cisco AXL Tomcat"
CHANGE_NOTIFICATION = "Cisco Certificate Change Notification"
INTERCLUSTER_SYNC = "Cisco Intercluster Sync Agent"
SIP_PROXY = "Cisco SIP Proxy"
PRESENCE_ENGINE = "Cisco Presence Engine"
XCP_PREFIX = "Cisco XCP "
XCP_ROUTER = "Cisco XCP Router"
XCP_CONNECTION_MANAGER = "Cisco XCP Connection Manager"
XCP_FEDERATION = "Cisco XCP XMPP Federation Connection Manager"

OS_SERVICES = ("System SSH", "Cluster Manager", "Name Service Cache", "Entropy Monitoring Daemon")

# Feature services can be activated and deactivated; the others are network services.
FEATURE_SERVICES = (
    CALLMANAGER,
    TFTP,
    CTIMANAGER,
    CAPF,
    CTL_PROVIDER,
    "Cisco AXL Web Service",
    "Cisco Extension Mobility",
    "Cisco IP Voice Media Streaming App",
    "Cisco Location Bandwidth Manager",
    "Cisco WebDialer Web Service",
    "Cisco CallManager SNMP Service",
)
NETWORK_SERVICES = (
    "A Cisco DB",
    "A Cisco DB Replicator",
    TOMCAT,
    TVS,
    DRF_LOCAL,
    DRF_MASTER,
    RIS,
    CHANGE_NOTIFICATION,
    "Cisco Certificate Expiry Monitor",
    "Cisco Database Layer Monitor",
    "Cisco CDR Agent",
    "Cisco CDR Repository Manager",
    "Cisco CAR DB",
    "Cisco CAR Scheduler",
    "Cisco Intercluster Lookup Service",
    "Platform Administrative Web Service",
    "Platform Communication Web Service",
)
SPLIT_TOMCATS = ("Cisco UDS Tomcat", AXL_TOMCAT, "Cisco SSOSP Tomcat", HAPROXY)
PRESENCE_FEATURE_SERVICES = (
    SIP_PROXY,
    PRESENCE_ENGINE,
    XCP_CONNECTION_MANAGER,
    "Cisco XCP Web Connection Manager",
    "Cisco XCP Directory Service",
    "Cisco XCP Authentication Service",
    "Cisco XCP Text Conference Manager",
    XCP_FEDERATION,
    "Cisco XCP Message Archiver",
    "Cisco AXL Web Service",
)
PRESENCE_NETWORK_SERVICES = (
    "A Cisco DB",
    "A Cisco DB Replicator",
    TOMCAT,
    DRF_LOCAL,
    RIS,
    CHANGE_NOTIFICATION,
    "Cisco Certificate Expiry Monitor",
    "Cisco Database Layer Monitor",
    XCP_ROUTER,
    "Cisco XCP Config Manager",
    INTERCLUSTER_SYNC,
    "Cisco Sync Agent",
    "Cisco Login Datastore",
    "Cisco Route Datastore",
    "Cisco Presence Datastore",
    "Cisco SIP Registration Datastore",
    "Cisco Client Profile Agent",
    "Cisco Config Agent",
    "Cisco Server Recovery Manager",
    "Platform Administrative Web Service",
    "Platform Communication Web Service",
)

# What a subscriber normally has stopped by hand.
STOPPED_ON_SUBSCRIBERS = (
    DRF_MASTER,
    "Cisco CAR DB",
    "Cisco CAR Scheduler",
    "Cisco CDR Repository Manager",
    "Cisco Intercluster Lookup Service",
)
NEVER_ACTIVATED = (
    "Cisco WebDialer Web Service",
    "Cisco CallManager SNMP Service",
    "Cisco XCP Message Archiver",
)


def names_for(release: Release, *, presence: bool = False) -> tuple[str, ...]:
    """Every Cisco service of a node of this release."""
    if presence:
        return (*PRESENCE_NETWORK_SERVICES, *PRESENCE_FEATURE_SERVICES)
    split = SPLIT_TOMCATS if release.has_split_tomcats else ()
    return (*NETWORK_SERVICES, *split, *FEATURE_SERVICES)


def is_feature(name: str) -> bool:
    """Whether a service can be activated and deactivated."""
    return name in FEATURE_SERVICES or name in PRESENCE_FEATURE_SERVICES
