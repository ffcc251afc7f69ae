"""The disaster recovery system: one backup at a time, its progress, and what it remembers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from .clock import LabClock
from .journal import Journal


class Held(Protocol):
    """Where the cluster says that somebody's backup runs without end."""

    drs_running: bool


@dataclass
class Backup:
    """One backup; `started` is lab time; `at` is the real time when it began, then when it ended."""

    tar: str
    started: float
    seconds: float
    how: str
    at: datetime
    features: str = "UCM"
    done: bool = False


class Backups:
    """Knows the running backup, the last one and the history; a backup ends by itself after some lab seconds."""

    def __init__(self, clock: LabClock, journal: Journal, held: Held, seconds: float) -> None:
        self._clock = clock
        self._journal = journal
        self._seconds = seconds
        yesterday = datetime.now(UTC) - timedelta(days=1)
        self.history = [Backup(_tar(yesterday), 0.0, 0.0, "SCHEDULED", yesterday, done=True)]
        self.latest: Backup | None = None
        self._held = held
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether a backup or restore is under way."""
        return self._held.drs_running or (self.latest is not None and not self.latest.done)

    def start(self, node: str, features: str, how: str, via: str) -> Backup:
        """Begin a backup; ValueError while one is running."""
        if self.running:
            raise ValueError("a backup is running")
        now = datetime.now(UTC)
        self.latest = Backup(_tar(now), self._clock.now(), self._seconds, how, now, features)
        self._journal.record(node, "backup_started", tar=self.latest.tar, features=features, via=via)
        self._task = asyncio.get_running_loop().create_task(self._run(node, self.latest))
        return self.latest

    def percentage(self) -> int:
        """How far the running backup is, from 0 to 99; 100 when it has ended."""
        backup = self.latest
        if backup is None or backup.done:
            return 100
        return min(99, int(100 * (self._clock.now() - backup.started) / max(backup.seconds, 0.001)))

    async def _run(self, node: str, backup: Backup) -> None:
        await self._clock.sleep(backup.seconds)
        backup.done, backup.at = True, datetime.now(UTC)
        self.history.append(backup)
        self._journal.record(node, "backup_finished", tar=backup.tar)


def _tar(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d-%H-%M-%S}.tar"
