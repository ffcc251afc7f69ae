"""The state of a whole cluster, put together from a scenario; no sockets here."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ..scenario import ClusterScenario
from .accounts import Realm
from .backups import Backups
from .clock import LabClock
from .distribution import Distribution
from .faults import Faults
from .first_certificates import Authorities, FirstCertificates
from .fleet import Fleet
from .journal import Journal
from .node import Node
from .phone import Phone
from .presence import tie_presence_nodes
from .rate import RateWindow
from .release import Release
from .services import Event, ServiceBoard, Watcher
from .trust_files import TrustFiles
from .web_security import WebSecurity


@dataclass
class Conditions:
    """The cluster-wide states a pre-check looks at; each can be changed while the lab runs."""

    mixed_mode: bool
    ctl_licence: bool
    sso_enabled: bool
    drs_running: bool
    replication_healthy: bool
    rollback_to_pre_8: bool
    upgrading: bool


class Cluster:
    """Everything the interfaces of the nodes look at and change."""

    def __init__(self, scenario: ClusterScenario) -> None:
        self.scenario = scenario
        self.release = Release(scenario.version)
        self.clock = LabClock(scenario.speed)
        self.journal = Journal()
        self.faults = Faults()
        self.network = scenario.network or f"127.{1 + secrets.randbelow(254)}.{1 + secrets.randbelow(254)}"
        self.conditions = Conditions(
            mixed_mode=scenario.mixed_mode,
            ctl_licence=scenario.ctl_licence,
            sso_enabled=scenario.sso_enabled,
            drs_running=scenario.drs_running,
            replication_healthy=scenario.replication_healthy,
            rollback_to_pre_8=scenario.rollback_to_pre_8,
            upgrading=scenario.upgrading,
        )
        self.sso_disabled_on: set[str] = set()
        self.backups = Backups(self.clock, self.journal, self.conditions, scenario.backup_seconds)
        self.web_security: dict[str, WebSecurity] = {}
        self.parameters: dict[str, str] = {
            "ClusterSecurityMode": "1" if scenario.mixed_mode else "0",
            # ASSUMPTION A-52: nobody has published this parameter's internal name.
            "PhoneInteractionOnCertUpdate": "0" if scenario.phone_interaction == "automatic" else "1",
            "AllowedDeviceQueriesPerMinute": str(scenario.soap.realtime_per_minute),
            "ClusterID": scenario.name,
        }
        self.parameters_wiped = False
        self.realtime_window = RateWindow(self.clock, scenario.soap.realtime_per_minute)
        self.perfmon_window = RateWindow(self.clock, scenario.soap.perfmon_per_minute)
        self.platform = self._realm("platform", scenario.platform_user, scenario.platform_password)
        self.application = self._realm("application", scenario.axl_user, scenario.axl_password)
        self.nodes = tuple(
            Node(
                scenario,
                own,
                f"{self.network}.{number}",
                ServiceBoard(scenario, own, self.clock, self.journal, self.faults),
            )
            for number, own in enumerate(scenario.nodes, start=10)
        )
        tie_presence_nodes(scenario, self.presence_nodes)
        self.distribution = Distribution(self.clock, self.journal, scenario.distribution_seconds)
        self.authorities: Authorities
        self.files: TrustFiles
        self.fleet: Fleet

    def equip(self) -> None:
        """Make the first certificates, trust files and phones; slow (real keys), so run it in a thread."""
        first = FirstCertificates(self.scenario, self.nodes)
        self.authorities = first.make()
        for node in self.nodes:
            node.serve_everything()
        self.files = TrustFiles(self.voice_nodes, self.release.itl_signer, self.conditions.mixed_mode)
        self.fleet = Fleet(
            self.scenario,
            make_phones(self.scenario),
            self.voice_nodes,
            self.files,
            self.clock,
            self.journal,
            self.faults,
        )
        for node in self.voice_nodes:
            node.services.watchers.append(self._fleet_watcher(node))

    def _fleet_watcher(self, node: Node) -> Watcher:
        async def watch(service: str, event: Event) -> None:
            await self.fleet.service_changed(node, service, event)

        return watch

    def _realm(self, name: str, username: str, password: str) -> Realm:
        return Realm(
            name,
            username,
            password,
            self.clock,
            self.journal,
            self.scenario.lockout_attempts,
            self.scenario.lockout_seconds,
        )

    @property
    def publisher(self) -> Node:
        """The first node."""
        return next(node for node in self.nodes if node.is_publisher)

    @property
    def voice_nodes(self) -> tuple[Node, ...]:
        """The nodes that process calls, the publisher first."""
        return tuple(node for node in self.nodes if not node.presence)

    @property
    def presence_nodes(self) -> tuple[Node, ...]:
        """The IM and Presence nodes."""
        return tuple(node for node in self.nodes if node.presence)

    def find_node(self, name: str) -> Node | None:
        """A node by host name, FQDN or address."""
        wanted = name.lower()
        return next((node for node in self.nodes if wanted in (node.name, node.fqdn, node.address)), None)


def call_manager_groups(nodes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """One CallManager group per node, that node first and the others as fallback."""
    return {f"CMG-{name}": (*nodes[number:], *nodes[:number]) for number, name in enumerate(nodes)}


def group_of_pool(scenario: ClusterScenario, pool: str) -> str:
    """Which CallManager group a device pool uses."""
    names = [node.name for node in scenario.nodes if not node.presence]
    return f"CMG-{names[scenario.device_pools.index(pool) % len(names)]}"


def make_phones(scenario: ClusterScenario) -> list[Phone]:
    """The configured phones, dealt evenly to the device pools."""
    groups = call_manager_groups([node.name for node in scenario.nodes if not node.presence])
    phones = []
    soft_every = round(1 / scenario.phone.soft_share) if scenario.phone.soft_share else 0
    secure_every = round(1 / scenario.phone.secure_share) if scenario.phone.secure_share else 0
    for number in range(scenario.phones):
        pool = scenario.device_pools[number % len(scenario.device_pools)]
        soft = bool(soft_every) and number % soft_every == soft_every - 1
        phones.append(
            Phone(
                name=f"CSFUSER{number:05d}" if soft else f"SEP00AB{number:08X}",
                number=str(10000 + number),
                address=f"10.20.{number // 250 % 250}.{number % 250 + 1}",
                pool=pool,
                group=groups[group_of_pool(scenario, pool)],
                soft=soft,
                secure=scenario.mixed_mode and not soft and bool(secure_every) and number % secure_every == 0,
                powered_off=number >= scenario.phones - scenario.phone.powered_off,
            )
        )
    return phones
