"""Replicas on PostgreSQL: each proves that it lives, and takes over from those that do not."""

import logging
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
from dbos import DBOS

from certrenew.engine.names import QUEUE

log = logging.getLogger(__name__)

HEARTBEAT = 5.0
LEASE = 20.0
TAKE_OVER_LOCK = 2171383

RENEW = sa.text(
    "insert into lease (name, holder, until) values (:name, :holder, now() + make_interval(secs => :seconds))"
    " on conflict (name) do update set until = excluded.until, holder = excluded.holder"
)
LIVING = sa.text("select holder from lease where name like 'executor:%' and until > now()")
FORGET = sa.text("delete from lease where name like 'executor:%' and until < now() - interval '1 day'")


class Leases:
    """A heartbeat on the database's clock. A replica that cannot renew in time calls `lost` and must end itself:
    another one may be working on its renewals already."""

    def __init__(
        self,
        database: sa.Engine,
        executor: str,
        *,
        lost: Callable[[], None],
        heartbeat: float = HEARTBEAT,
        lease: float = LEASE,
    ) -> None:
        self._database = database
        self._executor = executor
        self._lost = lost
        self._heartbeat = heartbeat
        self._lease = lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def start(self) -> None:
        """Hold the lease before any work is taken: nobody may think that this replica is dead."""
        self._renew(self._lease)
        self._thread.start()

    def stop(self) -> None:
        """Give the lease back, so that another replica need not wait for it to run out."""
        self._stop.set()
        self._thread.join(timeout=self._heartbeat)
        try:
            self._renew(0.0)
        except sa.exc.DBAPIError:
            log.info("the lease could not be given back; it runs out in %.0f s", self._lease)

    def _beat(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(self._heartbeat):
            try:
                self._renew(self._lease)
                renewed = time.monotonic()
                self.take_over_the_dead()
            except sa.exc.DBAPIError as error:
                log.warning("the lease was not renewed: %s", error.orig)
            except Exception:
                log.exception("looking for dead replicas failed")
            if time.monotonic() - renewed > self._lease - self._heartbeat:
                self._lost()
                return

    def _renew(self, seconds: float) -> None:
        with self._database.begin() as connection:
            values = {"name": f"executor:{self._executor}", "holder": self._executor, "seconds": seconds}
            connection.execute(RENEW, values)

    def take_over_the_dead(self) -> int:
        """Put the renewals of replicas without a living lease back into the queue; returns how many.

        One replica at a time: a renewal that another has just taken up must not be queued again.
        """
        with self._database.begin() as connection:
            locked = connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(TAKE_OVER_LOCK)))
            if not locked:
                return 0
            living = set(connection.scalars(LIVING)) | {self._executor}
            connection.execute(FORGET)
            found = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
            dead = [workflow for workflow in found if workflow.executor_id not in living]
            for workflow in dead:
                log.warning("replica %s is gone; taking over renewal %s", workflow.executor_id, workflow.workflow_id)
                DBOS.resume_workflow(workflow.workflow_id, queue_name=QUEUE)
        return len(dead)
