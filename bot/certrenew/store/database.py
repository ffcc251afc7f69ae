"""Opens the database: SQLite by default, PostgreSQL by URL, migrated forward before anybody uses it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, make_url

from certrenew.domain.errors import ConfigError, DatabaseUnreachable

READING = "certrenew_reading"  # an execution option: this transaction writes nothing
# A replica that freezes inside a transaction must not keep its locks, or nobody could take its renewals over.
FROZEN = "-c idle_in_transaction_session_timeout=15s"
log = logging.getLogger(__name__)

GONE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)  # the last: no free connection


def database_url(text: str) -> URL:
    """The URL with the driver we use; raises ConfigError for any other database."""
    try:
        url = make_url(text)
    except sa.exc.ArgumentError as error:
        raise ConfigError("The database URL is not readable; write sqlite:///FILE or postgresql://…") from error
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+pysqlite")
        case "postgresql":
            bounded = url if "options" in url.query else url.update_query_dict({"options": FROZEN})
            return bounded.set(drivername="postgresql+psycopg")
        case other:
            raise ConfigError(f"{other} is not supported; write sqlite:///FILE or postgresql://…")


def open_engine(url: URL) -> sa.Engine:
    """An engine whose transactions are serialised (SQLite) or checked before use (PostgreSQL)."""
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=30)
    engine = sa.create_engine(url, connect_args={"timeout": 30}, pool_size=10, max_overflow=20)

    @sa.event.listens_for(engine, "connect")
    def settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A unit that reads and later writes would meet "locked"; one that only reads must keep nobody waiting.
        reading = connection.get_execution_options().get(READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def told_kindly(url: URL) -> Iterator[None]:
    """Turns the driver's ways of saying that the database is away into DatabaseUnreachable."""
    try:
        yield
    except GONE as error:
        log.info("%s: %s", url.render_as_string(hide_password=True), str(error).splitlines()[0])
        raise DatabaseUnreachable("certrenew's database does not answer; nothing is lost.") from error
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnreachable("The database closed the connection; nothing is lost.") from error
        raise


@contextmanager
def _opened(engine: sa.Engine) -> Iterator[None]:
    """The same at the start, when a database file that cannot be used will not come back by waiting: ConfigError."""
    try:
        with told_kindly(engine.url):
            yield
    except (DatabaseUnreachable, sa.exc.DatabaseError) as error:
        cause = error if isinstance(error, sa.exc.DatabaseError) else error.__cause__
        said = str(getattr(cause, "orig", ""))
        for trouble in ("unable to open", "not a database", "readonly", "malformed"):
            if engine.dialect.name == "sqlite" and trouble in said:
                raise ConfigError(
                    f"The database file {engine.url.database} cannot be used ({said}): look at its path, its directory"
                    " and who may write there."
                ) from None
        raise


def _config(url: URL) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("certrenew.store") / "migrations"))
    config.attributes["url"] = url
    return config


def revisions(engine: sa.Engine) -> tuple[str | None, str | None]:
    """(revision of the database, newest revision of this program)."""
    with _opened(engine), engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config(engine.url)).get_current_head()


def upgrade(engine: sa.Engine) -> None:
    """Migrate forward. Raises ConfigError when the schema is newer than this program."""
    current, head = revisions(engine)
    known = {script.revision for script in ScriptDirectory.from_config(_config(engine.url)).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigError(
            f"The database has schema {current}, which is newer than this certrenew knows (up to {head})."
            " Install the newer version; nothing was changed."
        )
    if current == head:
        return
    with told_kindly(engine.url), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(2171381)"))  # two replicas start at once
        config = _config(engine.url)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def await_database(engine: sa.Engine, *, patience: float = 60.0) -> None:
    """Wait until the database answers; raises DatabaseUnreachable when it has not within `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with _opened(engine), engine.connect() as connection:
                connection.execute(sa.text("select 1"))
                return
        except DatabaseUnreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def working_replica(engine: sa.Engine) -> str:
    """The executor that took up the newest open renewal; empty when none did."""
    query = sa.text("select holder from lease where name like 'renewal:%' order by until desc limit 1")
    try:
        with engine.connect() as connection:
            return str(connection.scalar(query) or "")
    except sa.exc.DBAPIError:
        return ""  # not migrated yet, or away
