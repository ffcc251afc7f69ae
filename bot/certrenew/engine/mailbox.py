"""Orders and messages for the engine, written in the caller's transaction."""

import logging
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer

from certrenew.engine.names import APPLICATION, QUEUE, TOPIC, WORKFLOW

log = logging.getLogger(__name__)


class DbosMailbox:
    """Implements the store's `Mailbox`. `nudge` wakes what waits in this very process, after the commit."""

    def __init__(self, url: str) -> None:
        self.client = DBOSClient(
            system_database_url=url, application_name=APPLICATION, serializer=DBOSPortableJSONSerializer()
        )
        self.nudge: Callable[[str], None] = lambda _: None

    def start(self, connection: sa.Connection, renewal: str, digest: str) -> None:
        self.client.enqueue_in_transaction(
            connection, {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": renewal}, renewal, digest
        )

    def wake(self, connection: sa.Connection, renewal: str, key: str) -> None:
        self.client.send_in_transaction(connection, renewal, {"key": key}, TOPIC, idempotency_key=key)

    def committed(self, renewals: Sequence[str]) -> None:
        for renewal in renewals:
            self.nudge(renewal)

    def close(self) -> None:
        self.client.destroy()
