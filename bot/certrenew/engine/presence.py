"""Whether a process that runs renewals lives somewhere, so that a command knows to whom it speaks."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from certrenew.engine.filelock import FileLock
from certrenew.engine.leases import LIVING


def somebody_runs(database: sa.Engine) -> bool:
    """True when a server holds the embedded database, or a replica has a living lease on PostgreSQL."""
    if database.url.get_backend_name() == "sqlite":
        return FileLock(f"{database.url.database}.lock").taken
    with database.connect() as connection:
        return connection.scalar(LIVING) is not None


@contextmanager
def alone(database: sa.Engine) -> Iterator[None]:
    """Keeps a server from starting on an embedded database meanwhile: it would not be woken by what is written."""
    if database.url.get_backend_name() != "sqlite":
        yield
        return
    lock = FileLock(f"{database.url.database}.lock")
    lock.take()
    try:
        yield
    finally:
        lock.release()
