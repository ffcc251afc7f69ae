"""Where the Slack adapter keeps what it knows of its own messages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.store.database import told_kindly
from certrenew.store.rows import MessageRow


class Row(Protocol):
    """A message as the chat adapter sees it."""

    @property
    def key(self) -> str: ...
    @property
    def renewal(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def ts(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def digest(self) -> str: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class SqlMessages(Generic[R]):
    """Each call is a transaction of its own. Errors: DatabaseUnreachable."""

    engine: sa.Engine
    make: Callable[..., R]
    now: Callable[[], datetime]

    def get(self, key: str) -> R | None:
        with told_kindly(self.engine.url), Session(self.engine) as session:
            row = session.get(MessageRow, key)
            if row is None:
                return None
            return self.make(
                key=row.key, renewal=row.renewal, channel=row.channel, ts=row.ts, state=row.state, digest=row.digest
            )

    def put(self, row: R) -> None:
        with told_kindly(self.engine.url), Session(self.engine) as session, session.begin():
            session.merge(
                MessageRow(
                    key=row.key,
                    renewal=row.renewal,
                    channel=row.channel,
                    ts=row.ts,
                    state=row.state,
                    digest=row.digest,
                    updated_at=self.now(),
                )
            )
