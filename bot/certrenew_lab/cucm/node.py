"""One node of the cluster: its names, store, services and what its listeners serve."""

from __future__ import annotations

from dataclasses import dataclass

from ..scenario import PUBLISHER, ClusterScenario, NodeScenario
from .certificate_store import CertificateStore, Identity
from .release import Release
from .service_names import CALLMANAGER, HAPROXY, TFTP, TOMCAT, TVS
from .services import Event, ServiceBoard
from .units import UNITS, Unit


@dataclass(frozen=True)
class Listener:
    """A TLS door: down unless all of `needs` run, and rereading its certificate when one of `reloads` starts."""

    name: str
    unit: str
    needs: tuple[str, ...]
    reloads: tuple[str, ...]


LISTENERS: dict[str, Listener] = {
    listener.name: listener
    for listener in (
        Listener("https", "tomcat", (TOMCAT, HAPROXY), (TOMCAT,)),
        Listener("tftp", "CallManager", (TFTP, HAPROXY), (TFTP, HAPROXY)),  # ASSUMPTION A-60
        Listener("sip", "CallManager", (CALLMANAGER,), (CALLMANAGER,)),  # ASSUMPTION A-27
        Listener("sccp", "CallManager", (CALLMANAGER,), (CALLMANAGER,)),  # ASSUMPTION A-27
        Listener("tvs", "TVS", (TVS,), (TVS,)),
    )
}


class Node:
    """The state of a node; sockets live elsewhere."""

    def __init__(self, scenario: ClusterScenario, own: NodeScenario, address: str, services: ServiceBoard) -> None:
        release = Release(scenario.version)
        self.release = release
        self.name = own.name
        self.role = own.role
        self.domain = scenario.domain
        self.fqdn = f"{own.name}.{scenario.domain}"
        self.address = address
        self.services = services
        self.store = CertificateStore(release.trust_names_have_serials, scenario.strict_client_auth)
        self.served: dict[str, Identity] = {}
        self.unreachable = False
        self.cookies: dict[str, tuple[str, float]] = {}
        services.watchers.append(self._service_changed)

    @property
    def is_publisher(self) -> bool:
        """Whether this is the first node."""
        return self.role == PUBLISHER

    def units(self) -> tuple[Unit, ...]:
        """The slots this node has."""
        return tuple(
            unit
            for unit in UNITS.values()
            if unit.name != "CAPF" or self.is_publisher or not self.release.capf_on_publisher_only
        )

    def serve_everything(self) -> None:
        """At the start of the lab every listener serves what is stored."""
        for listener in LISTENERS.values():
            self.served[listener.name] = self.store.identities[listener.unit]

    def listening(self, listener: Listener) -> bool:
        """Whether a door should be open now."""
        return not self.unreachable and all(self.services.started(name) for name in listener.needs)

    async def _service_changed(self, service: str, event: Event) -> None:
        if event == "started":
            for listener in LISTENERS.values():
                if service in listener.reloads:
                    self.served[listener.name] = self.store.identities[listener.unit]
        if service == TOMCAT:
            self.cookies.clear()
