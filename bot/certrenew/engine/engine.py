"""Starts and stops the engine: one process on SQLite, or any number of replicas on PostgreSQL."""

import logging
import time
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from certrenew.engine import inside, interpreter
from certrenew.engine.filelock import FileLock
from certrenew.engine.leases import HEARTBEAT, LEASE, Leases
from certrenew.engine.mailbox import DbosMailbox
from certrenew.engine.names import APPLICATION, QUEUE, VERSION
from certrenew.engine.takeover import TakeOver

log = logging.getLogger(__name__)

THREADS = 64  # a restart step holds a thread for the minutes that the service takes
EMBEDDED = "embedded"
POLL_QUEUE = 1.0  # seconds until a new renewal is noticed, or one that was taken over
DRAIN = 2.0  # seconds that acts in flight get to come to an end when the process is told to stop


def executor_name(url: sa.URL) -> str:
    """Unique for each boot of a replica; constant when embedded, so that a restart finds its own work."""
    return EMBEDDED if url.get_backend_name() == "sqlite" else f"replica-{uuid.uuid4().hex[:12]}"


class Engine:
    """DBOS is one a process, and so is this."""

    def __init__(
        self,
        database: sa.Engine,
        mailbox: DbosMailbox,
        executor: str,
        *,
        heartbeat: float = HEARTBEAT,
        lease: float = LEASE,
    ) -> None:
        """`heartbeat` and `lease`, in seconds, say how soon another replica takes over; SQLite needs neither."""
        self._database = database
        self._mailbox = mailbox
        self._executor = executor
        self._heartbeat = heartbeat
        self._lease = lease
        self._url = plain_url(database.url)
        self._embedded = database.url.get_backend_name() == "sqlite"
        self._lock: FileLock | None = None
        self._leases: Leases | None = None
        self._take_over: TakeOver | None = None
        self._moves = interpreter.InFlight()

    def start(self, advance: interpreter.Advance, *, lost: Callable[[], None]) -> None:
        """Launch, and take up what an earlier process left. `lost` is called when this replica must end itself.

        Raises ConfigError when another process already works on this SQLite file.
        """
        if self._embedded and self._database.url.database not in (None, "", ":memory:"):
            self._lock = FileLock(f"{self._database.url.database}.lock")
            self._lock.take()
        inside.log_with_the_others()
        DBOS(
            config=DBOSConfig(
                name=APPLICATION,
                system_database_url=self._url,
                executor_id=self._executor,
                application_version=VERSION,
                serializer=DBOSPortableJSONSerializer(),
                log_level="WARNING",
                max_executor_threads=THREADS,
                notification_listener_polling_interval_sec=inside.POLL_SQLITE,
                notification_coalesce_sec=0.5,  # for events, which are not used; the default wakes 100 times a second
            )
        )
        interpreter.register(advance, self._moves)
        if not self._embedded:
            self._leases = Leases(
                self._database,
                self._executor,
                lost=lost,
                back=inside.wake_everybody,
                heartbeat=self._heartbeat,
                lease=self._lease,
            )
            self._leases.start()
        DBOS.launch()
        inside.look_again_seldom()
        DBOS.register_queue(QUEUE, polling_interval_sec=POLL_QUEUE)
        self._mailbox.nudge = inside.wake
        if not self._embedded:
            self._take_over = TakeOver(
                self._database, self._mailbox.client, self._executor, interval=self._heartbeat / 2
            )
            self._take_over.start()

    def stop(self) -> None:
        """Leave within seconds; what runs is found in the ledger by the next process, or by another replica at once.

        Threads of acts that are still in flight go on: the process has to end after this.
        """
        deadline = time.monotonic() + DRAIN
        while self._moves.count and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._take_over is not None:
            self._take_over.stop()
        inside.destroy(embedded=self._embedded)
        if self._take_over is not None and self._leases is not None:
            try:
                self._take_over.hand_over()
            except Exception as error:
                log.warning("the renewals could not be handed over; another replica takes them later: %s", error)
            self._leases.stop()
        self._mailbox.close()
        if self._lock is not None:
            self._lock.release()

    @property
    def busy(self) -> int:
        """How many moves are in flight; after `stop`, more than none means that the process must be ended hard."""
        return self._moves.count


def plain_url(url: sa.URL) -> str:
    """The URL as DBOS wants it, without SQLAlchemy's driver."""
    name = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
    return url.set(drivername=name).render_as_string(hide_password=False)
