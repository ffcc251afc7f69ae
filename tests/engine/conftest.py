"""Starts replicas as processes of their own, since DBOS is one a process and has to be killed here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from certrenew.engine.engine import plain_url
from certrenew.engine.mailbox import DbosMailbox
from certrenew.store.database import database_url, open_engine

HERE = Path(__file__).parent
HEARTBEAT, LEASE = 0.5, 4.0  # a busy machine may keep a process waiting for seconds


class Replica:
    """A process that runs renewals; `executor` is what it calls itself."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "replica.py"), url, str(HEARTBEAT), str(LEASE)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if "VERBOSE" not in os.environ else None,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stdout is not None
        self.executor = self.process.stdout.readline().strip()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ended(self, seconds: float) -> int:
        """The exit code; raises when it still runs after so many seconds."""
        return self.process.wait(timeout=seconds)


class World:
    """One database, any number of replicas, and what the tests ask of them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replicas: list[Replica] = []
        self.database = open_engine(database_url(url))

    def replica(self) -> Replica:
        self.replicas.append(Replica(self.url))
        return self.replicas[-1]

    def start(self, renewal: str, *, acts: int, seconds: float = 0.0, woken: bool = True) -> None:
        values = {"r": renewal, "a": acts, "s": seconds, "w": int(woken)}
        mailbox = DbosMailbox(plain_url(self.database.url))
        with self.database.begin() as connection:
            connection.execute(sa.text("insert into scenario values (:r, :a, :s, :w)"), values)
            mailbox.start(connection, renewal, "digest")
        mailbox.close()

    def wake(self, renewal: str) -> None:
        mailbox = DbosMailbox(plain_url(self.database.url))
        with self.database.begin() as connection:
            connection.execute(sa.text("update scenario set woken = 1 where renewal = :r"), {"r": renewal})
            mailbox.wake(connection, renewal, f"key-{renewal}")
        mailbox.close()

    def acts(self, renewal: str) -> list[tuple[int, str]]:
        query = sa.text("select number, executor from act where renewal = :r order by at")
        with self.database.connect() as connection:
            return [(row.number, row.executor) for row in connection.execute(query, {"r": renewal})]

    def until(self, condition: Callable[[], object], seconds: float = 40.0) -> float:
        """Wait until it holds; returns how long that took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds} s"
            time.sleep(0.02)
        return time.monotonic() - began

    def close(self) -> None:
        for replica in self.replicas:
            if replica.process.poll() is None:
                replica.send(signal.SIGCONT)
                replica.kill()
            assert replica.process.stdout is not None
            replica.process.stdout.close()
        self.database.dispose()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[World]:
    world = World(f"sqlite:///{tmp_path / 'certrenew.db'}")
    yield world
    world.close()


@pytest.fixture
def shared(new_postgres: Callable[[], str]) -> Iterator[World]:
    soon = {"options": f"-c idle_in_transaction_session_timeout={LEASE * 1000:.0f}"}
    world = World(sa.make_url(new_postgres()).update_query_dict(soon).render_as_string(hide_password=False))
    yield world
    world.close()
