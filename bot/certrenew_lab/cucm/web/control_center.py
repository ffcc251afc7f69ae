"""Control Center Services: status and control of the services of the local node."""

from __future__ import annotations

import time

from aiohttp import web

from ..rate import RateWindow
from ..service_names import TOMCAT, is_feature
from ..services import NOT_ACTIVATED, OUT_OF_SERVICE, Service, ServiceRefused
from .serviceability import REALTIME_LIMIT, Serviceability
from .soap import Call, tag

_SUCCESS = -1
_NO_SUCH_SERVICE = -1010
_BAD_ARGUMENTS = -1012
_NOT_SUPPORTED = -1045
_REASONS = {NOT_ACTIVATED: -1068, OUT_OF_SERVICE: -1069}
_STATUS = {"STARTED": "Started", "STOPPED": "Stopped", "STARTING": "Starting", "STOPPING": "Stopping"}


class ControlCenter(Serviceability):
    """Works on the local node only; a restart is answered before it is done."""

    via = "ccs"
    limit_text = REALTIME_LIMIT

    def window(self) -> RateWindow:
        """Shared with RIS, over the whole cluster."""
        return self.cluster.realtime_window

    def perform(self, call: Call) -> web.Response:
        """Status, control, and the static list."""
        match call.operation:
            case "soapGetServiceStatus":
                return self._status(call)
            case "soapDoControlServices":
                return self._control(call)
            case "soapGetStaticServiceList":
                return self._static_list(call)
            case "getProductInformationList":
                return self._products(call)
        return self.unknown(call)

    def _status(self, call: Call) -> web.Response:
        names = [name for name in call.texts("ServiceStatus") if name]
        board = self.node.services.services
        shown = names or [service.name for service in board.values() if not service.belongs_to_system]
        items = "".join(_item(board.get(name), name) for name in shown)
        return self._information(call.operation, 0, _SUCCESS, "", items)

    def _control(self, call: Call) -> web.Response:
        asked_node = call.text("NodeName")
        if asked_node and asked_node.lower() not in (self.node.name, self.node.fqdn, self.node.address):
            return self._information(call.operation, 1, _BAD_ARGUMENTS, "Bad arguments", "")
        names = [name for name in call.texts("item") if name]
        control = call.text("ControlType")
        items, worst, text = "", _SUCCESS, ""
        for name in names:
            try:
                self._one(name, control)
            except ServiceRefused as refusal:
                worst, text = refusal.reason, refusal.text
            items += _item(self.node.services.services.get(name), name, worst if worst != _SUCCESS else None, text)
        return self._information(call.operation, 0 if worst == _SUCCESS else 1, worst, text, items)

    def _one(self, name: str, control: str) -> None:
        if name == TOMCAT:
            # ASSUMPTION A-41: Tomcat serves this very call, so it is refused.
            raise ServiceRefused(_NOT_SUPPORTED, "Operation not supported")
        board = self.node.services
        match control:
            case "Restart":
                board.start_restart(name, "ccs")
            case "Start":
                board.start_start(name, "ccs")
            case "Stop":
                board.start_stop(name, "ccs")
            case _:
                raise ServiceRefused(_BAD_ARGUMENTS, "Bad arguments")

    def _static_list(self, call: Call) -> web.Response:
        items = "".join(
            "<ns1:item>"
            + tag("ServiceName", service.name, "ns1:")
            + tag("ServiceType", "Servlet" if service.name.endswith("Web Service") else "Service", "ns1:")
            + tag("Deployable", str(is_feature(service.name)).lower(), "ns1:")
            + tag("GroupName", "CM Services", "ns1:")
            + "<ns1:DependentServices/></ns1:item>"
            for service in self.node.services.services.values()
            if not service.belongs_to_system
        )
        return self.reply(
            call.operation,
            f"<ns1:soapGetStaticServiceListReturn><ns1:Services>{items}</ns1:Services>"
            "</ns1:soapGetStaticServiceListReturn>",
        )

    def _products(self, call: Call) -> web.Response:
        return self.reply(
            call.operation,
            "<ns1:getProductInformationListReturn>"
            + tag("ActiveServerVersion", self.cluster.release.version, "ns1:")
            + tag("PrimaryNode", self.cluster.publisher.name, "ns1:")
            + tag("SecondaryNode", "", "ns1:")
            + "</ns1:getProductInformationListReturn>",
        )

    def _information(self, operation: str, code: int, reason: int, text: str, items: str) -> web.Response:
        return self.reply(
            operation,
            f"<ns1:{operation}Return>"
            + tag("ReturnCode", code, "ns1:")
            + tag("ReasonCode", reason, "ns1:")
            + tag("ReasonString", text, "ns1:")
            + f"<ns1:ServiceInfoList>{items}</ns1:ServiceInfoList></ns1:{operation}Return>",
        )


def _item(service: Service | None, name: str, refused: int | None = None, text: str = "") -> str:
    status = _STATUS[service.state] if service else "Unknown"
    reason = refused if refused is not None else _REASONS.get(service.note, _SUCCESS) if service else _NO_SUCH_SERVICE
    words = text if refused is not None else (service.note or " ") if service else "No such service"
    # ASSUMPTION A-46: C style.
    started = time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(service.started_at)) if service else ""
    running = service is not None and service.state == "STARTED"
    return (
        "<ns1:item>"
        + tag("ServiceName", name, "ns1:")
        + tag("ServiceStatus", status, "ns1:")
        + tag("ReasonCode", reason, "ns1:")
        + tag("ReasonCodeString", words, "ns1:")
        + tag("StartTime", started if running else "", "ns1:")
        + tag("UpTime", service.uptime if service else -1, "ns1:")
        + "</ns1:item>"
    )
