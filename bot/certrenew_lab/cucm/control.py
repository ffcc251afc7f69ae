"""The plain-HTTP door through which tests look at the lab and arm its faults."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from aiohttp import web

from .cluster import Cluster, Conditions
from .desk import RequestOptions, generate_request
from .faults import KINDS, Fault
from .inspection import state
from .node import Node
from .node_servers import NodeServers


class ControlDoor:
    """GET /state, /journal, /faults and POST /fault on 127.0.0.1."""

    def __init__(self, cluster: Cluster, servers: dict[str, NodeServers]) -> None:
        self._cluster = cluster
        self._servers = servers
        self._runner: web.AppRunner | None = None
        self._outages: set[asyncio.Task[None]] = set()
        self.url = ""

    async def open(self) -> None:
        """Bind to a free port."""
        application = web.Application()
        application.router.add_get("/state", self._state)
        application.router.add_get("/journal", self._journal)
        application.router.add_get("/faults", self._faults)
        application.router.add_post("/fault", self._fault)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening; outages under way are forgotten."""
        for outage in list(self._outages):
            outage.cancel()
        await asyncio.gather(*self._outages, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(state(self._cluster))

    async def _journal(self, _: web.Request) -> web.Response:
        return web.json_response(self._cluster.journal.entries)

    async def _faults(self, _: web.Request) -> web.Response:
        armed = [dataclasses.asdict(fault) for fault in self._cluster.faults.armed]
        return web.json_response({"kinds": {**KINDS, **_IMMEDIATE}, "armed": armed})

    async def _fault(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            await self.apply(body)
        except (KeyError, TypeError, ValueError) as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return web.json_response({"ok": True})

    async def apply(self, body: dict[str, Any]) -> None:
        """Arm a fault or do an immediate one; ValueError when it makes no sense."""
        match body.get("kind"):
            case "unreachable":
                servers = self._servers[self._node(body).name]
                outage = asyncio.get_running_loop().create_task(
                    servers.make_unreachable(float(body.get("seconds", 60)))
                )
                self._outages.add(outage)
                outage.add_done_callback(self._outages.discard)
            case "csr_overwrite":
                unit = str(body.get("unit", "CallManager"))
                await generate_request(self._cluster, self._node(body), unit, RequestOptions(), "behind the back")
            case "service_state":
                services = self._node(body).services
                await services.force(str(body["service"]), body.get("state", "STOPPED"), str(body.get("note", "")))
            case "condition":
                name = str(body["name"])
                if name not in {field.name for field in dataclasses.fields(Conditions)}:
                    raise ValueError(f"unknown condition {name!r}")
                setattr(self._cluster.conditions, name, bool(body.get("value", True)))
            case _:
                self._cluster.faults.arm(Fault(**body))

    def _node(self, body: dict[str, Any]) -> Node:
        node = self._cluster.find_node(str(body.get("node", "")))
        if node is None:
            raise ValueError(f"no node {body.get('node')!r}")
        return node


_IMMEDIATE = {
    "unreachable": "take `node` off the network for `seconds` lab seconds, now",
    "csr_overwrite": "generate a second request for `unit` on `node` behind the bot's back, now",
    "service_state": "put `service` on `node` into `state` with `note`, now",
    "condition": "set the cluster condition `name` to `value`, now",
}
