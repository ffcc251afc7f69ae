"""The few places where we reach into DBOS 3.4, each with its reason; without them it works, but slower."""

import logging
import threading
from typing import Any

from dbos import DBOS
from dbos._dbos import _get_dbos_instance
from dbos._error import DBOSException

from certrenew.engine.names import TOPIC

log = logging.getLogger(__name__)

POLL_SQLITE = 3600.0  # seconds; every message comes from this very process, which wakes the receiver itself
LOOK_AGAIN = 600.0  # seconds; the safety net of a receiver. A thousand of them would cost too much every minute
BACK = (1.5, 6.0)  # seconds after an outage: when the listener is certainly connected again


def log_with_the_others() -> None:
    """DBOS brings a handler of its own; its lines belong where ours go, with secrets masked."""
    logger = logging.getLogger("dbos")
    logger.propagate = True
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.addHandler(logging.NullHandler())  # DBOS adds its own only to a logger without any


def wake(renewal: str) -> None:
    """Wake the workflow, if it waits in this process; elsewhere PostgreSQL notifies.

    DBOS polls for messages on SQLite, and a short interval would cost a quarter of a core with a thousand renewals
    waiting. The message is in the database already; this only sets the event that the poll would set.
    """
    database = _database()
    if database is not None and (waiting := database.notifications_map.get(f"{renewal}::{TOPIC}")) is not None:
        waiting.set()


def wake_everybody() -> None:
    """After an outage of the database: notifications may be lost, so everybody looks for messages again."""

    def later() -> None:
        database = _database()
        if database is not None:
            for _, _, waiting in database.notifications_map.snapshot():
                waiting.set()

    for seconds in BACK:
        timer = threading.Timer(seconds, later)
        timer.daemon = True
        timer.start()


def look_again_seldom() -> None:
    database = _database()
    if database is not None:
        database._notification_fallback_polling_interval = LOOK_AGAIN


def destroy(*, embedded: bool) -> None:
    """End DBOS at once: its poller on SQLite sleeps for up to an hour, and destroy would wait ten seconds for it."""
    try:
        instance: Any = _get_dbos_instance()
        if embedded:
            instance._background_threads = [
                thread for thread in instance._background_threads if "run_notification_listener" not in thread.name
            ]
    except (AttributeError, DBOSException):
        log.debug("DBOS looks different inside; it will take longer to end")
    DBOS.destroy(destroy_registry=True)


def _database() -> Any:
    try:
        return _get_dbos_instance()._sys_db
    except (AttributeError, AssertionError, DBOSException):
        return None
