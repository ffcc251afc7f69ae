"""What a cluster was found to consist of, as a table for people and as tables for the configuration."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from certrenew.domain.model import Role, Service
from certrenew.domain.values import Json

WIDE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNode:
    """A server that the cluster lists. `problem` is why it was not looked at, or not completely."""

    name: str
    role: Role
    fqdn: str = ""
    host: str = ""  # what was dialled
    ssh_keys: tuple[str, ...] = ()
    certificate_pins: tuple[str, ...] = ()
    version: str = ""
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    configured: bool = False
    problem: str = ""

    @property
    def active(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, service in self.services.items() if service.active))

    def to_json(self) -> Mapping[str, Json]:
        return {
            "name": self.name,
            "fqdn": self.fqdn,
            "role": str(self.role),
            "address": self.host,
            "release": self.version,
            "active_services": list(self.active),
            "ssh_keys": list(self.ssh_keys),
            "certificate_pins": list(self.certificate_pins),
            "configured": self.configured,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the tables of a configuration need beside the nodes. A password is named by where it stands, never shown."""

    cluster: str
    platform_user: str
    platform_password: Mapping[str, str]
    application_user: str
    application_password: Mapping[str, str]


def table_lines(nodes: Sequence[FoundNode], interesting: Collection[str]) -> Iterator[str]:
    """A line for each node; below it the services that a renewal of some purpose restarts or asks for."""
    rows = [("NODE", "ROLE", "RELEASE", "ADDRESS"), *((n.name, str(n.role), n.version or "-", n.host) for n in nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for number, row in enumerate(rows):
        yield "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3])).rstrip()
        if number:
            node = nodes[number - 1]
            if node.problem:
                yield f"    not read: {node.problem}"
            known = [name for name in node.active if name in interesting]
            others = len(node.active) - len(known)
            if node.active:
                yield from _wrapped(known, f"and {others} more active services" if others else "")


def toml_lines(nodes: Sequence[FoundNode], draft: Draft) -> Iterator[str]:
    """Tables that certrenew.toml takes as they are, once the authority and the secrets are filled in."""
    name = _key(draft.cluster)
    releases = {".".join(node.version.split(".")[:2]) for node in nodes if node.version and not node.role.presence}
    yield f"[clusters.{name}]"
    yield 'authority = "…"                           # a name of [authorities.NAME]'
    if len(releases) == 1:
        yield f"release = {_quoted(releases.pop())}"
    yield f"platform = {{ user = {_quoted(draft.platform_user)}, password = {_secret(draft.platform_password)} }}"
    yield (
        f"application = {{ user = {_quoted(draft.application_user)},"
        f" password = {_secret(draft.application_password)} }}"
    )
    for node in sorted(nodes, key=lambda node: list(Role).index(node.role)):
        yield ""
        yield from node_lines(node, name)


def node_lines(node: FoundNode, cluster: str) -> Iterator[str]:
    """The table of one node; what is not known of it stands there as a comment."""
    yield f"[[clusters.{cluster}.nodes]]"
    yield f"name = {_quoted(node.name)}"
    yield f"fqdn = {_quoted(node.fqdn or node.name)}"
    yield f"role = {_quoted(node.role)}"
    if node.host and node.host != node.fqdn:
        yield f"address = {_quoted(node.host)}"
    if node.ssh_keys:
        yield f"ssh_keys = [{', '.join(map(_quoted, node.ssh_keys))}]"
    else:
        yield "# ssh_keys = […]                         # not known yet: run discover again, or look at its console"
    if node.certificate_pins:
        yield f"certificate_pins = [{', '.join(map(_quoted, node.certificate_pins))}]"


def _wrapped(names: Sequence[str], rest: str) -> Iterator[str]:
    line = "   "
    words = [*(f"{name}," for name in names[: None if rest else -1]), rest or (names[-1] if names else "")]
    for word in words:
        if len(line) + 1 + len(word) > WIDE:
            yield line
            line = "   "
        line += f" {word}"
    yield line


def _secret(place: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{kind} = {_quoted(where)}" for kind, where in place.items()) + " }"


def _quoted(text: str) -> str:
    """A TOML string: those of JSON are strings of TOML too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name and all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in name) else _quoted(name)
