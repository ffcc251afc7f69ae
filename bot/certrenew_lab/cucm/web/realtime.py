"""RISPort70: which phones are registered where; ASSUMPTION A-54 for the bodies."""

from __future__ import annotations

import fnmatch
import hashlib
import time
from xml.sax.saxutils import escape

from aiohttp import web

from ..node import Node
from ..phone import Phone, Sighting
from ..rate import RateWindow
from ..service_names import CALLMANAGER
from .serviceability import REALTIME_LIMIT, Serviceability
from .soap import Call, tag


class RealTimeInformation(Serviceability):
    """Truncates silently, lists a phone under several nodes, and uses StateInfo as a change token."""

    via = "ris"
    limit_text = REALTIME_LIMIT

    def window(self) -> RateWindow:
        """Shared with Control Center, over the whole cluster."""
        return self.cluster.realtime_window

    def perform(self, call: Call) -> web.Response:
        """selectCmDevice and selectCmDeviceExt answer with the same element."""
        if call.operation not in ("selectCmDevice", "selectCmDeviceExt"):
            return self.unknown(call)
        self.cluster.fleet.settle()
        latest_only = call.operation == "selectCmDeviceExt"
        chosen = self._chosen(call, wildcards=not latest_only)
        found = self._sightings(chosen, call, latest_only=latest_only)
        room = min(int(call.text("MaxReturnedDevices") or 1000), self.cluster.scenario.soap.ris_cap)
        # ASSUMPTION A-43: what is over the cap is left out without a word.
        found = found[:room]
        state = _state_of(found)
        unchanged = bool(call.text("StateInfo")) and call.text("StateInfo") == state
        nodes = "".join(self._node(node, found, unchanged=unchanged) for node in self._asked_nodes(call))
        cm_nodes = f"<ns1:CmNodes>{nodes}</ns1:CmNodes>" if found else '<ns1:CmNodes xsi:nil="1"/>'
        return self.reply(
            "selectCmDevice",
            "<ns1:selectCmDeviceReturn><ns1:SelectCmDeviceResult>"
            f"<ns1:TotalDevicesFound>{len(found)}</ns1:TotalDevicesFound>{cm_nodes}"
            "</ns1:SelectCmDeviceResult>"
            f"<ns1:StateInfo>{escape(state) if found else ''}</ns1:StateInfo></ns1:selectCmDeviceReturn>",
        )

    def _asked_nodes(self, call: Call) -> list[Node]:
        wanted = call.text("NodeName")
        return [node for node in self.cluster.voice_nodes if wanted in ("", "Any", node.name, node.fqdn, node.address)]

    def _chosen(self, call: Call, *, wildcards: bool) -> list[Phone]:
        phones = self.cluster.fleet.phones
        items = [item for text in call.texts("Item") for item in text.split(",") if item]
        if call.text("SelectBy", "Name") == "DirNumber":
            return [phone for phone in phones.values() if phone.number in items]
        if not wildcards:
            return [phones[item] for item in items if item in phones]
        if not items:
            return list(phones.values())
        return [phone for phone in phones.values() if any(fnmatch.fnmatchcase(phone.name, item) for item in items)]

    def _sightings(self, phones: list[Phone], call: Call, *, latest_only: bool) -> list[tuple[Phone, str, Sighting]]:
        wanted = call.text("Status", "Any")
        names = {node.name for node in self._asked_nodes(call) if node.services.started(CALLMANAGER)}
        found = []
        for phone in phones:
            latest = phone.latest()
            # ASSUMPTION A-45: the Ext operation returns the latest entry only.
            seen = ([latest] if latest else []) if latest_only else list(phone.sightings.items())
            found += [
                (phone, name, sighting)
                for name, sighting in seen
                if name in names and wanted in ("Any", "", sighting.status)
            ]
        return found

    def _node(self, node: Node, found: list[tuple[Phone, str, Sighting]], *, unchanged: bool) -> str:
        running = node.services.started(CALLMANAGER) and not node.unreachable
        devices = "".join(_device(phone, sighting) for phone, name, sighting in found if name == node.name)
        listed = f"<ns1:CmDevices>{devices}</ns1:CmDevices>" if devices and not unchanged else "<ns1:CmDevices/>"
        return (
            f"<ns1:item><ns1:ReturnCode>{'Ok' if running else 'NodeNotResponding'}</ns1:ReturnCode>"
            f"{tag('Name', node.name, 'ns1:')}<ns1:NoChange>{str(unchanged).lower()}</ns1:NoChange>{listed}</ns1:item>"
        )


def _state_of(found: list[tuple[Phone, str, Sighting]]) -> str:
    digest = hashlib.sha256(repr([(p.name, n, s) for p, n, s in found]).encode()).hexdigest()[:16]
    return f'<StateInfo ClusterWide="1"><Node Name="all" Token="{digest}"/></StateInfo>'


def _device(phone: Phone, sighting: Sighting) -> str:
    registered = sighting.status == "Registered"
    fields: list[tuple[str, object]] = [
        ("Name", phone.name),
        ("DirNumber", f"{phone.number}-{sighting.status}"),
        ("DeviceClass", "Phone"),
        ("Model", 503 if phone.soft else 684),
        ("Product", 390 if phone.soft else 36224),
        ("BoxProduct", 0),
        ("Httpd", "No" if phone.soft else "Yes"),
        ("RegistrationAttempts", 0),
        ("IsCtiControllable", "true"),
        ("LoginUserId", ""),
        ("Status", sighting.status),
        ("StatusReason", sighting.reason),
        ("PerfMonObject", 2),
        ("DChannel", 0),
        ("Description", phone.pool),
        ("TimeStamp", sighting.timestamp or int(time.time())),
        ("Protocol", "SIP"),
        ("NumOfLines", 1),
    ]
    line = tag("DirectoryNumber", phone.number, "ns1:") + tag("Status", sighting.status, "ns1:")
    address = phone.address if registered else ""
    return (
        "<ns1:item>"
        + "".join(tag(name, value, "ns1:") for name, value in fields)
        + f"<ns1:LinesStatus><ns1:item>{line}</ns1:item></ns1:LinesStatus>"
        "<ns1:ActiveLoadID>sip8845_65.14-2-1-0001-14</ns1:ActiveLoadID><ns1:InactiveLoadID/>"
        "<ns1:DownloadStatus>Unknown</ns1:DownloadStatus><ns1:DownloadFailureReason/><ns1:DownloadServer/>"
        f"<ns1:IPAddress><ns1:item>{tag('IP', address, 'ns1:')}<ns1:IPAddrType>ipv4</ns1:IPAddrType>"
        "<ns1:Attribute>Unknown</ns1:Attribute></ns1:item></ns1:IPAddress></ns1:item>"
    )
