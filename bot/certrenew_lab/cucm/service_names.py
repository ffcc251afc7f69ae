"""The services of a CUCM node, spelled as the command line and the SOAP interfaces spell them."""

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
    "Cisco Certificate Change Notification",
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
SPLIT_TOMCATS = ("Cisco UDS Tomcat", "Cisco AXL Tomcat", "Cisco SSOSP Tomcat", HAPROXY)

# What a subscriber normally has stopped by hand.
STOPPED_ON_SUBSCRIBERS = (
    DRF_MASTER,
    "Cisco CAR DB",
    "Cisco CAR Scheduler",
    "Cisco CDR Repository Manager",
    "Cisco Intercluster Lookup Service",
)
NEVER_ACTIVATED = ("Cisco WebDialer Web Service", "Cisco CallManager SNMP Service")


def names_for(release: Release) -> tuple[str, ...]:
    """Every Cisco service of a node of this release."""
    split = SPLIT_TOMCATS if release.has_split_tomcats else ()
    return (*NETWORK_SERVICES, *split, *FEATURE_SERVICES)
