"""One replica for the engine's tests: real DBOS, with renewals whose every move is written down in a table.

A renewal is a row of `scenario`: how many acts it has left, how long each takes, and whether it waits for a message
first. Run as a program: replica.py URL HEARTBEAT LEASE
"""

import os
import signal
import sys
import threading
import time

import sqlalchemy as sa

from certrenew.app.moves import End, Go, Move, Wait
from certrenew.domain.errors import ConfigError
from certrenew.engine.engine import Engine, executor_name, plain_url
from certrenew.engine.mailbox import DbosMailbox
from certrenew.store.database import await_database, database_url, open_engine, upgrade

TABLES = """
create table if not exists scenario (renewal text primary key, acts integer, seconds double precision, woken integer);
create table if not exists act (renewal text, number integer, executor text, at double precision)
"""


def open_database(url: str) -> sa.Engine:
    database = open_engine(database_url(url))
    await_database(database)
    upgrade(database)
    with database.begin() as connection:
        if database.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(7)"))
        for statement in TABLES.split(";"):
            connection.execute(sa.text(statement))
    return database


def main() -> None:
    url, heartbeat, lease = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    database = open_database(url)
    executor = executor_name(database.url)
    leaving = threading.Event()

    def advance(renewal: str) -> Move:
        with database.begin() as connection:
            row = connection.execute(sa.text("select * from scenario where renewal = :r"), {"r": renewal}).one()
            done = connection.scalar(sa.text("select count(*) from act where renewal = :r"), {"r": renewal}) or 0
        if not row.woken:
            return Wait(3600.0)
        if done >= row.acts:
            return End()
        if leaving.wait(row.seconds):
            return Wait(0.1)
        with database.begin() as connection:
            values = {"r": renewal, "n": done + 1, "e": executor, "t": time.time()}
            connection.execute(sa.text("insert into act values (:r, :n, :e, :t)"), values)
        return Go()

    mailbox = DbosMailbox(plain_url(database.url))
    engine = Engine(database, mailbox, executor, heartbeat=heartbeat, lease=lease)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    try:
        engine.start(advance, lost=lambda: os._exit(70))
    except ConfigError as error:
        print(error, flush=True)
        os._exit(3)
    print(executor, flush=True)
    while not stopping.wait(0.05):
        pass
    leaving.set()
    engine.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
