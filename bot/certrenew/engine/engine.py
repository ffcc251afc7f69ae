"""Starts and stops the engine: one process on SQLite, or any number of replicas on PostgreSQL."""

import logging
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos._dbos import _get_dbos_instance
from dbos._error import DBOSException

from certrenew.engine import interpreter
from certrenew.engine.filelock import FileLock
from certrenew.engine.leases import Leases
from certrenew.engine.mailbox import DbosMailbox
from certrenew.engine.names import APPLICATION, QUEUE, TOPIC, VERSION

log = logging.getLogger(__name__)

THREADS = 64  # a restart step holds a thread for the minutes that the service takes
EMBEDDED = "embedded"
POLL_SQLITE = 15.0  # seconds; messages of this process wake the workflow at once, so this is only the safety net
POLL_POSTGRESQL = 1.0


def executor_name(url: sa.URL) -> str:
    """Unique for each boot of a replica; constant when embedded, so that a restart finds its own work."""
    return EMBEDDED if url.get_backend_name() == "sqlite" else f"replica-{uuid.uuid4().hex[:12]}"


class Engine:
    """DBOS is one a process, and so is this."""

    def __init__(self, database: sa.Engine, mailbox: DbosMailbox, executor: str) -> None:
        self._database = database
        self._mailbox = mailbox
        self._executor = executor
        self._url = plain_url(database.url)
        self._embedded = database.url.get_backend_name() == "sqlite"
        self._lock: FileLock | None = None
        self._leases: Leases | None = None

    def start(self, advance: interpreter.Advance, *, lost: Callable[[], None]) -> None:
        """Launch, and take up what an earlier process left. `lost` is called when this replica must end itself.

        Raises ConfigError when another process already works on this SQLite file.
        """
        if self._embedded and self._database.url.database not in (None, "", ":memory:"):
            self._lock = FileLock(f"{self._database.url.database}.lock")
            self._lock.take()
        logging.getLogger("dbos").propagate = True
        DBOS(
            config=DBOSConfig(
                name=APPLICATION,
                system_database_url=self._url,
                executor_id=self._executor,
                application_version=VERSION,
                serializer=DBOSPortableJSONSerializer(),
                log_level="WARNING",
                max_executor_threads=THREADS,
                notification_listener_polling_interval_sec=POLL_SQLITE if self._embedded else POLL_POSTGRESQL,
            )
        )
        interpreter.register(advance)
        if not self._embedded:
            self._leases = Leases(self._database, self._executor, lost=lost)
            self._leases.start()
        DBOS.launch()
        DBOS.register_queue(QUEUE, polling_interval_sec=0.25 if self._embedded else 0.5)
        self._mailbox.nudge = self._nudge
        if self._leases is not None:
            self._leases.take_over_the_dead()

    def stop(self) -> None:
        """Leave at once; what runs is found in the ledger by the next process."""
        if self._leases is not None:
            self._leases.stop()
        DBOS.destroy(destroy_registry=True)
        self._mailbox.close()
        if self._lock is not None:
            self._lock.release()

    def _nudge(self, renewal: str) -> None:
        """Wake a workflow that waits in this process.

        DBOS polls for messages on SQLite, and a short interval would cost a quarter of a core with a thousand
        renewals waiting. The message is in the database already; this only sets the event that the poll would set.
        """
        if not self._embedded:
            return  # PostgreSQL notifies
        try:
            waiting = _get_dbos_instance()._sys_db.notifications_map.get(f"{renewal}::{TOPIC}")
        except (AttributeError, DBOSException):
            return  # the poll finds the message a little later
        if waiting is not None:
            waiting.set()


def plain_url(url: sa.URL) -> str:
    """The URL as DBOS wants it, without SQLAlchemy's driver."""
    name = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
    return url.set(drivername=name).render_as_string(hide_password=False)
