"""The sockets of one node, opened and closed as its services come and go."""

from __future__ import annotations

import asyncio

from .cli.server import SshServer
from .cluster import Cluster
from .listeners import Door, TlsDoor, WebDoor
from .node import Node
from .services import Event
from .web.site import node_application


class NodeServers:
    """SSH, HTTPS and the other TLS doors of a node."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        ports = cluster.scenario.ports
        self._cluster = cluster
        self._node = node
        self.ssh = SshServer(cluster, node)
        web_ports = tuple(dict.fromkeys((ports.https, ports.rest or ports.https)))
        self._doors: dict[str, Door] = {
            name: WebDoor(node.address, web_ports, lambda: node_application(cluster, node))
            if name == "https"
            else TlsDoor(node.address, getattr(ports, name))
            for name in node.listeners
        }
        self._lock = asyncio.Lock()
        node.services.watchers.append(self._service_changed)

    async def start(self) -> None:
        """Open everything that should be open."""
        await self.ssh.open()
        await self._arrange()

    async def stop(self) -> None:
        """Close everything for good."""
        await self.ssh.close()
        async with self._lock:
            for door in self._doors.values():
                await door.close()

    async def make_unreachable(self, seconds: float) -> None:
        """Take the node off the network for some lab seconds."""
        self._node.unreachable = True
        await self.ssh.close()
        await self._arrange()
        await self._cluster.clock.sleep(seconds)
        self._node.unreachable = False
        await self.start()

    async def _service_changed(self, service: str, event: Event) -> None:
        async with self._lock:
            for name, listener in self._node.listeners.items():
                if service in listener.needs and event == "stopping":
                    await self._doors[name].close()
        await self._arrange()

    async def _arrange(self) -> None:
        async with self._lock:
            for name, listener in self._node.listeners.items():
                if self._node.listening(listener):
                    await self._doors[name].open(self._node.served[name], self._node.served_elliptic.get(name))
                else:
                    await self._doors[name].close()
