"""Registrations from RISPort70, counters from PerfMon, running times from Control Center, within their rate limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from certrenew.cucm import soap
from certrenew.cucm.budget import Budget
from certrenew.cucm.forbidden import operation_allowed
from certrenew.cucm.https import Https
from certrenew.cucm.settings import Timeouts
from certrenew.cucm.soap import Fault, tag
from certrenew.domain.errors import StepFailed, Unreachable
from certrenew.domain.model import Registration

_NAMESPACE = "http://schemas.cisco.com/ast/soap"
_NEEDS = 'the role "Standard RealtimeAndTraceCollection"'
BATCH = 900  # names in one request; fewer than the cap, because a phone may be listed under several nodes
_CAP = 1000


class TooManyRequests(Unreachable):
    """The rate limit did not give way in time. Where it is cluster-wide, another node would say the same."""


class Realtime:
    """The three services at one node. `shared` counts RIS and Control Center together, `counters` PerfMon."""

    def __init__(self, https: Https, shared: Budget, counters: Budget, limits: Timeouts) -> None:
        self._https = https
        self._shared = shared
        self._counters = counters
        self._limits = limits

    def registrations(self, names: Sequence[str]) -> Mapping[str, Registration]:
        """The latest entry of each phone, whichever node reports it; phones unknown to RIS are left out."""
        latest: dict[str, Registration] = {}
        batches = list(batched(names))
        while batches:
            batch = batches.pop(0)
            rows = self._batch(batch)
            if len(rows) >= _CAP and len(batch) > 1:  # cut off without a word: ask in smaller portions
                half = len(batch) // 2
                batches[:0] = [batch[:half], batch[half:]]
                continue
            for row in rows:
                known = latest.get(row.phone)
                if known is None or _order(row) > _order(known):
                    latest[row.phone] = row
        return latest

    def registered(self, hosts: Sequence[str]) -> int:
        """Registered hardware phones and other stations, asked under each of the node's names until one answers."""
        refusal: Fault | None = None
        for host in dict.fromkeys(hosts):
            body = tag("ns0:Host", host) + tag("ns0:Object", "Cisco CallManager")
            try:
                root = self._call(
                    "/perfmonservice2/services/PerfmonService", "perfmonCollectCounterData", body, self._counters
                )
            except Fault as fault:
                refusal = fault
                continue
            counters = {
                soap.value(found, "Name").rpartition("\\")[2].lower(): soap.value(found, "Value")
                for found in root.iter()
                if soap.value(found, "Name") and soap.value(found, "Value")
            }
            if counters:
                wanted = (
                    counters.get("registeredhardwarephones", "0"),
                    counters.get("registeredotherstationdevices", "0"),
                )
                return sum(int(float(count)) for count in wanted)
        if refusal is not None and not re.search(
            r"not\s+found|no\s+such|does\s+not\s+exist", refusal.text, re.IGNORECASE
        ):
            raise soap.failed(refusal, self._https.where, "count its registered phones")
        return 0  # the object is not there: CallManager does not run

    def running_for(self, service: str) -> float | None:
        body = tag("ns0:ServiceStatus", service)
        try:
            root = self._call(
                "/controlcenterservice2/services/ControlCenterServices", "soapGetServiceStatus", body, self._shared
            )
        except Fault as fault:
            raise soap.failed(fault, self._https.where, f"tell since when {service!r} runs") from None
        for item in root.iter():
            if soap.value(item, "ServiceName").lower() != service.lower():
                continue
            if soap.value(item, "ServiceStatus").lower() not in ("started", "running"):
                return None
            seconds = _running(soap.value(item, "UpTime"), soap.value(item, "StartTime"))
            if seconds is not None:
                return seconds
        raise StepFailed(
            f"{self._https.where} did not tell since when {service!r} runs. Nothing was changed; look at the node."
        )

    # ---- transport ----------------------------------------------------------------------------------------------

    def _batch(self, names: Sequence[str]) -> list[Registration]:
        items = "".join(f"<ns0:item>{tag('ns0:Item', name)}</ns0:item>" for name in names)
        body = (
            "<ns0:StateInfo></ns0:StateInfo><ns0:CmSelectionCriteria>"
            f"<ns0:MaxReturnedDevices>{_CAP}</ns0:MaxReturnedDevices><ns0:DeviceClass>Phone</ns0:DeviceClass>"
            "<ns0:Model>255</ns0:Model><ns0:Status>Any</ns0:Status><ns0:NodeName></ns0:NodeName>"
            f"<ns0:SelectBy>Name</ns0:SelectBy><ns0:SelectItems>{items}</ns0:SelectItems>"
            "<ns0:Protocol>Any</ns0:Protocol><ns0:DownloadStatus>Any</ns0:DownloadStatus></ns0:CmSelectionCriteria>"
        )
        try:
            root = self._call("/realtimeservice2/services/RISService70", "selectCmDeviceExt", body, self._shared)
        except Fault as fault:
            raise soap.failed(fault, self._https.where, "tell which phones are registered") from None
        return _rows(root)

    def _call(self, path: str, operation: str, body: str, budget: Budget) -> Element:
        operation_allowed(operation)
        request = soap.envelope(_NAMESPACE, f"<ns0:{operation}>{body}</ns0:{operation}>")
        headers = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml", "SOAPAction": f'"{operation}"'}
        waited = 0.0
        while True:
            with budget.request():
                answer = self._https.send("POST", path, body=request, headers=headers)
            try:
                return soap.read(answer, self._https.where, _NEEDS)
            except Fault as fault:
                if not fault.rate:
                    raise
            budget.refused()
            if waited >= self._limits.rate_budget:
                break
            budget.sleep(self._limits.rate_wait)
            waited += max(self._limits.rate_wait, 0.01)
        raise TooManyRequests(
            f"{self._https.where} answers that too many requests were sent, for {waited:.0f} seconds already; other "
            "programs use up the same limit. Nothing was changed; retry later."
        )


def batched(names: Sequence[str]) -> Iterator[list[str]]:
    """The names in portions of one request each, none of them twice."""
    wanted = list(dict.fromkeys(names))
    return (wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH))


def _rows(root: Element) -> list[Registration]:
    rows: list[Registration] = []
    for node in root.iter():
        for holder in soap.children(node, "CmDevices"):
            for device in holder:
                name = soap.value(device, "Name")
                if name:
                    reason = soap.value(device, "StatusReason")
                    since = _moment(soap.value(device, "TimeStamp"))
                    where = soap.value(node, "Name")
                    status = soap.value(device, "Status") or "Unknown"
                    rows.append(
                        Registration(name, status, where, int(reason) if reason.lstrip("-").isdigit() else 0, since)
                    )
    return rows


def _order(row: Registration) -> tuple[float, bool]:
    return (row.since.timestamp() if row.since else 0.0, row.registered)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text), UTC) if int(text) > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _running(up_time: str, start_time: str) -> float | None:
    """Seconds from UpTime, else from a StartTime that is a number; a written date has no known time zone."""
    for text, started in ((up_time, 0.0), (start_time, datetime.now(UTC).timestamp())):
        try:
            seconds = abs(started - float(text)) if started else float(text)
        except ValueError:
            continue
        if seconds >= 0:
            return seconds
    return None
