"""What can happen to the cluster from outside, at once: outages, other people's work, a person at the browser."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..wording import nearest
from . import desk, sso
from .cluster import Cluster, Conditions
from .faults import KINDS, Fault
from .node import Node
from .node_servers import NodeServers

WHEN = ("after_seconds", "at_act", "at_node")
_BEHIND = "behind the back"


@dataclasses.dataclass(frozen=True)
class Happening:
    """One kind: what it does, and the keys it understands."""

    says: str
    keys: tuple[str, ...]


KNOWN: dict[str, Happening] = {
    "unreachable": Happening("take `node` off the network for `seconds` lab seconds", ("node", "seconds")),
    "csr_overwrite": Happening(
        "generate a second request for `unit` on `node` behind the bot's back", ("node", "unit")
    ),
    "service_state": Happening(
        "put `service` on `node` into `state` with `note`", ("node", "service", "state", "note")
    ),
    "condition": Happening("set the cluster condition `name` to `value`", ("name", "value")),
    "backup": Happening("somebody starts a backup of `features`", ("features",)),
    "sso_enabled": Happening("a person switches single sign-on on for all nodes", ()),
    "phones_unlocked": Happening("somebody deletes the trust files of `count` stranded phones by hand", ("count",)),
    "lscs_issued": Happening("the phones get certificates of the CAPF of today", ()),
    "phones_reset": Happening("somebody resets the phones of `pool` (of all pools when empty)", ("pool",)),
    "trust_file_damaged": Happening("damage the ITL of `node`, or the CTL when `file` is CTL", ("node", "file")),
    "trust_deleted": Happening(
        "somebody deletes `file` from the trust store `store` of `node`", ("node", "store", "file")
    ),
    "account_locked": Happening("lock the account of `realm` (platform or application)", ("realm", "seconds")),
}
CONDITIONS = tuple(field.name for field in dataclasses.fields(Conditions))
_FAULT_KEYS = tuple(field.name for field in dataclasses.fields(Fault) if field.name != "kind")


def catalogue() -> dict[str, str]:
    """Every kind with a sentence: those that fire at the next matching moment, and those that happen at once."""
    return {**KINDS, **{kind: f"{happening.says}, now" for kind, happening in KNOWN.items()}}


def check(body: Mapping[str, Any], nodes: tuple[str, ...]) -> None:
    """ValueError with one sentence when a description makes no sense."""
    kind = body.get("kind")
    if kind not in KINDS and kind not in KNOWN:
        raise ValueError(f"unknown fault {kind!r}{nearest(str(kind), [*KINDS, *KNOWN])}")
    keys = (*(KNOWN[kind].keys if kind in KNOWN else _FAULT_KEYS), *WHEN)
    for key in body:
        if key != "kind" and key not in keys:
            raise ValueError(f"a fault of kind {kind} has no key {key!r}{nearest(key, keys)}")
    if "after_seconds" in body and "at_act" in body:
        raise ValueError(f"the fault {kind} has both after_seconds and at_act; give one of them")
    for key in ("node", "at_node"):
        if body.get(key) and body[key] not in nodes:
            raise ValueError(f"the fault {kind} names the node {body[key]!r}{nearest(str(body[key]), nodes)}")
    if kind == "condition" and body.get("name") not in CONDITIONS:
        raise ValueError(f"unknown condition {body.get('name')!r}{nearest(str(body.get('name')), CONDITIONS)}")


class Happenings:
    """Lets things happen; outages under way are forgotten when the lab ends."""

    def __init__(self, cluster: Cluster, servers: Mapping[str, NodeServers]) -> None:
        self._cluster = cluster
        self._servers = servers
        self._outages: set[asyncio.Task[None]] = set()
        self._acts: dict[str, Callable[[Mapping[str, Any]], Awaitable[None] | None]] = {
            "unreachable": self._unreachable,
            "csr_overwrite": self._csr_overwrite,
            "service_state": self._service_state,
            "condition": self._condition,
            "backup": self._backup,
            "sso_enabled": lambda _: sso.enable(cluster),
            "phones_unlocked": lambda body: _nothing(cluster.fleet.unlock(int(body.get("count", 1)))),
            "lscs_issued": lambda _: _nothing(cluster.fleet.issue_lscs()),
            "phones_reset": self._phones_reset,
            "trust_file_damaged": self._trust_file_damaged,
            "trust_deleted": self._trust_deleted,
            "account_locked": self._account_locked,
        }

    async def happen(self, body: Mapping[str, Any]) -> None:
        """Arm a fault, or do at once what needs no moment; ValueError when it makes no sense."""
        plain = {key: value for key, value in body.items() if key not in WHEN}
        check(plain, tuple(node.name for node in self._cluster.nodes))
        act = self._acts.get(str(plain["kind"]))
        if act is None:
            self._cluster.faults.arm(Fault(**plain))
            return
        doing = act(plain)
        if doing is not None:
            await doing

    async def close(self) -> None:
        """Forget outages under way."""
        for outage in list(self._outages):
            outage.cancel()
        await asyncio.gather(*self._outages, return_exceptions=True)

    def _node(self, body: Mapping[str, Any]) -> Node:
        node = self._cluster.find_node(str(body.get("node", "")))
        if node is None:
            raise ValueError(f"no node {body.get('node')!r}")
        return node

    def _unreachable(self, body: Mapping[str, Any]) -> None:
        servers = self._servers[self._node(body).name]
        outage = asyncio.get_running_loop().create_task(servers.make_unreachable(float(body.get("seconds", 60))))
        self._outages.add(outage)
        outage.add_done_callback(self._outages.discard)

    async def _csr_overwrite(self, body: Mapping[str, Any]) -> None:
        unit = str(body.get("unit", "CallManager"))
        await desk.generate_request(self._cluster, self._node(body), unit, desk.RequestOptions(), _BEHIND)

    async def _service_state(self, body: Mapping[str, Any]) -> None:
        services = self._node(body).services
        await services.force(str(body["service"]), body.get("state", "STOPPED"), str(body.get("note", "")))

    def _condition(self, body: Mapping[str, Any]) -> None:
        name, value = str(body["name"]), bool(body.get("value", True))
        if name == "sso_enabled" and value:
            sso.enable(self._cluster)
        else:
            setattr(self._cluster.conditions, name, value)

    def _backup(self, body: Mapping[str, Any]) -> None:
        features = str(body.get("features", "UCM"))
        self._cluster.backups.start(self._cluster.publisher.name, features, "SCHEDULED", _BEHIND)

    def _phones_reset(self, body: Mapping[str, Any]) -> None:
        pool = str(body.get("pool", ""))
        phones = [phone for phone in self._cluster.fleet.phones.values() if pool in ("", phone.pool)]
        self._cluster.fleet.reset(phones, f"device pool {pool}" if pool else "all", _BEHIND)

    def _trust_file_damaged(self, body: Mapping[str, Any]) -> None:
        files = self._cluster.files
        if body.get("file") == "CTL":
            if files.ctl is None:
                raise ValueError("this cluster has no CTL")
            files.ctl = dataclasses.replace(files.ctl, valid=False)
        else:
            node = self._node(body).name
            files.itl[node] = dataclasses.replace(files.itl[node], valid=False)

    def _trust_deleted(self, body: Mapping[str, Any]) -> None:
        node = self._node(body)
        if not desk.delete_trust(self._cluster, node, str(body["store"]), str(body["file"]), _BEHIND):
            raise ValueError(f"{node.name} has no {body['store']}/{body['file']}")

    def _account_locked(self, body: Mapping[str, Any]) -> None:
        cluster = self._cluster
        realm = cluster.application if body.get("realm") == "application" else cluster.platform
        realm.lock("", realm.username, float(body.get("seconds", realm.lock_seconds)))


def _nothing(_: int) -> None:
    """For acts whose number nobody asks for here."""
