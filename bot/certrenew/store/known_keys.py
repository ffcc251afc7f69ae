"""The server keys that each node was found to have, so that a changed one is noticed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.store.database import told_kindly
from certrenew.store.rows import KnownKeyRow

KEPT = 8  # a node; more than the algorithms it offers, so that a renewal of a few of them is remembered too


@dataclass(frozen=True)
class KnownKeyStore:
    """Each call is a transaction of its own; safe from several processes at once. Errors: DatabaseUnreachable."""

    engine: sa.Engine
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def keys(self, cluster: str, node: str) -> frozenset[str]:
        """The newest keys of this node; empty when it was never seen."""
        which = KnownKeyRow.cluster == cluster, KnownKeyRow.node == node
        with told_kindly(self.engine.url), Session(self.engine) as session:
            return frozenset(session.scalars(sa.select(KnownKeyRow.key).where(*which)))

    def learn(self, cluster: str, node: str, key: str) -> None:
        """Keep `key` as the newest one; a key that is known already stays known once."""
        found = {"cluster": cluster, "node": node, "key": key}
        which = KnownKeyRow.cluster == cluster, KnownKeyRow.node == node
        with told_kindly(self.engine.url), Session(self.engine) as session, session.begin():
            same = sa.update(KnownKeyRow).filter_by(**found).values(learned_at=self.now())
            if session.scalar(same.returning(KnownKeyRow.key)) is None:
                try:
                    with session.begin_nested():
                        session.add(KnownKeyRow(**found, learned_at=self.now()))
                except sa.exc.IntegrityError:
                    return  # another process learned it a moment ago
            newest = sa.select(KnownKeyRow.key).where(*which).order_by(KnownKeyRow.learned_at.desc()).limit(KEPT)
            kept = list(session.scalars(newest))
            session.execute(sa.delete(KnownKeyRow).where(*which, KnownKeyRow.key.not_in(kept)))
