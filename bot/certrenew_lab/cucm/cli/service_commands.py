"""`utils service`: listing, restarting, stopping and starting services."""

from __future__ import annotations

import asyncio

from ..services import Service, ServiceRefused
from .registry import CommandFailed, Session, command

_POLLS_PER_PHASE = 2


@command("utils service list", level=0)
async def list_services(session: Session, _: str) -> None:
    """Every service with its state; system entries have a space before the bracket, Cisco ones have none."""
    rows = [
        "Requesting service status, please wait...",
        "Service Manager is running",
        "Getting list of all services",
        ">> Return code = 0",
        *(_row(service) for service in session.node.services.services.values()),
        f"Primary Node ={str(session.node.is_publisher).lower()}",  # ASSUMPTION A-14
    ]
    await session.terminal.page("\n".join(rows))


@command("utils service restart", level=1)
async def restart(session: Session, name: str) -> None:
    """Restart a service; on some nodes the prompt comes back without a word about [STARTED]."""
    terminal, board = session.terminal, session.node.services
    terminal.line(
        " Don't press Ctrl-c while the service is getting RESTARTED."
        "If Service has not Restarted Properly, execute the same Command Again"
    )
    terminal.line("Service Manager is running")
    try:
        task = board.start_restart(name, "ssh")
    except ServiceRefused as refusal:
        raise _refused(board.services.get(name), name, refusal) from refusal
    early = session.cluster.faults.take("restart_returns_early", session.node.name, name) is not None
    manners = session.cluster.scenario.ssh
    await _report(session, name, task, silent=early or session.node.name in manners.silent_restarts)


@command("utils service stop", level=1)
async def stop(session: Session, name: str) -> None:
    """Stop a service until somebody starts it."""
    session.terminal.line("Service Manager is running")
    try:
        task = session.node.services.start_stop(name, "ssh")
    except ServiceRefused as refusal:
        raise _refused(session.node.services.services.get(name), name, refusal) from refusal
    await _report(session, name, task, silent=False)


@command("utils service start", level=1)
async def start(session: Session, name: str) -> None:
    """Start a stopped service."""
    session.terminal.line("Service Manager is running")
    try:
        task = session.node.services.start_start(name, "ssh")
    except ServiceRefused as refusal:
        raise _refused(session.node.services.services.get(name), name, refusal) from refusal
    await _report(session, name, task, silent=False)


async def _report(session: Session, name: str, task: asyncio.Task[None], *, silent: bool) -> None:
    """Print the state as it changes, a few times per phase, until the service has settled."""
    terminal = session.terminal
    service = session.node.services.services[name]
    pause = session.cluster.scenario.restart_duration(name) / 2 / _POLLS_PER_PHASE
    while not task.done():
        terminal.line(f"{name}[{service.state}]  ")
        if silent and service.state == "STARTING":
            return
        if terminal.interrupted:
            session.cluster.journal.record(session.node.name, "trap", what="Ctrl-C during a restart", service=name)
            terminal.interrupted = False
        await asyncio.wait([task], timeout=session.cluster.clock.real(pause))
    for _ in range(_POLLS_PER_PHASE):
        terminal.line(f"{name}[{service.state}]  ")


def _refused(service: Service | None, name: str, refusal: ServiceRefused) -> CommandFailed:
    if service is None:
        return CommandFailed(f"{name} not found")  # ASSUMPTION A-08
    return CommandFailed(f"{_row(service)}\n{refusal.text}")


def _row(service: Service) -> str:
    gap = " " if service.belongs_to_system else ""
    note = f"  {service.note}" if service.note else ""
    return f"{service.name}{gap}[{service.state}]{note}"
