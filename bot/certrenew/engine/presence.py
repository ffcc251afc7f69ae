"""Whether a process that runs renewals lives somewhere, so that a command knows to whom it speaks."""

import sqlalchemy as sa

from certrenew.domain.errors import ConfigError
from certrenew.engine.filelock import FileLock
from certrenew.engine.leases import LIVING


def somebody_runs(database: sa.Engine) -> bool:
    """True when a server holds the embedded database, or a replica has a living lease on PostgreSQL."""
    if database.url.get_backend_name() == "sqlite":
        lock = FileLock(f"{database.url.database}.lock")
        try:
            lock.take()
        except ConfigError:
            return True
        lock.release()
        return False
    with database.connect() as connection:
        return connection.scalar(LIVING) is not None
