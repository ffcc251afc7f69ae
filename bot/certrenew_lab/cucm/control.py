"""The plain-HTTP door through which tests look at the lab and let things happen to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from aiohttp import web

from .cluster import Cluster
from .happenings import Happenings, catalogue, check
from .inspection import state
from .node_servers import NodeServers
from .schedule import Schedule


class ControlDoor:
    """GET /state, /journal, /faults and POST /fault on 127.0.0.1; the scenario's own faults begin when it opens."""

    def __init__(self, cluster: Cluster, servers: Mapping[str, NodeServers]) -> None:
        self._cluster = cluster
        self._runner: web.AppRunner | None = None
        self._happenings = Happenings(cluster, servers)
        self._schedule = Schedule(cluster.clock, cluster.journal, self._happenings.happen)
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
        for fault in self._cluster.scenario.faults:
            await self._schedule.add(fault)

    async def close(self) -> None:
        """Stop listening; what waits or is under way is forgotten."""
        await self._schedule.close()
        await self._happenings.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(state(self._cluster))

    async def _journal(self, _: web.Request) -> web.Response:
        return web.json_response(self._cluster.journal.entries)

    async def _faults(self, _: web.Request) -> web.Response:
        armed = [dataclasses.asdict(fault) for fault in self._cluster.faults.armed]
        waiting = [dict(body) for body in self._schedule.waiting]
        return web.json_response({"kinds": catalogue(), "armed": armed, "waiting": waiting})

    async def _fault(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            check(body, tuple(node.name for node in self._cluster.nodes))
            await self._schedule.add(body)
        except (KeyError, TypeError, ValueError) as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return web.json_response({"ok": True})
