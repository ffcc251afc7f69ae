"""The few database queries this lab understands, shared by `run sql` and AXL's executeSQLQuery."""

from __future__ import annotations

import re

from .certificate_inventory import INVENTORY_QUERY, inventory
from .cluster import Cluster

_PARAMETERS = re.compile(
    r"select\s+paramname\s*,\s*paramvalue\s+from\s+processconfig"
    r"(?:\s+where\s+paramname\s*(?P<how>=|like)\s*'(?P<name>[^']*)')?\s*;?",
    re.IGNORECASE,
)
_NODES = re.compile(r"select\s+name\s*,\s*nodeid\s+from\s+processnode\s*;?", re.IGNORECASE)


_DEVICES = re.compile(
    r"select\s+(?:skip\s+(?P<skip>\d+)\s+)?(?:first\s+(?P<first>\d+)\s+)?name\s+from\s+device"
    r"(?:\s+where\s+name\s+like\s+'(?P<name>[^']*)')?\s*;?",
    re.IGNORECASE,
)


class BadQuery(Exception):
    """The database does not understand the statement."""


def rows_of(cluster: Cluster, statement: str) -> list[dict[str, str]]:
    """The rows a statement selects; BadQuery for anything else (ASSUMPTION A-55)."""
    text = " ".join(statement.split())
    parameters = _PARAMETERS.fullmatch(text)
    if parameters:
        rows = _parameters(cluster)
        wanted = parameters["name"]
        if wanted is not None:
            pattern = re.escape(wanted).replace("%", ".*") if parameters["how"].lower() == "like" else re.escape(wanted)
            rows = {name: value for name, value in rows.items() if re.fullmatch(pattern, name)}
        return [{"paramname": name, "paramvalue": value} for name, value in rows.items()]
    devices = _DEVICES.fullmatch(text)
    if devices:
        return _devices(cluster, devices)
    if _NODES.fullmatch(text):
        names = ["EnterpriseWideData", *(node.name for node in cluster.nodes)]
        return [{"name": name, "nodeid": str(number)} for number, name in enumerate(names, start=1)]
    if INVENTORY_QUERY.fullmatch(text):
        return inventory(cluster)
    raise BadQuery("A syntax error has occurred.")


def _parameters(cluster: Cluster) -> dict[str, str]:
    return {
        **cluster.parameters,
        "RollBackToPreGrayback": "T" if cluster.conditions.rollback_to_pre_8 else "F",
    }


def _devices(cluster: Cluster, asked: re.Match[str]) -> list[dict[str, str]]:
    pattern = re.compile(re.escape(asked["name"] or "%").replace("%", ".*"))
    names = [name for name in cluster.fleet.phones if pattern.fullmatch(name)]
    skip = int(asked["skip"] or 0)
    return [{"name": name} for name in names[skip : skip + int(asked["first"] or len(names))]]
