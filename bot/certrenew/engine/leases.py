"""Replicas on PostgreSQL: each proves that it lives, and must end itself when it cannot."""

import logging
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

log = logging.getLogger(__name__)

HEARTBEAT = 5.0
LEASE = 20.0

TAKE = sa.text(
    "insert into lease (name, holder, until) values (:name, :holder, now() + make_interval(secs => :seconds))"
    " on conflict (name) do update set until = excluded.until, holder = excluded.holder"
)
RENEW = sa.text("update lease set until = now() + make_interval(secs => :seconds) where name = :name and until > now()")
END = sa.text("update lease set until = now() where name = :name")
FREE = sa.text("delete from lease where holder = :holder and name not like 'executor:%' and name not like 'renewal:%'")
LIVING = sa.text("select holder from lease where name like 'executor:%' and until > now()")


class Leases:
    """A heartbeat on the database's clock. A replica that cannot renew in time calls `lost` and must end itself:
    another one may be working on its renewals already."""

    def __init__(
        self,
        database: sa.Engine,
        executor: str,
        *,
        lost: Callable[[], None],
        back: Callable[[], None] = lambda: None,
        heartbeat: float = HEARTBEAT,
        lease: float = LEASE,
    ) -> None:
        """`back` is called when the database answers again after it did not."""
        self._engine = _own_connection(database.url, heartbeat)
        self._executor = executor
        self._lost = lost
        self._back = back
        self._heartbeat = heartbeat
        self._lease = lease
        self._stop = threading.Event()
        self._renewed = 0.0
        self._threads = [
            threading.Thread(target=self._beat, name="lease", daemon=True),
            threading.Thread(target=self._watch, name="lease-watch", daemon=True),
        ]

    def start(self) -> None:
        """Hold the lease before any work is taken: nobody may think that this replica is dead."""
        began = time.monotonic()
        with self._engine.begin() as connection:
            connection.execute(TAKE, {**self._name, "holder": self._executor, "seconds": self._lease})
        self._renewed = began
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Give everything back that this replica holds, so that another need not wait for it to run out."""
        self._stop.set()
        try:
            with self._engine.begin() as connection:
                connection.execute(END, self._name)
                connection.execute(FREE, {"holder": self._executor})
        except sa.exc.DBAPIError:
            log.info("the lease could not be given back; it runs out in %.0f s", self._lease)
        self._engine.dispose()

    @property
    def _name(self) -> dict[str, str]:
        return {"name": f"executor:{self._executor}"}

    def _beat(self) -> None:
        wait, away = self._heartbeat, False
        while not self._stop.wait(wait):
            began = time.monotonic()
            try:
                if not self._renew():
                    self._end("it had run out before it was renewed")
                    return
                self._renewed = began
                if away:
                    self._back()
                wait, away = self._heartbeat, False
            except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
                wait, away = self._heartbeat / 5, True
                log.warning("the lease was not renewed: %s", str(error).splitlines()[0])

    def _renew(self) -> bool:
        """False when the lease had run out: this process slept, and may have been replaced meanwhile."""
        with self._engine.begin() as connection:
            return connection.execute(RENEW, {**self._name, "seconds": self._lease}).rowcount == 1

    def _watch(self) -> None:
        """In a thread of its own, since the other may hang in a dead connection."""
        while not self._stop.wait(self._heartbeat / 10):
            if time.monotonic() - self._renewed > self._lease - self._heartbeat:
                self._end(f"for {time.monotonic() - self._renewed:.0f} s it could not be renewed")
                return

    def _end(self, why: str) -> None:
        if not self._stop.is_set():
            log.critical("the lease of %s is lost: %s", self._executor, why)
            self._lost()


def _own_connection(url: sa.URL, heartbeat: float) -> sa.Engine:
    """One connection that nobody else can use up, and that gives up soon when nothing answers."""
    return sa.create_engine(
        url,
        pool_size=1,
        max_overflow=1,
        pool_timeout=heartbeat,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, round(heartbeat)),
            "tcp_user_timeout": round(heartbeat * 1000),
            "options": (
                f"-c statement_timeout={round(heartbeat * 1000)}"
                f" -c idle_in_transaction_session_timeout={round(heartbeat * 1000)}"
            ),
        },
    )
