"""The loop of the command line: banner, prompt, command, error surface."""

from __future__ import annotations

import asyncio

from . import (  # noqa: F401  (the command modules register themselves)
    backup_commands,
    certificate_changes,
    certificate_views,
    service_commands,
    sql,
    system_commands,
    trust_list_commands,
)
from .registry import CommandFailed, Session, find
from .terminal import Disconnected, Interrupted

PROMPT = "admin:"
FAILED = "Executed command unsuccessfully"
UNKNOWN = "No valid command entered"
BANNER = """
   Welcome to the Platform Command Line Interface

VMware Installation:
\t2 vCPU: Intel(R) Xeon(R) CPU           E5640  @ 2.67GHz
\tDisk 1: 80GB, Partitions aligned
\t6144 Mbytes RAM

"""


async def run_shell(session: Session) -> None:
    """Serve one interactive session until it ends."""
    terminal = session.terminal
    manners = session.cluster.scenario.ssh
    clock = session.cluster.clock
    try:
        terminal.line("Command Line Interface is starting up, please wait ...")
        await clock.sleep(manners.banner_delay)
        terminal.write(BANNER)
        terminal.write(PROMPT)
        while True:
            try:
                line = await asyncio.wait_for(terminal.read_line(), clock.real(manners.idle_timeout))
            except Interrupted:
                line = ""
            if line.strip() in ("exit", "quit", "\x04"):
                return
            if line.strip():
                await _execute(session, line.strip())
            # The stray carriage return before the prompt is what real nodes send.
            terminal.write("\r" + PROMPT)
    except (Disconnected, TimeoutError):
        return


async def _execute(session: Session, line: str) -> None:
    cluster, node, terminal = session.cluster, session.node, session.terminal
    cluster.journal.record(node.name, "command", line=line, account=session.account)
    terminal.interrupted = False
    drop = cluster.faults.take("ssh_drop", node.name, line)
    if drop:
        terminal.arm("drop", drop.count)
    elif cluster.faults.take("ssh_lost_answer", node.name, line):
        terminal.arm("lost_answer")
    found = find(line)
    try:
        if found is None:
            raise CommandFailed(UNKNOWN)
        asked, arguments = found
        if session.level < asked.level and cluster.scenario.ssh.commands_need_privilege:
            raise CommandFailed(UNKNOWN)
        terminal.dropped_type_ahead = ""
        await asked.handler(session, arguments)
    except CommandFailed as failure:
        if str(failure):
            terminal.line(str(failure))
        terminal.line(FAILED)
    except Interrupted:
        cluster.journal.record(node.name, "trap", what="Ctrl-C", line=line)
    if terminal.dropped_type_ahead.strip():
        cluster.journal.record(node.name, "type_ahead_dropped", line=line)
    terminal.finish_command()
