"""AXL: transport, login, cookies and versions; the operations are next door."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

from ..cluster import Cluster
from ..node import Node
from .authentication import UNAUTHORIZED_PAGE, basic_credentials, unauthorized
from .axl_answers import AxlAnswer, AxlFault
from .axl_reads import READS
from .axl_resets import RESETS
from .soap import MalformedXml, answer, fault, read_call

REALM = "Cisco AXL API"
_COOKIE = "JSESSIONIDSSO"
_COOKIE_IDLE = 30 * 60.0  # lab seconds
_NAMESPACE = re.compile(r"http://www\.cisco\.com/AXL/API/(\d+\.\d+)")
_ACTION = re.compile(r"CUCM:DB ver=(\d+\.\d+)")
_WORKING_PAGE = (
    "<html><head><title>Cisco CallManager: AXL Web Service</title></head><body>"
    "<h1>Cisco CallManager: AXL Web Service</h1><p>The AXL Web Service is working and accepting requests. "
    "Use HTTP POST to send a request.</p></body></html>"
)


class AxlService:
    """Publisher only; the trailing slash is part of the address."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self._cluster = cluster
        self._node = node

    def add_routes(self, application: web.Application) -> None:
        """Mount GET and POST on /axl/."""
        application.router.add_get("/axl/", self._page)
        application.router.add_post("/axl/", self._post)

    async def _page(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        response = web.Response(body=_WORKING_PAGE.encode(), headers={"Content-Type": "text/html;charset=ISO-8859-1"})
        return self._with_cookies(request, response)

    async def _post(self, request: web.Request) -> web.Response:
        broken = self._cluster.faults.take("axl_status", self._node.name)
        if broken:
            return web.Response(status=broken.status, text="<html></html>", content_type="text/html")
        refused = self._refused(request)
        if refused is not None:
            return refused
        try:
            call = read_call(await request.read())
        except MalformedXml:
            return web.Response(
                status=599, reason="", text="<html><body>Malformed XML</body></html>", content_type="text/html"
            )
        named = _NAMESPACE.fullmatch(call.namespace)
        action = _ACTION.search(request.headers.get("SOAPAction", ""))
        version = named[1] if named else ""
        if version not in self._cluster.release.axl_versions or (action and action[1] != version):
            supported = ", ".join(self._cluster.release.axl_versions)
            return fault("soapenv:Client", f"Incorrect axl version {version}. Supported versions: {supported}")
        perform = READS.get(call.operation) or RESETS.get(call.operation)
        if perform is None:
            return fault(
                "axis2ns2:Client",
                f"The endpoint reference (EPR) for the Operation not found is https://{self._node.address}:"
                f"{self._cluster.scenario.ports.https}/axl/services/AXLAPIService and the WSA Action = "
                f"CUCM:DB ver={version} {call.operation}",
                namespaces=' xmlns:axis2ns2="http://schemas.xmlsoap.org/soap/envelope/"',
            )
        try:
            result = perform(self._cluster, call)
        except AxlFault as problem:
            return _axl_fault(problem, call.operation)
        return self._with_cookies(request, self._envelope(call.operation, version, result))

    def _envelope(self, operation: str, version: str, result: AxlAnswer) -> web.Response:
        body = (
            f'<ns:{operation}Response xmlns:ns="http://www.cisco.com/AXL/API/{version}" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{result.body}</ns:{operation}Response>'
        )
        if result.is_list and self._cluster.scenario.soap.latin_lists:
            return answer(body, "ISO-8859-1", "<!--This API has been processed by GAXL not AXL-->", declaration=False)
        return answer(body)

    def _refused(self, request: web.Request) -> web.Response | None:
        if basic_credentials(request) is None and _COOKIE in request.cookies:
            known = self._node.cookies.get(request.cookies[_COOKIE])
            if known is None:
                return web.Response(status=401, text=UNAUTHORIZED_PAGE, content_type="text/html")
            username, last_used = known
            if self._cluster.clock.now() - last_used > _COOKIE_IDLE:
                del self._node.cookies[request.cookies[_COOKIE]]
                return web.Response(status=404, text="<html></html>", content_type="text/html")
            self._node.cookies[request.cookies[_COOKIE]] = (username, self._cluster.clock.now())
            return None
        credentials = basic_credentials(request)
        if credentials is None or not self._cluster.application.check(self._node.name, *credentials, "axl"):
            return unauthorized(REALM)
        return None

    def _with_cookies(self, request: web.Request, response: web.Response) -> web.Response:
        if _COOKIE not in request.cookies:
            token = secrets.token_hex(16).upper()
            self._node.cookies[token] = (self._cluster.application.username, self._cluster.clock.now())
            response.headers.add("Set-Cookie", f"{_COOKIE}={token}; Path=/; Secure; HttpOnly")
            response.headers.add(
                "Set-Cookie", f"JSESSIONID={secrets.token_hex(16).upper()}; Path=/axl; Secure; HttpOnly"
            )
        return response


def _axl_fault(problem: AxlFault, operation: str) -> web.Response:
    detail = (
        f"<axlError><axlcode>{problem.code}</axlcode><axlmessage>{problem.message}</axlmessage>"
        f"<request>{operation}</request></axlError>"
    )
    return fault("soapenv:Server", problem.message, detail)
