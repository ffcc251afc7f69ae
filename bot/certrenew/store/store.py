"""The store: opens units of work, and answers what only the database knows."""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from certrenew.store.unit import Mailbox, NoMailbox, SqlUnit


class Store:
    """Implements `Units`. `mailbox` is the engine's; without one nothing can be started here."""

    def __init__(
        self,
        engine: sa.Engine,
        mailbox: Mailbox | None = None,
        *,
        patience: float = 2.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.engine = engine
        self._mailbox = mailbox or NoMailbox()
        self._patience = patience
        self._now = now

    def __call__(self, *, reading: bool = False) -> SqlUnit:
        return SqlUnit(self.engine, self._mailbox, patience=self._patience, now=self._now, reading=reading)

    def with_patience(self, seconds: float) -> "Store":
        """The same store for work that can wait: `seconds` for a database that is away."""
        return Store(self.engine, self._mailbox, patience=seconds, now=self._now)
