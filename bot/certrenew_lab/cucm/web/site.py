"""The web application of a node, put together from its interfaces, with the faults in front."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from ..cluster import Cluster
from ..node import Node
from .axl import AxlService
from .certificate_management import CertificateManagement
from .control_center import ControlCenter
from .perfmon import PerfMon
from .realtime import RealTimeInformation

REST_BASE = "/platformcom/api/v1/certmgr/config"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def node_application(cluster: Cluster, node: Node) -> web.Application:
    """A fresh application; every opening of port 8443 gets its own."""
    application = web.Application(middlewares=[_faults(cluster, node)], client_max_size=16 * 1024 * 1024)
    if cluster.release.has_rest:  # ASSUMPTION A-36: 404 before 14
        CertificateManagement(cluster, node).add_routes(application, REST_BASE)
    if node.is_publisher:
        AxlService(cluster, node).add_routes(application)
    if not node.presence:
        realtime, perfmon = RealTimeInformation(cluster, node), PerfMon(cluster, node)
        application.router.add_post("/realtimeservice2/services/RISService70", realtime.answer)
        application.router.add_post("/perfmonservice2/services/PerfmonService", perfmon.answer)
    application.router.add_post(
        "/controlcenterservice2/services/ControlCenterServices", ControlCenter(cluster, node).answer
    )
    application.on_response_prepare.append(_cisco_headers)
    return application


async def _cisco_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = ""
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


def _faults(cluster: Cluster, node: Node) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not request.path.startswith(REST_BASE):
            return await handler(request)
        line = f"{request.method} {request.path}"
        refused = cluster.faults.take("rest_status", node.name, line)
        if refused:
            return web.Response(status=refused.status, reason="", text="")
        slow = cluster.faults.take("rest_slow", node.name, line)
        if slow:
            await cluster.clock.sleep(slow.seconds)
        lost = cluster.faults.take("rest_lost_answer", node.name, line)
        response = await handler(request)
        if lost and request.transport is not None:
            cluster.journal.record(node.name, "answer_lost", line=line)
            request.transport.abort()
        return response

    return middleware
