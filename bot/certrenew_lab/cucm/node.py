"""One node of the cluster: its names, store, services and what its listeners serve."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..scenario import PRESENCE_PUBLISHER, PUBLISHER, ClusterScenario, NodeScenario
from .certificate_store import CertificateStore, Identity
from .release import Release
from .service_names import (
    AXL_TOMCAT,
    CALLMANAGER,
    CAPF,
    HAPROXY,
    SIP_PROXY,
    TFTP,
    TOMCAT,
    TVS,
    XCP_CONNECTION_MANAGER,
    XCP_FEDERATION,
    XCP_ROUTER,
)
from .services import Event, ServiceBoard
from .units import PRESENCE_TRUST_STORES, TRUST_STORES, UNITS, Unit


@dataclass(frozen=True)
class Listener:
    """A TLS door: down unless all of `needs` run, and rereading its certificate when one of `reloads` starts.

    `elliptic` is the unit that a client with ECDSA ciphers alone is shown; `together` names services that must all
    have read the new certificate before the door shows it.
    """

    name: str
    unit: str
    needs: tuple[str, ...]
    reloads: tuple[str, ...]
    elliptic: str = ""
    together: tuple[str, ...] = ()


LISTENERS: dict[str, Listener] = {
    listener.name: listener
    for listener in (
        Listener("https", "tomcat", (TOMCAT, HAPROXY), (TOMCAT,), "tomcat-ECDSA"),
        Listener("tftp", "CallManager", (TFTP, HAPROXY), (TFTP, HAPROXY), "CallManager-ECDSA"),  # ASSUMPTION A-60
        Listener("sip", "CallManager", (CALLMANAGER,), (CALLMANAGER,), "CallManager-ECDSA"),  # ASSUMPTION A-27
        Listener("sccp", "CallManager", (CALLMANAGER,), (CALLMANAGER,)),  # ASSUMPTION A-27
        Listener("tvs", "TVS", (TVS,), (TVS,)),
        Listener("capf", "CAPF", (CAPF,), (CAPF,)),  # ASSUMPTION A-27
        # A restart of the XCP Router restarts the other XCP services, and they read the certificates.
        Listener(
            "xmpp", "cup-xmpp", (XCP_ROUTER, XCP_CONNECTION_MANAGER), (XCP_CONNECTION_MANAGER,), "cup-xmpp-ECDSA"
        ),  # ASSUMPTION A-27
        Listener(
            "federation", "cup-xmpp-s2s", (XCP_ROUTER, XCP_FEDERATION), (XCP_FEDERATION,), "cup-xmpp-s2s-ECDSA"
        ),  # ASSUMPTION A-27
        Listener("presence_sip", "cup", (SIP_PROXY,), (SIP_PROXY,), "cup-ECDSA"),  # ASSUMPTION A-67
    )
}


class Node:
    """The state of a node; sockets live elsewhere."""

    def __init__(self, scenario: ClusterScenario, own: NodeScenario, address: str, services: ServiceBoard) -> None:
        release = Release(scenario.version)
        self.release = release
        self.name = own.name
        self.role = own.role
        self.presence = own.presence
        self.domain = scenario.domain
        self.fqdn = f"{own.name}.{scenario.domain}"
        self.address = address
        self.services = services
        self.store = CertificateStore(
            release.trust_names_have_serials,
            scenario.strict_client_auth,
            PRESENCE_TRUST_STORES if own.presence else TRUST_STORES,
        )
        self.listeners = self._own_listeners(scenario)
        self.served: dict[str, Identity] = {}
        self.served_elliptic: dict[str, Identity] = {}
        self.unreachable = False
        self.cookies: dict[str, tuple[str, float]] = {}
        self._read: dict[tuple[str, str], Identity] = {}
        services.watchers.append(self._service_changed)

    @property
    def is_publisher(self) -> bool:
        """Whether this is the first node."""
        return self.role == PUBLISHER

    @property
    def is_database_publisher(self) -> bool:
        """Whether the other nodes of its kind copy their database from this one."""
        return self.role in (PUBLISHER, PRESENCE_PUBLISHER)

    def units(self) -> tuple[Unit, ...]:
        """The slots this node has."""
        found = (unit.on(presence=self.presence) for unit in UNITS.values())
        return tuple(
            unit
            for unit in found
            if unit and (unit.name != "CAPF" or self.is_publisher or not self.release.capf_on_publisher_only)
        )

    def unit(self, name: str) -> Unit:
        """One slot as this node has it; KeyError when it has no such slot."""
        return {unit.name: unit for unit in self.units()}[name]

    def serve_everything(self) -> None:
        """At the start of the lab every listener serves what is stored."""
        for listener in self.listeners.values():
            for service in listener.together:
                self._read[listener.name, service] = self.store.identities[listener.unit]
            self._reload(listener)

    def listening(self, listener: Listener) -> bool:
        """Whether a door should be open now."""
        return not self.unreachable and all(self.services.started(name) for name in listener.needs)

    def _own_listeners(self, scenario: ClusterScenario) -> dict[str, Listener]:
        names = {unit.name for unit in self.units()}
        found = {}
        for listener in LISTENERS.values():
            by_cipher = scenario.ecdsa_on_https if listener.name == "https" else scenario.ecdsa_on_services
            own = listener if by_cipher else replace(listener, elliptic="")
            if own.name == "https" and scenario.https_needs_axl_tomcat and self._has_split_tomcats:
                own = replace(own, reloads=(TOMCAT, AXL_TOMCAT), together=(TOMCAT, AXL_TOMCAT))  # ASSUMPTION A-51
            # Before 14 subscribers have a CAPF certificate that nothing uses.
            if own.unit in names and (own.unit != "CAPF" or self.is_publisher):
                found[own.name] = own
        return found

    @property
    def _has_split_tomcats(self) -> bool:
        return self.release.has_split_tomcats and not self.presence

    def _reload(self, listener: Listener) -> None:
        stored = self.store.identities[listener.unit]
        if all(self._read[listener.name, service] is stored for service in listener.together):
            self.served[listener.name] = stored
            if listener.elliptic:
                self.served_elliptic[listener.name] = self.store.identities[listener.elliptic]

    async def _service_changed(self, service: str, event: Event) -> None:
        if event == "started":
            for listener in self.listeners.values():
                if service in listener.reloads:
                    if service in listener.together:
                        self._read[listener.name, service] = self.store.identities[listener.unit]
                    self._reload(listener)
        if service == TOMCAT:
            self.cookies.clear()
