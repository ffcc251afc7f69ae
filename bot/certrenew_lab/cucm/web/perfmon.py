"""PerfMon: the cheap registration counters, per node."""

from __future__ import annotations

from aiohttp import web

from ..node import Node
from ..rate import RateWindow
from ..service_names import CALLMANAGER
from .serviceability import PERFMON_LIMIT, Serviceability
from .soap import Call, fault, tag


class PerfMon(Serviceability):
    """A flat list of counters whose names echo the Host that was asked for."""

    via = "perfmon"
    limit_text = PERFMON_LIMIT

    def window(self) -> RateWindow:
        """A limit of its own."""
        return self.cluster.perfmon_window

    def perform(self, call: Call) -> web.Response:
        """perfmonCollectCounterData for the object `Cisco CallManager`."""
        if call.operation != "perfmonCollectCounterData":
            return self.unknown(call)
        host, wanted = call.text("Host"), call.text("Object")
        node = self.cluster.find_node(host)
        if node is None or node.presence or wanted != CALLMANAGER:
            return fault("soapenv:Server", f"Error: object {wanted} is not available on host {host}")
        counters = self._counters(node)
        rows = "".join(
            "<ns1:perfmonCollectCounterDataReturn>"
            + tag("Name", f"\\\\{host}\\{wanted}\\{name}", "ns1:")
            + tag("Value", value, "ns1:")
            # Status 1 is as good as 0.
            + tag("CStatus", position % 2, "ns1:")
            + "</ns1:perfmonCollectCounterDataReturn>"
            for position, (name, value) in enumerate(counters.items())
        )
        return self.reply("perfmonCollectCounterData", rows)

    def _counters(self, node: Node) -> dict[str, int]:
        if not node.services.started(CALLMANAGER):
            return {}  # ASSUMPTION A-62: the object is gone while CallManager is down
        hard, soft = self.cluster.fleet.kinds_on(node.name)
        return {
            "CallManagerHeartBeat": int(self.cluster.clock.now()),
            "CallsActive": 0,
            "InitializationState": 100,
            "PartiallyRegisteredPhone": 0,
            "RegisteredAnalogAccess": 0,
            "RegisteredHardwarePhones": hard,
            "RegisteredMGCPGateway": 0,
            "RegisteredOtherStationDevices": soft,
        }
