"""What a lab cluster looks like, as plain frozen values: nodes, phones and every knob that changes its manners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["publisher", "subscriber", "presence-publisher", "presence-subscriber"]
PUBLISHER: Literal["publisher"] = "publisher"
SUBSCRIBER: Literal["subscriber"] = "subscriber"
PRESENCE_PUBLISHER: Literal["presence-publisher"] = "presence-publisher"
PRESENCE_SUBSCRIBER: Literal["presence-subscriber"] = "presence-subscriber"

RESTART_SECONDS: Mapping[str, float] = {
    "Cisco Tftp": 20.0,
    "Cisco Trust Verification Service": 20.0,
    "Cisco CallManager": 60.0,
    "Cisco CTIManager": 30.0,
    "Cisco HAProxy": 10.0,
    "Cisco Tomcat": 120.0,
    "Cisco UDS Tomcat": 60.0,
    "Cisco AXL Tomcat": 60.0,
    "Cisco SSOSP Tomcat": 60.0,
    "Cisco XCP Router": 30.0,
}


@dataclass(frozen=True)
class NodeScenario:
    """One node; `out_of_service` names services that are stopped by hand, `not_activated` those never switched on."""

    name: str
    role: Role = SUBSCRIBER
    out_of_service: tuple[str, ...] = ()
    not_activated: tuple[str, ...] = ()

    @property
    def presence(self) -> bool:
        """Whether this node runs IM and Presence instead of call processing."""
        return self.role in (PRESENCE_PUBLISHER, PRESENCE_SUBSCRIBER)


@dataclass(frozen=True)
class Ports:
    """The ports a node binds on its own loopback address; `rest` is a second door to the HTTPS application."""

    ssh: int = 2222
    https: int = 8443
    rest: int | None = None
    tftp: int = 6972
    sip: int = 5061
    sccp: int = 2443
    tvs: int = 2445
    capf: int = 3804  # ASSUMPTION A-27
    xmpp: int = 5222  # ASSUMPTION A-27
    federation: int = 5269  # ASSUMPTION A-27
    presence_sip: int = 5062  # ASSUMPTION A-67


@dataclass(frozen=True)
class SshManners:
    """How the command line behaves; times are lab seconds."""

    banner_delay: float = 10.0
    password_auth: bool = False  # ASSUMPTION A-23
    session_cap: int = 10
    idle_timeout: float = 1800.0
    page_lines: int = 20
    ou_prompt: bool | None = None  # None: as the release does
    privilege: int = 4
    commands_need_privilege: bool = True
    silent_restarts: tuple[str, ...] = ()  # nodes whose restarts come back to the prompt without [STARTED]
    authz_row: bool = False  # ASSUMPTION A-12


@dataclass(frozen=True)
class RestManners:
    """How the certificate management REST API behaves where the record is silent or contradicts itself."""

    trust_as_object: bool = False  # GET trust answers {"certificates": []} instead of an array
    trust_suffix: bool = False  # the snapshot names stores `tomcat-trust` instead of `tomcat`
    duplicate_trust_status: int = 400  # ASSUMPTION A-33
    identity_upload_stores_chain: bool = False  # ASSUMPTION A-64


@dataclass(frozen=True)
class SoapManners:
    """Limits and habits of AXL, RISPort70, PerfMon and Control Center Services."""

    realtime_per_minute: int = 15
    perfmon_per_minute: int = 80  # ASSUMPTION A-47
    ris_cap: int = 1000  # ASSUMPTION A-43
    axl_megabytes: float = 8.0  # the largest AXL answer; beyond it a fault suggests how many rows to fetch
    paging_ignored: bool = False
    latin_lists: bool = True  # list answers in ISO-8859-1 with a trailing comment


@dataclass(frozen=True)
class PhoneManners:
    """How the phones come back; times are lab seconds (ASSUMPTION A-53)."""

    first_return: float = 20.0
    last_return: float = 120.0
    failover: tuple[float, float] = (5.0, 25.0)
    fallback: tuple[float, float] = (20.0, 60.0)
    stragglers: int = 0  # never come back from their first reset
    powered_off: int = 0  # configured, never registered
    soft_share: float = 0.1
    secure_share: float = 0.3  # only in mixed mode
    lsc_share: float = 0.0  # of the secure phones: those with a certificate of their own, issued by the CAPF
    trust_rule: Literal["217138", "214231"] = "217138"  # ASSUMPTION A-61
    tvs_vouches_for_recovery: bool = False  # ASSUMPTION A-80


@dataclass(frozen=True)
class ClusterScenario:
    """A whole cluster; `speed` is how many lab seconds pass in one real second (1.0 = realistic durations)."""

    name: str = "cluster-a"
    domain: str = "lab.example"
    version: str = "15.0.1.12900-234"
    nodes: tuple[NodeScenario, ...] = (
        NodeScenario("cucm-pub", PUBLISHER),
        NodeScenario("cucm-sub1"),
        NodeScenario("cucm-sub2"),
    )
    phones: int = 500
    device_pools: tuple[str, ...] = ("Headquarters", "Branch-North", "Branch-South", "Contact-Centre")
    mixed_mode: bool = False
    ctl_licence: bool = True
    phone_interaction: Literal["automatic", "manual"] = "automatic"
    sso_enabled: bool = False
    sso_agreement: Literal["node", "cluster"] = "node"  # whether `utils sso disable` is run on each node
    drs_running: bool = False  # somebody's backup that never ends
    backup_seconds: float = 300.0
    upgrading: bool = False
    replication_healthy: bool = True
    rollback_to_pre_8: bool = False
    speed: float = 1.0

    platform_user: str = "labadmin"
    platform_password: str = "Platform-Lab-1"
    axl_user: str = "certrenew-axl"
    axl_password: str = "Application-Lab-1"
    lockout_attempts: int = 3
    lockout_seconds: float = 300.0

    callmanager_expires_in_days: float = 20.0
    expires_in_days: Mapping[str, float] = field(default_factory=dict)  # by unit; the others live long
    ca_signed: tuple[str, ...] = ()  # units signed by a CA at the start, besides tomcat and CallManager
    multi_server: tuple[str, ...] = ()  # units with one CA-signed certificate on all their nodes at the start
    distribution_seconds: float = 5.0  # ASSUMPTION A-68
    expired_trust: int = 0  # expired CA certificates in every trust store at the start
    ecdsa_on_https: bool = False  # tomcat-ECDSA by cipher on the HTTPS port
    ecdsa_on_services: bool = True  # ASSUMPTION A-69
    https_needs_axl_tomcat: bool = False  # ASSUMPTION A-51
    presence_high_availability: bool = False
    presence_restarts_stay_down: bool = False  # ASSUMPTION A-71: only while high availability is on
    csr_parent_domain: bool = True
    strict_client_auth: bool = False  # ASSUMPTION A-26
    trust_replicates: bool = False  # ASSUMPTION A-63
    trust_deletes: Literal["node", "cluster"] = "node"  # ASSUMPTION A-82
    restart_seconds: Mapping[str, float] = field(default_factory=lambda: dict(RESTART_SECONDS))
    other_restart_seconds: float = 10.0

    network: str | None = None  # "127.A.B"; None picks one at random so that several labs can run at once
    ports: Ports = Ports()
    ssh: SshManners = SshManners()
    rest: RestManners = RestManners()
    soap: SoapManners = SoapManners()
    phone: PhoneManners = PhoneManners()
    faults: tuple[Mapping[str, Any], ...] = ()  # what goes wrong by itself, as POST /fault takes it

    def restart_duration(self, service: str) -> float:
        """Lab seconds from [STOPPING] to [STARTED]."""
        return self.restart_seconds.get(service, self.other_restart_seconds)
