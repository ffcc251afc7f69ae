"""What was read of the nodes: their certificates, when each was read, and what was already said about it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from certrenew.app.expiry import Notice
from certrenew.app.stocktaking import Holding, NodeReading, NodeState
from certrenew.domain.model import Kind
from certrenew.store.database import READING, told_kindly
from certrenew.store.rows import Base, CertificateRow

KEEPING = 2171383


class ScanRow(Base):
    """When a node was last tried; `read_at` is older, or empty, when that did not succeed."""

    __tablename__ = "scan"

    cluster: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    problem: Mapped[str]


class ExpiryNoticeRow(Base):
    """That a certificate falls due within `threshold` days was said."""

    __tablename__ = "expiry_notice"

    cluster: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    threshold: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]


@dataclass(frozen=True)
class InventoryStore:
    """Implements `Shelf` and `Told`; each call is a transaction of its own."""

    engine: sa.Engine
    now: Callable[[], datetime]

    def keep(self, cluster: str, readings: Sequence[NodeReading]) -> None:
        known = [reading.node for reading in readings]
        with told_kindly(self.engine.url), Session(self.engine) as session, session.begin():
            if self.engine.dialect.name == "postgresql":  # somebody else may have read the same cluster just now
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(KEEPING)))
            for table in (CertificateRow, ScanRow):
                session.execute(sa.delete(table).where(table.cluster == cluster, table.node.not_in(known)))
            for reading in readings:
                self._keep_node(session, cluster, reading)

    def _keep_node(self, session: Session, cluster: str, reading: NodeReading) -> None:
        scan = session.get(ScanRow, (cluster, reading.node))
        if scan is None:
            scan = ScanRow(cluster=cluster, node=reading.node, read_at=None)
            session.add(scan)
        scan.at, scan.problem = reading.at, " ".join(reading.problems)
        if reading.held is None:
            return
        scan.read_at = reading.at
        here = CertificateRow.cluster == cluster, CertificateRow.node == reading.node
        session.execute(sa.delete(CertificateRow).where(*here))
        rows = {(held.kind, held.store, held.file, held.fingerprint): _row(held) for held in reading.held}
        session.add_all(rows.values())

    def falling_due(self, before: datetime, *, cluster: str = "") -> Sequence[Holding]:
        query = sa.select(CertificateRow).where(CertificateRow.not_after < before)
        if cluster:
            query = query.where(CertificateRow.cluster == cluster)
        table = CertificateRow
        order = table.not_after, table.cluster, table.kind, table.store, table.node, table.file, table.fingerprint
        with told_kindly(self.engine.url), self._reading() as session:
            return [_holding(row) for row in session.scalars(query.order_by(*order))]

    def states(self, *, cluster: str = "") -> Sequence[NodeState]:
        query = sa.select(ScanRow).order_by(ScanRow.cluster, ScanRow.node)
        if cluster:
            query = query.where(ScanRow.cluster == cluster)
        with told_kindly(self.engine.url), self._reading() as session:
            return [
                NodeState(cluster=row.cluster, node=row.node, at=row.at, read_at=row.read_at, problem=row.problem)
                for row in session.scalars(query)
            ]

    def said(self, cluster: str) -> frozenset[Notice]:
        query = sa.select(ExpiryNoticeRow).where(ExpiryNoticeRow.cluster == cluster)
        with told_kindly(self.engine.url), self._reading() as session:
            return frozenset(
                Notice(row.cluster, row.purpose, row.fingerprint, row.threshold) for row in session.scalars(query)
            )

    def say(self, notices: Iterable[Notice]) -> None:
        with told_kindly(self.engine.url), Session(self.engine) as session, session.begin():
            for notice in notices:
                session.merge(
                    ExpiryNoticeRow(
                        cluster=notice.cluster,
                        purpose=notice.purpose,
                        fingerprint=notice.fingerprint,
                        threshold=notice.threshold,
                        at=self.now(),
                    )
                )

    def _reading(self) -> Session:
        return Session(self.engine.execution_options(**{READING: True}))


def _row(held: Holding) -> CertificateRow:
    return CertificateRow(
        cluster=held.cluster,
        node=held.node,
        kind=str(held.kind),
        store=held.store,
        file=held.file,
        fingerprint=held.fingerprint,
        serial=held.serial,
        subject=held.subject,
        issuer=held.issuer,
        names=json.dumps(held.names),
        not_before=held.not_before,
        not_after=held.not_after,
        self_signed=held.self_signed,
        seen_at=held.seen_at,
    )


def _holding(row: CertificateRow) -> Holding:
    return Holding(
        cluster=row.cluster,
        node=row.node,
        kind=Kind(row.kind),
        store=row.store,
        file=row.file,
        fingerprint=row.fingerprint,
        serial=row.serial,
        subject=row.subject,
        issuer=row.issuer,
        names=tuple(json.loads(row.names)),
        not_before=row.not_before,
        not_after=row.not_after,
        self_signed=row.self_signed,
        seen_at=row.seen_at,
    )
