"""Puts the renewals of dead replicas back into the queue, and frees what else they held."""

import logging
import threading
from collections.abc import Sequence

import sqlalchemy as sa
from dbos import DBOSClient

from certrenew.engine.names import QUEUE

log = logging.getLogger(__name__)

LOCK = 2171383

FREE = sa.text(
    "delete from lease where name not like 'executor:%' and name not like 'renewal:%' and holder like 'replica-%'"
    " and holder not in (select holder from lease where name like 'executor:%' and until > now())"
)
DEAD = sa.text("select holder from lease where name like 'executor:%' and until <= now()")
FORGET = sa.text("delete from lease where name like 'executor:%' and until < now() - interval '1 day'")


class TakeOver:
    """Looks every `interval` seconds for replicas whose lease has run out."""

    def __init__(self, database: sa.Engine, client: DBOSClient, executor: str, *, interval: float) -> None:
        self._database = database
        self._client = client
        self._executor = executor
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="take-over", daemon=True)

    def start(self) -> None:
        """The first look is at once."""
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _look(self) -> None:
        while not self._stop.is_set():
            try:
                self.take_over_the_dead()
            except sa.exc.DBAPIError as error:
                log.warning("could not look for dead replicas: %s", str(error).splitlines()[0])
            except Exception:
                log.exception("looking for dead replicas failed")
            self._stop.wait(self._interval)

    def take_over_the_dead(self) -> int:
        """Put the renewals of replicas without a living lease back into the queue; returns how many.

        One replica at a time: a renewal that another has just taken up must not be queued again.
        """
        with self._database.begin() as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))):
                return 0
            dead = list(connection.scalars(DEAD))  # for ever: each boot has a name of its own
            found = self._pending(dead) if dead else []
            if found:
                log.warning("%d renewal(s) of replicas that are gone are taken over", len(found))
                self._queue(found)
            connection.execute(FREE)
            connection.execute(FORGET)
        return len(found)

    def hand_over(self) -> int:
        """Put this replica's own renewals back into the queue when it leaves; returns how many."""
        found = self._pending([self._executor])
        self._queue(found)
        return len(found)

    def _pending(self, executors: list[str]) -> list[str]:
        found = self._client.list_workflows(
            status="PENDING", executor_id=executors, load_input=False, load_output=False
        )
        return [workflow.workflow_id for workflow in found]

    def _queue(self, workflows: Sequence[str]) -> None:
        if workflows:
            self._client.resume_workflows(list(workflows), queue_name=QUEUE)
