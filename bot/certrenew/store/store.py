"""The store: opens units of work, and answers what only the database knows."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.domain.model import Certificate
from certrenew.store.database import told_kindly
from certrenew.store.rows import CertificateRow
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

    def remember_certificates(self, cluster: str, found: Sequence[tuple[str, str, Certificate]]) -> None:
        """Keep the last inventory of a cluster: (node, purpose, certificate)."""
        with told_kindly(self.engine.url), Session(self.engine) as session, session.begin():
            session.execute(sa.delete(CertificateRow).where(CertificateRow.cluster == cluster))
            session.add_all(
                CertificateRow(
                    cluster=cluster,
                    node=node,
                    purpose=purpose,
                    serial=certificate.serial,
                    subject=certificate.subject,
                    issuer=certificate.issuer,
                    fingerprint=certificate.fingerprint,
                    not_after=certificate.not_after,
                    seen_at=self._now(),
                )
                for node, purpose, certificate in found
            )
