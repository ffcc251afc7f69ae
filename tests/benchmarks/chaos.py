"""Kills the bot again and again through whole renewals: python tests/benchmarks/chaos.py [ROUNDS] [KILLS] [URL]

Every round is `certrenew demo --auto --kill KILLS` on a fresh database. With the URL of a PostgreSQL server it kills
the working one of two replicas, on a new database each round. Prints the verdicts; exit code 1 if any was bad.
"""

import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import sqlalchemy as sa

from certrenew.store.database import database_url

SMALL = ("--nodes", "1", "--phones", "20", "--speed", "60")


def main() -> None:
    rounds, kills = (int(given) for given in [*sys.argv[1:3], "3", "6"][:2])
    server = sys.argv[3] if len(sys.argv) > 3 else ""
    bad = 0
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as directory:
            arguments = ["--auto", "--kill", str(kills), *SMALL, "--directory", directory]
            if server:
                arguments += ["--replicas", "2", "--database", _new_database(server)]
            command = [sys.executable, "-m", "certrenew", "demo", *arguments]
            run = subprocess.run(command, capture_output=True, text=True)
            done = run.stdout.count("kill -9")
            print(f"round {number}: {'good' if run.returncode == 0 else 'BAD'}, killed {done} times", flush=True)
            if run.returncode:
                bad += 1
                print(run.stdout[-4000:], run.stderr[-2000:], *map(_tail, Path(directory).glob("bot*.log")), sep="\n")
    print(f"{rounds - bad} of {rounds} rounds are good")
    sys.exit(1 if bad else 0)


def _new_database(server: str) -> str:
    name = f"chaos_{uuid.uuid4().hex[:8]}"
    admin = sa.create_engine(database_url(server), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    return database_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def _tail(log: Path) -> str:
    return f"--- {log.name}\n{log.read_text(encoding='utf-8')[-3000:]}"


if __name__ == "__main__":
    main()
