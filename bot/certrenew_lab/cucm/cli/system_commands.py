"""The commands a pre-check reads, and the ones nobody may ever send."""

from __future__ import annotations

from .. import rules, sso
from ..phone import Phone, Sighting
from .registry import CommandFailed, Session, command
from .system_texts import (
    diagnose,
    licence_status,
    network_cluster,
    node_status,
    replication,
    sso_status,
)


@command("set cli pagination", level=0)
async def set_pagination(session: Session, arguments: str) -> None:
    """Holds for this SSH session only."""
    if arguments not in ("on", "off"):
        raise CommandFailed("Incorrect number of parameters entered for pagination")
    session.terminal.paging = arguments == "on"
    session.terminal.line(f"Automatic pagination is turned {arguments}")


@command("show cli pagination", level=0)
async def show_pagination(session: Session, _: str) -> None:
    """Whether output stops after a page."""
    session.terminal.line(f"Automatic Pagination : {'On' if session.terminal.paging else 'Off'}.")


@command("show version active", level=0)
async def version(session: Session, _: str) -> None:
    """The running release."""
    await session.terminal.page(
        f"Active Master Version: {session.cluster.release.version}\n"
        "Active Version Installed Software Options:\nNo Installed Software Options Found.\n"
    )


@command("show status", level=0)
async def status(session: Session, _: str) -> None:
    """Host, version, load and disks."""
    await session.terminal.page(node_status(session.cluster, session.node))


@command("show network cluster", level=0)
async def network(session: Session, _: str) -> None:
    """The nodes and whether they authenticated each other."""
    await session.terminal.page(network_cluster(session.cluster, session.node))


@command("show license status", level=0)
async def licence(session: Session, _: str) -> None:
    """Smart licensing, with the export-controlled flag that CTL commands need."""
    await session.terminal.page(licence_status(session.cluster))


@command("utils sso status", level=0)
async def show_sso(session: Session, _: str) -> None:
    """Whether SAML SSO is on."""
    await session.terminal.page(sso_status(session.cluster, session.node))


@command("utils sso disable", level=1)
async def sso_disable(session: Session, _: str) -> None:
    """Asks, then switches SSO off on this node; each node has an agreement of its own unless the scenario says so."""
    if await session.terminal.ask("Do you want to continue (yes/no) ? ") not in ("yes", "Yes"):
        raise CommandFailed("")
    sso.disable(session.cluster, session.node)
    session.terminal.line("SSO is disabled.")


@command("utils sso enable", level=1)
async def sso_enable(session: Session, _: str) -> None:
    """Cannot be done from here: a person does it in the browser."""
    session.terminal.line("*** W A R N I N G ***")
    session.terminal.line("SSO cannot be enabled using CLI command")
    session.terminal.line("Use Cisco Unified CM Administration > System > SAML Single Sign-On")  # ASSUMPTION A-87


@command("utils dbreplication runtimestate", level=0)
async def runtimestate(session: Session, _: str) -> None:
    """Replication between the nodes; ASSUMPTION A-24 for the text."""
    await session.terminal.page(replication(session.cluster, session.node))


@command("utils diagnose test", level=0)
async def diagnose_test(session: Session, _: str) -> None:
    """The self-test."""
    await session.terminal.page(diagnose())


@command("show risdb query phone", level=0)
async def risdb_phone(session: Session, _: str) -> None:
    """What this node's RIS knows about phones; ASSUMPTION A-21 for the columns."""
    session.cluster.fleet.settle()
    rows = [
        "DeviceName, Descr, Ipaddr, Ipv6addr, Ipv4Attr, Ipv6Attr, MACaddr, RegStatus, PhoneProtocol, DeviceModel, "
        "HTTPsupport, #regAttempts, prodId, username, seq#, RegStatusChg TimeStamp",
    ]
    seen = [
        (phone, phone.sightings[session.node.name])
        for phone in session.cluster.fleet.phones.values()
        if session.node.name in phone.sightings
    ]
    rows += [_risdb_row(number, phone, sighting) for number, (phone, sighting) in enumerate(seen, start=1)]
    rows.append(f"Total count {len(seen)}")
    await session.terminal.page("\n".join(rows))


@command("utils system", level=1)
async def system(session: Session, arguments: str) -> None:
    """Restart, shutdown, switch-version: recorded as a trap, never carried out (ASSUMPTION A-06)."""
    session.cluster.journal.record(session.node.name, "trap", what=f"utils system {arguments}")
    rules.broken(session.cluster, session.node.name, "system_command", what=arguments)
    session.terminal.line("Do you really want to restart ?")
    if await session.terminal.ask("Enter (yes/no)? ") == "yes":
        session.cluster.journal.record(session.node.name, "trap", what=f"utils system {arguments} confirmed")
        session.terminal.line("Appliance is being Restarted ...")


def _risdb_row(number: int, phone: Phone, sighting: Sighting) -> str:
    state = {"Registered": "reg", "UnRegistered": "unr", "Rejected": "rej"}[sighting.status]
    mac = phone.name[3:] if phone.name.startswith("SEP") else ""
    return (
        f"{phone.name}, {phone.pool}, {phone.address}, , 0, 0, {mac}, {state}, SIP, 684, yes, 0, 36224, , {number}, "
        f"{sighting.timestamp}"
    )
