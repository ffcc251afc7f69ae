"""What RIS, PerfMon and Control Center have in common: login, envelope, rate faults."""

from __future__ import annotations

from aiohttp import web

from ..cluster import Cluster
from ..node import Node
from ..rate import RateWindow
from .authentication import authenticated, unauthorized
from .soap import Call, MalformedXml, answer, fault, read_call

AST = "http://schemas.cisco.com/ast/soap"
_NAMESPACES = f' xmlns:ns1="{AST}"'


class Serviceability:
    """One of the three services of a node; `perform` answers a call that passed login and rate limit."""

    realm = "Cisco Serviceability"
    via = ""
    limit_text = ""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self.cluster = cluster
        self.node = node

    def window(self) -> RateWindow:
        """The rate window this service counts against."""
        raise NotImplementedError

    def perform(self, call: Call) -> web.Response:
        """Answer one operation."""
        raise NotImplementedError

    async def answer(self, request: web.Request) -> web.Response:
        """Login, then rate, then the operation; ASSUMPTION A-49 for the 401 page."""
        if not authenticated(request, self.node, self.cluster.application, self.via):
            return unauthorized(self.realm)
        try:
            call = read_call(await request.read())
        except MalformedXml as problem:
            return fault("soapenv:Client", str(problem))
        window = self.window()
        if not window.admits():
            self.cluster.journal.record(self.node.name, "rate_limited", via=self.via)
            return fault("ns1:Server.RateControl", self.limit_text.format(window.per_minute), namespaces=_NAMESPACES)
        return self.perform(call)

    @staticmethod
    def reply(operation: str, inner: str) -> web.Response:
        """A response element around the inner XML."""
        return answer(
            f'<ns1:{operation}Response xmlns:ns1="{AST}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"{inner}</ns1:{operation}Response>"
        )

    @staticmethod
    def unknown(call: Call) -> web.Response:
        """The fault for an operation this service does not have."""
        return fault("soapenv:Client", f"The endpoint reference (EPR) for the Operation not found is {call.operation}")


# ASSUMPTION A-44: the first sentence is on record, misspelling included; the tail is by analogy.
REALTIME_LIMIT = (
    "Exceeded allowed rate for Reatime information. "
    "Current allowed rate for realtime information is {} requests per minute."
)
PERFMON_LIMIT = (
    "Exceeded allowed rate for Perfmon information. "
    "Current allowed rate for perfmon information is {} requests per minute.PerfmonService"
)
