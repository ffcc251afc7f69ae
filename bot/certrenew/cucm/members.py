"""Read which servers a cluster has, from AXL or from `show network cluster`."""

import ipaddress
import re
from xml.etree.ElementTree import Element

from certrenew.cucm import soap
from certrenew.domain.model import Member, Role

_VIRTUAL = "enterprisewidedata"  # a process node that is no server
_ROW = re.compile(
    r"^\s*(?P<address>\d+(?:\.\d+){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+)\s+(?P<fqdn>\S+)\s+(?P<host>\S+)\s+"
    r"(?P<usage>Publisher|Subscriber)\s+(?P<product>\S+)(?:\s+(?P<database>DB\w+))?",
    re.IGNORECASE,
)


def from_axl(root: Element) -> tuple[Member, ...]:
    """Every processNode of an answer to listProcessNode; names as the database has them: host, FQDN or address."""
    found: list[Member] = []
    for entry in soap.each(root, "processNode"):
        name = soap.value(entry, "name")
        if name and name.lower() != _VIRTUAL:
            role = _role(soap.value(entry, "nodeUsage"), soap.value(entry, "processNodeRole"))
            found.append(Member(name, role, name if _is_address(name) else ""))
    return tuple(found)


def from_command_line(output: str) -> tuple[Member, ...]:
    """Every row `address fqdn host Publisher|Subscriber product DBPub|DBSub …`."""
    rows = (row for row in map(_ROW.match, output.splitlines()) if row)
    return tuple(
        Member(row["fqdn"] if "." in row["fqdn"] else row["host"], _role_of(row), row["address"]) for row in rows
    )


def _role_of(row: re.Match[str]) -> Role:
    if re.match(r"cup|im", row["product"], re.IGNORECASE):
        first = (row["database"] or "").lower() == "dbpub"
        return Role.PRESENCE_PUBLISHER if first else Role.PRESENCE_SUBSCRIBER
    return _role(row["usage"], "")


def _role(usage: str, product: str) -> Role:
    first = usage.strip().lower() == "publisher"
    if re.search(r"presence|\bIM\b", product, re.IGNORECASE):
        return Role.PRESENCE_PUBLISHER if first else Role.PRESENCE_SUBSCRIBER
    return Role.PUBLISHER if first else Role.SUBSCRIBER


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
