"""The AXL operations that read the cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..cluster import Cluster, call_manager_groups, group_of_pool
from ..queries import BadQuery, rows_of
from .axl_answers import AxlAnswer, AxlFault, stable_uuid, too_large
from .soap import Call, tag

_Row = TypeVar("_Row")
_ENTERPRISE = "EnterpriseWideData"


def get_version(cluster: Cluster, _: Call) -> AxlAnswer:
    """getCCMVersion."""
    version = cluster.release.version.replace("-", "(") + ")"
    return AxlAnswer(f"<return><componentVersion>{tag('version', version)}</componentVersion></return>")


def list_nodes(cluster: Cluster, call: Call) -> AxlAnswer:
    """listProcessNode, with the virtual node EnterpriseWideData in front; ASSUMPTION A-72 for the presence nodes."""
    wanted = call.inside("returnedTags")
    rows = [{"name": _ENTERPRISE, "description": "", "nodeUsage": "Publisher", "processNodeRole": "CUCM Voice/Video"}]
    rows += [
        {
            "name": node.fqdn,
            "description": node.name,
            "nodeUsage": "Publisher" if node.is_publisher else "Subscriber",
            "processNodeRole": "CUCM IM and Presence" if node.presence else "CUCM Voice/Video",
        }
        for node in cluster.nodes
    ]
    return _list("processNode", [row for row in rows if _like(row["name"], call.text("name", "%"))], wanted)


def query(cluster: Cluster, call: Call) -> AxlAnswer:
    """executeSQLQuery; ASSUMPTION A-55 for a statement the database does not understand."""
    try:
        rows = rows_of(cluster, call.text("sql"))
    except BadQuery as problem:
        raise AxlFault(-201, str(problem)) from problem
    body = "".join("<row>" + "".join(tag(column, value) for column, value in row.items()) + "</row>" for row in rows)
    limit = int(cluster.scenario.soap.axl_megabytes * 1024 * 1024)
    if len(body) > limit:
        raise AxlFault(-1, too_large(len(rows), limit * len(rows) // len(body)))
    return AxlAnswer(f"<return>{body}</return>" if body else "<return/>")


def get_parameter(cluster: Cluster, call: Call) -> AxlAnswer:
    """getServiceParameter for the enterprise-wide parameters."""
    name = call.text("name")
    if name not in cluster.parameters:
        raise AxlFault(5007, f"Item not valid: The specified {name} was not found")
    row = _parameter(name, cluster.parameters[name])
    inner = "".join(tag(field, value) for field, value in row.items())
    return AxlAnswer(
        f'<return><serviceParameter uuid="{stable_uuid("parameter", name)}">{inner}</serviceParameter></return>'
    )


def list_parameters(cluster: Cluster, call: Call) -> AxlAnswer:
    """listServiceParameter for the enterprise-wide parameters."""
    rows = [_parameter(name, value) for name, value in cluster.parameters.items()]
    return _list("serviceParameter", rows, call.inside("returnedTags"))


def list_phones(cluster: Cluster, call: Call) -> AxlAnswer:
    """listPhone; `first` and `skip` may be ignored, as on some live clusters."""
    name, pool = call.text("name", "%"), call.text("devicePoolName") or "%"
    pools = {each for each in cluster.scenario.device_pools if _like(each, pool)}
    matched = [phone for phone in cluster.fleet.phones.values() if phone.pool in pools and _like(phone.name, name)]
    rows = [
        {
            "name": phone.name,
            "description": phone.pool,
            "model": "Cisco Unified Client Services Framework" if phone.soft else "Cisco 8845",
            "devicePoolName": phone.pool,
            "securityProfileName": "Secure SIP profile" if phone.secure else "Standard SIP Non-Secure Profile",
        }
        for phone in _page(cluster, call, matched)
    ]
    return _list("phone", rows, call.inside("returnedTags"), cluster.scenario.soap.axl_megabytes)


def list_registrations(cluster: Cluster, call: Call) -> AxlAnswer:
    """listRegistrationDynamic: last-known state, with a spelling of its own."""
    cluster.fleet.settle()
    spelled = {"Registered": "Registered", "UnRegistered": "Unregistered", "Rejected": "Rejected"}
    rows = []
    for phone in cluster.fleet.phones.values():
        if not _like(phone.name, call.text("device", "%")):
            continue
        latest = phone.latest()
        rows.append(
            {
                "device": phone.name,
                "lastKnownUcm": latest[0] if latest else "",
                "lastSeen": str(latest[1].timestamp) if latest else "0",
                "risStatus": spelled[latest[1].status] if latest else "Unknown",
            }
        )
    limit = cluster.scenario.soap.axl_megabytes
    return _list("registrationDynamic", _page(cluster, call, rows), call.inside("returnedTags"), limit)


def list_pools(cluster: Cluster, call: Call) -> AxlAnswer:
    """listDevicePool."""
    rows = [
        {"name": pool, "callManagerGroupName": group_of_pool(cluster.scenario, pool)}
        for pool in cluster.scenario.device_pools
        if _like(pool, call.text("name", "%"))
    ]
    return _list("devicePool", rows, call.inside("returnedTags"))


def list_groups(cluster: Cluster, call: Call) -> AxlAnswer:
    """listCallManagerGroup."""
    groups = call_manager_groups([node.name for node in cluster.voice_nodes])
    rows = [{"name": name} for name in groups if _like(name, call.text("name", "%"))]
    return _list("callManagerGroup", rows, call.inside("returnedTags"))


def count_devices(cluster: Cluster, call: Call) -> AxlAnswer:
    """getNumDevices: configured, not registered."""
    return AxlAnswer(tag("return", len(cluster.fleet.phones) if call.text("class") == "Phone" else 0))


def _parameter(name: str, value: str) -> dict[str, str]:
    return {
        "processNodeName": _ENTERPRISE,
        "name": name,
        "service": "Enterprise Wide",
        "value": value,
        "valueType": "String",
    }


def _page(cluster: Cluster, call: Call, rows: list[_Row]) -> list[_Row]:
    if cluster.scenario.soap.paging_ignored:
        return rows
    skip = int(call.text("skip") or 0)
    first = call.text("first")
    return rows[skip : skip + int(first)] if first else rows[skip:]


def _list(element: str, rows: list[dict[str, str]], wanted: list[str], megabytes: float = 8.0) -> AxlAnswer:
    """A list answer; AxlFault with the number of rows that would fit when it is larger than one answer may be."""
    pieces: list[str] = []
    for row in rows:
        key = row.get("name") or row.get("device", "")
        fields = "".join(
            tag(field, value, attributes=f'uuid="{stable_uuid(field, value)}"' if field == "devicePoolName" else "")
            for field, value in row.items()
            if not wanted or field in wanted
        )
        pieces.append(f'<{element} uuid="{stable_uuid(element, key)}">{fields}</{element}>')
    body = "".join(pieces)
    limit = int(megabytes * 1024 * 1024)
    if len(body) > limit:
        raise AxlFault(-1, too_large(len(rows), limit * len(rows) // len(body)))
    return AxlAnswer(f"<return>{body}</return>" if body else "<return/>", is_list=True)


def _like(value: str, pattern: str) -> bool:
    """SQL LIKE with % only, the wildcard AXL searches use."""
    pieces = pattern.lower().split("%")
    text = value.lower()
    if len(pieces) == 1:
        return text == pieces[0]
    if not (text.startswith(pieces[0]) and text.endswith(pieces[-1])):
        return False
    position = len(pieces[0])
    for piece in pieces[1:-1]:
        position = text.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return position <= len(text) - len(pieces[-1])


READS: dict[str, Callable[[Cluster, Call], AxlAnswer]] = {
    "getCCMVersion": get_version,
    "listProcessNode": list_nodes,
    "executeSQLQuery": query,
    "getServiceParameter": get_parameter,
    "listServiceParameter": list_parameters,
    "listPhone": list_phones,
    "listRegistrationDynamic": list_registrations,
    "listDevicePool": list_pools,
    "listCallManagerGroup": list_groups,
    "getNumDevices": count_devices,
}
