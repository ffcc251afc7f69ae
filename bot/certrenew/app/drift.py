"""Notices that a cluster has other servers than the configuration names: a plan would miss some, or wait for others."""

import ipaddress
from collections.abc import Mapping, Sequence

from certrenew.domain.model import Cluster, Member, Node, Role


def drift(cluster: Cluster, addresses: Mapping[str, str], members: Sequence[Member]) -> tuple[str, ...]:
    """A sentence for each difference between the configured nodes and what the cluster itself lists.

    `addresses` says what is dialled for a node, by its name; a node may be left out. Servers may be listed by host
    name, FQDN or IP address, in any case. A server listed by its address alone stands for a node of the same duty
    whose address is not known here. Empty when both agree.
    """
    left = list(cluster.nodes)
    pairs: list[tuple[Member, Node]] = []
    strangers: list[Member] = []
    for member in members:
        node = next((node for node in left if is_node(member, node, cluster, addresses)), None)
        if node is None:
            strangers.append(member)
        else:
            left.remove(node)
            pairs.append((member, node))
    told = [_joined(cluster, member) for member in strangers if not _stands_for_one(member, left, addresses)]
    for member, node in pairs:
        if _duty(node.role) != _duty(member.role):
            told.append(
                f"{node.name} is a {_duty(member.role)} of {cluster.name}, but the configuration calls it a"
                f' {_duty(node.role)}: write role = "{member.role}" in its table [[clusters.{cluster.name}.nodes]].'
            )
    return (*told, *(_gone(cluster, node) for node in left))


def _stands_for_one(member: Member, left: list[Node], addresses: Mapping[str, str]) -> bool:
    """Takes that node out of `left`. Where nobody can tell who an address is, a plan must not be refused for it."""
    if not is_address(_plain(member.name)):
        return False
    for node in left:
        if _duty(node.role) == _duty(member.role) and not is_address(_plain(addresses.get(node.name, ""))):
            left.remove(node)
            return True
    return False


def _joined(cluster: Cluster, member: Member) -> str:
    known = f" ({member.address})" if member.address and member.address != member.name else ""
    return (
        f"{member.name}{known} is a {member.role} of {cluster.name}, but the configuration does not name it: add a"
        f' table [[clusters.{cluster.name}.nodes]] with name = "{_first_label(member.name)}" and'
        f' role = "{member.role}".'
    )


def _gone(cluster: Cluster, node: Node) -> str:
    return (
        f"{node.name} is configured, but {cluster.name} does not list it any more: remove its table"
        f' [[clusters.{cluster.name}.nodes]] with name = "{node.name}".'
    )


def _duty(role: Role) -> str:
    """What decides about the order of a plan; which presence node is the first there is not always told."""
    if role.presence:
        return "presence node"
    return "publisher" if role is Role.PUBLISHER else "subscriber"


def is_node(member: Member, node: Node, cluster: Cluster, addresses: Mapping[str, str]) -> bool:
    """Whether a listed server is this node of `cluster`; the rest as for `drift`."""
    listed = [_plain(text) for text in (member.name, member.address) if text]
    names = [_plain(text) for text in (node.name, node.fqdn) if text]
    dialled = _plain(addresses.get(node.name, ""))
    others = [_plain(addresses.get(other.name, "")) for other in cluster.nodes if other.name != node.name]
    if dialled and dialled not in others:  # behind one address with many ports, it says nothing about who is who
        names.append(dialled)
    return any(_among(one, names) for one in listed)


def _among(one: str, names: Sequence[str]) -> bool:
    """A short name stands for any domain; a full one is compared with full ones, as long as there are some."""
    if one in names:
        return True
    others = [name for name in names if not is_address(name)]
    if is_address(one) or (_is_full(one) and any(map(_is_full, others))):
        return False
    return _first_label(one) in [_first_label(name) for name in others]


def _is_full(name: str) -> bool:
    return "." in name and not is_address(name)


def _plain(text: str) -> str:
    text = text.strip().rstrip(".").casefold()
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return text


def is_address(text: str) -> bool:
    """Whether it is an IP address rather than a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _first_label(name: str) -> str:
    return name if is_address(name) else name.split(".")[0]
