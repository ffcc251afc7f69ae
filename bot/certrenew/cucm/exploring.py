"""Find out what a cluster consists of, from its publisher; nothing is changed, and nobody logs in before a yes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from certrenew import x509
from certrenew.app.discovery import FoundNode
from certrenew.app.drift import is_address, is_node
from certrenew.cucm.doctor import Discovery, discover
from certrenew.cucm.known_keys import KnownKeys
from certrenew.cucm.session import CucmClusters, CucmSession
from certrenew.cucm.settings import ClusterAccess, NodeAddress
from certrenew.domain.errors import AccessDenied, CertrenewError, CommandRefused
from certrenew.domain.model import Cluster, Member, Node, Role

Accept: TypeAlias = Callable[[str, Discovery], bool]
"""Whether these are the keys of that server: whoever is asked has compared them with its console."""

REFUSED = "its keys were not confirmed, so nobody logged in."


def publisher_access(access: ClusterAccess, accept: Accept) -> ClusterAccess:
    """The same access with the publisher's keys pinned, after a yes to them; raises CommandRefused after a no."""
    [address] = access.nodes
    shown = discover(address, access.timeouts)
    if not accept(address.host, shown):
        raise CommandRefused(f"{address.host}: {REFUSED} Nothing was changed.")
    fqdn = _fqdn(address.node.name, shown, "")
    node = replace(address.node, name=_short(fqdn), fqdn=fqdn)
    return replace(access, cluster=Cluster(access.cluster.name, (node,)), nodes=(_pinned(address, node, shown),))


def explore(
    access: ClusterAccess, accept: Accept, *, configured: bool, known_keys: KnownKeys | None = None
) -> tuple[FoundNode, ...]:
    """Every server that the cluster lists; what cannot be looked at is listed with the reason.

    Nodes of `access` are known already; `accept` is asked before anybody logs in to another one. `configured` says
    whether they come from a configuration; `known_keys` are what their HTTPS may present besides pins and bundle.
    Raises what the publisher raises: without it nobody tells the members.
    """
    session = CucmClusters((access,), known_keys).open(access.cluster)
    try:
        members = _with_addresses(session)
        addresses = {address.node.name: address.host for address in access.nodes}
        return tuple(_look(access, session, member, addresses, accept, configured) for member in members)
    finally:
        session.close()


def _with_addresses(session: CucmSession) -> tuple[Member, ...]:
    """The members, with the addresses that only the command line tells; without them the names must be enough."""
    members = session.members()
    try:
        told = session.node(session.cluster.publisher.name).upkeep.members()
    except AccessDenied:
        raise
    except CertrenewError:
        return members
    by_name = {_short(member.name).lower(): member for member in told}
    return tuple(
        replace(member, role=known.role, address=member.address or known.address, name=_longer(member.name, known.name))
        if (known := by_name.get(_short(member.name).lower()))
        else member
        for member in members
    )


def _look(
    access: ClusterAccess,
    session: CucmSession,
    member: Member,
    addresses: Mapping[str, str],
    accept: Accept,
    configured: bool,
) -> FoundNode:
    cluster = access.cluster
    known = next((node for node in cluster.nodes if is_node(member, node, cluster, addresses)), None)
    if known is None and not configured and member.role is Role.PUBLISHER:
        known = cluster.publisher  # asked by an address that neither the list nor its certificate names
    if known is not None:
        address = access.address(known.name)
        name = known.name if configured else _short(member.name)
        fqdn = member.name if is_address(known.fqdn) or "." not in known.fqdn else known.fqdn
        found = _found(address, member, configured=configured)
        return _read(session, known.name, replace(found, name=name, fqdn=fqdn))
    return _look_at_stranger(access, member, accept)


def _look_at_stranger(access: ClusterAccess, member: Member, accept: Accept) -> FoundNode:
    domain = access.cluster.publisher.fqdn.partition(".")[2]
    fqdn = member.name if "." in member.name or not domain else f"{member.name}.{domain}"
    node = Node(_short(member.name), fqdn, member.role)
    address = NodeAddress(node=node, host=member.address or fqdn)
    found = _found(address, member, configured=False)
    try:
        shown = discover(address, access.timeouts)
    except CertrenewError as error:
        return replace(found, problem=str(error))
    node = replace(node, fqdn=_fqdn(node.name, shown, fqdn))
    address = _pinned(address, node, shown)
    if not accept(f"{member.name} ({address.host})", shown):
        return replace(found, problem=REFUSED)
    alone = replace(access, cluster=Cluster(access.cluster.name, (node,)), nodes=(address,))
    session = CucmClusters((alone,)).open(alone.cluster)
    try:
        return _read(session, node.name, _found(address, member, configured=False))
    finally:
        session.close()


def _read(session: CucmSession, name: str, found: FoundNode) -> FoundNode:
    """Release and services over one login; what one question does not tell does not spoil the other."""
    problems: list[str] = []
    try:
        found = replace(found, version=session.node(name).version())
        found = replace(found, services=session.node(name).services())
    except CertrenewError as error:
        problems.append(str(error))
    return replace(found, problem=" ".join(problems))


def _found(address: NodeAddress, member: Member, *, configured: bool) -> FoundNode:
    return FoundNode(
        name=address.node.name,
        role=member.role,
        fqdn=address.node.fqdn,
        host=address.host,
        ssh_keys=address.ssh_keys,
        certificate_pins=address.certificate_pins,
        configured=configured,
    )


def _pinned(address: NodeAddress, node: Node, shown: Discovery) -> NodeAddress:
    pins = tuple(key for _, key in shown.certificates)
    return replace(address, node=node, ssh_keys=shown.ssh_fingerprints, certificate_pins=pins)


def _fqdn(name: str, shown: Discovery, otherwise: str) -> str:
    """The name in its certificate that begins with its host name; a multi-server certificate holds those of others."""
    names: list[str] = []
    if shown.certificate_pem:
        try:
            spelt = x509.names_of(shown.certificate_pem)
        except CertrenewError:
            spelt = frozenset()
        names = sorted(text.removeprefix("DNS:") for text in spelt if text.startswith("DNS:"))
    full = [found for found in names if "." in found and "*" not in found]
    own = [found for found in full if _short(found).lower() == _short(name).lower()]
    return next(iter(own), otherwise or (full[0] if len(full) == 1 else name))


def _short(name: str) -> str:
    """The host name of a full name; an address is its own name."""
    return name if is_address(name) else name.split(".")[0]


def _longer(one: str, other: str) -> str:
    """The full one of two names of the same server."""
    return one if "." in one and not is_address(one) else other
