"""A running CUCM cluster on loopback: start it, describe it, stop it."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

from .. import assumptions
from ..scenario import ClusterScenario
from . import rules
from . import x509 as certificates
from .cluster import Cluster
from .control import ControlDoor
from .node import Node
from .node_servers import NodeServers


class LabCucm:
    """`await start()` binds every port; `description()` then says how to reach and trust the nodes."""

    def __init__(self, scenario: ClusterScenario | None = None) -> None:
        self.scenario = scenario or ClusterScenario()
        self.cluster = Cluster(self.scenario)
        rules.watch(self.cluster)
        self.servers: dict[str, NodeServers] = {}
        self._control = ControlDoor(self.cluster, self.servers)
        self._phone_life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make certificates and phones, then bind every port."""
        await asyncio.to_thread(self.cluster.equip)
        for node in self.cluster.nodes:
            self.servers[node.name] = NodeServers(self.cluster, node)
        await asyncio.gather(*(servers.start() for servers in self.servers.values()))
        await self._control.open()
        self._phone_life = asyncio.get_running_loop().create_task(self._let_phones_live())

    async def stop(self) -> None:
        """Close every port and forget what was under way."""
        if self._phone_life is not None:
            self._phone_life.cancel()
            await asyncio.gather(self._phone_life, return_exceptions=True)
        await self._control.close()
        await self.cluster.distribution.close()
        for node in self.cluster.nodes:
            await node.services.close()
        for servers in self.servers.values():
            await servers.stop()

    async def __aenter__(self) -> LabCucm:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _let_phones_live(self) -> None:
        # Phones move when their time comes, so that sightings carry the true time even while nobody looks.
        while True:
            self.cluster.fleet.settle()
            await asyncio.sleep(0.05)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Everything that was done so far, oldest first."""
        return self.cluster.journal.entries

    def description(self) -> dict[str, Any]:
        """How to reach, log in to and trust this cluster; JSON-able."""
        scenario = self.scenario
        old = self.cluster.authorities.old
        return {
            "cluster": scenario.name,
            "domain": scenario.domain,
            "version": scenario.version,
            "speed": scenario.speed,
            "control_url": self._control.url,
            "platform": {"username": scenario.platform_user, "password": scenario.platform_password},
            "application": {"username": scenario.axl_user, "password": scenario.axl_password},
            "nodes": [self._describe(node) for node in self.cluster.nodes],
            "ca_bundle": self.cluster.authorities.tomcat.chain_pem(),
            "old_ca": {
                "issuer": old.name,
                "chain": old.chain_pem(),
                "callmanager_expires": self.callmanager_expires(self.cluster.publisher).isoformat(),
            },
            "assumptions": assumptions.as_text(),
        }

    @staticmethod
    def callmanager_expires(node: Node) -> datetime.datetime:
        """When the stored CallManager certificate of a node ends (timezone-aware)."""
        return node.store.identities["CallManager"].certificate.not_valid_after_utc

    def _describe(self, node: Node) -> dict[str, Any]:
        ports = self.scenario.ports
        keys = self.servers[node.name].ssh.host_keys()
        return {
            "name": node.name,
            "fqdn": node.fqdn,
            "role": node.role,
            "address": node.address,
            "ssh_port": ports.ssh,
            "https_port": ports.https,
            "rest_port": ports.rest or ports.https,
            "ports": {name: getattr(ports, name) for name in node.listeners},
            "ssh_host_key": keys[0],
            "ssh_host_keys": keys,
            "tomcat_certificate": certificates.pem(node.store.identities["tomcat"].certificate),
            "services": [service.name for service in node.services.services.values() if service.state == "STARTED"],
        }
