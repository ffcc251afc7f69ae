"""The AXL operations that reset devices, and the look-alikes that destroy parameters."""

from __future__ import annotations

from collections.abc import Callable

from .. import rules
from ..cluster import Cluster, call_manager_groups, group_of_pool
from ..phone import Phone
from .axl_answers import AxlAnswer, AxlFault, stable_uuid
from .soap import Call, tag


def _phone(cluster: Cluster, call: Call) -> AxlAnswer:
    """resetPhone, restartPhone, applyPhone."""
    name = _named(call, "phone", list(cluster.fleet.phones))
    return _reset(cluster, call, f"phone {name}", [cluster.fleet.phones[name]], stable_uuid("phone", name))


def _device(cluster: Cluster, call: Call) -> AxlAnswer:
    """doDeviceReset."""
    name = call.text("deviceName")
    if name not in cluster.fleet.phones:
        raise AxlFault(5007, f"Item not valid: The specified {name} was not found")
    return _reset(cluster, call, f"phone {name}", [cluster.fleet.phones[name]], "true")


def _pool(cluster: Cluster, call: Call) -> AxlAnswer:
    """resetDevicePool, restartDevicePool, applyDevicePool."""
    name = _named(call, "devicePool", list(cluster.scenario.device_pools))
    phones = [phone for phone in cluster.fleet.phones.values() if phone.pool == name]
    return _reset(cluster, call, f"device pool {name}", phones, stable_uuid("devicePool", name))


def _group(cluster: Cluster, call: Call) -> AxlAnswer:
    """resetCallManagerGroup, applyCallManagerGroup."""
    name = _named(call, "callManagerGroup", list(call_manager_groups([node.name for node in cluster.voice_nodes])))
    phones = [phone for phone in cluster.fleet.phones.values() if group_of_pool(cluster.scenario, phone.pool) == name]
    return _reset(cluster, call, f"group {name}", phones, stable_uuid("callManagerGroup", name))


def _everything(cluster: Cluster, call: Call) -> AxlAnswer:
    """resetEnterpriseParameters and its sisters; ASSUMPTION A-40: all devices, no value touched."""
    return _reset(cluster, call, "all", list(cluster.fleet.phones.values()), "true")


def _destroy(cluster: Cluster, call: Call) -> AxlAnswer:
    """The trap: sets parameters to their defaults."""
    cluster.journal.record(cluster.publisher.name, "trap", what=call.operation)
    rules.broken(cluster, cluster.publisher.name, "parameters_reset", what=call.operation)
    cluster.parameters_wiped = True
    cluster.parameters = dict.fromkeys(cluster.parameters, "0")
    return AxlAnswer(tag("return", "true"))


def _reset(cluster: Cluster, call: Call, scope: str, phones: list[Phone], result: str) -> AxlAnswer:
    # `apply` only resets devices whose configuration changed; here none did.
    if not call.operation.startswith("apply"):
        cluster.fleet.reset(phones, scope, f"AXL {call.operation}")
    return AxlAnswer(tag("return", result))


def _named(call: Call, kind: str, names: list[str]) -> str:
    wanted_name, wanted_uuid = call.text("name"), call.text("uuid").upper()
    for name in names:
        if name == wanted_name or (wanted_uuid and stable_uuid(kind, name).strip("{}") == wanted_uuid.strip("{}")):
            return name
    raise AxlFault(5007, f"Item not valid: The specified {wanted_name or wanted_uuid} was not found")


RESETS: dict[str, Callable[[Cluster, Call], AxlAnswer]] = {
    **dict.fromkeys(("resetPhone", "restartPhone", "applyPhone"), _phone),
    "doDeviceReset": _device,
    **dict.fromkeys(("resetDevicePool", "restartDevicePool", "applyDevicePool"), _pool),
    **dict.fromkeys(("resetCallManagerGroup", "applyCallManagerGroup"), _group),
    **dict.fromkeys(
        ("resetEnterpriseParameters", "restartEnterpriseParameters", "applyConfigEnterpriseParameters"), _everything
    ),
    **dict.fromkeys(("doEnterpriseParametersReset", "doServiceParametersReset"), _destroy),
}
