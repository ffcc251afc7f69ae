"""`utils disaster_recovery`: starting a backup, watching it, and reading the history."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ..backups import Backup
from ..cluster import Cluster
from ..node import Node
from ..service_names import DRF_LOCAL, DRF_MASTER
from .registry import CommandFailed, Session, command

_SOMEWHERE = 42  # how far a backup is that never ends
_FEATURES = re.compile(r"[A-Za-z_]+(,[A-Za-z_]+)*")


@command("utils disaster_recovery status", level=1)
async def status(session: Session, operation: str) -> None:
    """What the backup system is doing."""
    if operation not in ("backup", "restore"):
        raise CommandFailed("usage: utils disaster_recovery status operation")
    _reach_master(session)
    await session.terminal.page(_status(session.cluster, operation))


@command("utils disaster_recovery history", level=1)
async def history(session: Session, operation: str) -> None:
    """Past backups; a restore was never made."""
    _reach_master(session)
    if operation != "backup":
        await session.terminal.page("drfCliMsg:  No history data is available\n")
        return
    await session.terminal.page("".join(_row(session.cluster, backup) for backup in session.cluster.backups.history))


@command("utils disaster_recovery backup network", level=1)
async def backup(session: Session, arguments: str) -> None:
    """Start a backup of these features to a device and come back at once; ASSUMPTION A-88 for the wording."""
    words = arguments.split()
    if len(words) != 2 or not _FEATURES.fullmatch(words[0]):
        raise CommandFailed("usage: utils disaster_recovery backup network featurelist device_name")
    _reach_master(session)
    try:
        session.cluster.backups.start(session.node.name, words[0], "MANUAL", "ssh")
    except ValueError as problem:
        raise CommandFailed("drfCliMsg: Backup or restore is already in progress") from problem
    session.terminal.line(
        "drfCliMsg: Backup initiated successfully. "
        "Please run 'utils disaster_recovery status backup' command to see the status"
    )


def drs_works(node: Node) -> bool:
    """Whether the agents of this node trust each other: its ipsec certificate must be in its own trust store."""
    held = node.store.trust["ipsec-trust"]
    return f"{node.name}.pem" in held.files or held.holds(node.store.identities["ipsec"].certificate)


def _reach_master(session: Session) -> None:
    master, node = session.cluster.publisher, session.node
    running = master.services.started(DRF_MASTER) and node.services.started(DRF_LOCAL)
    if not (running and drs_works(node) and drs_works(master)):
        raise CommandFailed(
            f"Unable to connect to Master Agent host: {master.name.upper()}, Port: 4040. "
            "This may be due to Master or Local Agent being down."
        )


def _status(cluster: Cluster, operation: str) -> str:
    if cluster.conditions.drs_running:
        return _progress(cluster, operation, _SOMEWHERE)
    if operation != "backup" or cluster.backups.latest is None:
        return f"drfCliMsg: No {operation} status available\n"
    return _progress(cluster, operation, cluster.backups.percentage())


def _progress(cluster: Cluster, operation: str, percentage: int) -> str:
    now = datetime.now(UTC)
    latest = cluster.backups.latest
    tar = latest.tar if latest else f"{now:%Y-%m-%d-%H-%M-%S}.tar"
    running = percentage < 100
    word = f"{operation.upper()} IN PROGRESS" if running else f"SUCCESS :{operation.capitalize()} Completed..."
    return (
        f"Status: {word}\n"
        f"Tar Filename: {tar}\n"
        "Storage Location: NETWORK\n"
        f"Operation: {operation}\n"
        f"Percentage Complete: {percentage}\n"
        f"CDR_CAR    {cluster.publisher.name.upper()}  CAR   SUCCESS  {now:%a %b %d %H:%M:%S} UTC {now:%Y}  "
        "active/platform/drf/log/backup.log\n"
    )


def _row(cluster: Cluster, backup: Backup) -> str:
    return (
        f"{backup.tar}   NETWORK        {backup.at:%a %b %d %H:%M:%S} UTC {backup.at:%Y}  SUCCESS  "
        f"{backup.how:<13} {cluster.release.version} {backup.features:<26} ---\n"
    )
