"""The tables, as SQLAlchemy declarative rows; nothing outside this package sees one."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment in UTC with microseconds, aware in Python on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcTime, str: sa.Text}


class RenewalRow(Base):
    __tablename__ = "renewal"

    id: Mapped[str] = mapped_column(primary_key=True)
    cluster: Mapped[str] = mapped_column(index=True)
    purpose: Mapped[str]
    plan: Mapped[str]  # canonical JSON; never changed after the insert
    digest: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    gate: Mapped[str]
    released: Mapped[bool]
    want: Mapped[str]
    requester_id: Mapped[str]
    requester_name: Mapped[str]
    requester_mention: Mapped[str]
    change_number: Mapped[str]
    origin: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    approve_by: Mapped[datetime]
    wake_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class StepRow(Base):
    __tablename__ = "step"

    renewal: Mapped[str] = mapped_column(sa.ForeignKey("renewal.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    node: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    output: Mapped[str]
    evidence: Mapped[str]
    error: Mapped[str]
    progress: Mapped[str]
    waiting_since: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class AttemptRow(Base):
    __tablename__ = "attempt"

    renewal: Mapped[str] = mapped_column(sa.ForeignKey("renewal.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    try_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    executor: Mapped[str]
    at: Mapped[datetime]
    outcome: Mapped[str]  # empty while nobody knows


class ApprovalRow(Base):
    __tablename__ = "approval"
    __table_args__ = (
        # One vote on a plan; a release may have to be given again when the cluster has changed.
        sa.Index(
            "one_vote",
            "renewal",
            "person_id",
            unique=True,
            sqlite_where=sa.text("gate = 'plan'"),
            postgresql_where=sa.text("gate = 'plan'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    renewal: Mapped[str] = mapped_column(sa.ForeignKey("renewal.id"))
    gate: Mapped[str]
    digest: Mapped[str]
    person_id: Mapped[str]
    person_name: Mapped[str]
    person_mention: Mapped[str]
    decision: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class TaskRow(Base):
    """A task that somebody ticked off; an open one has no row."""

    __tablename__ = "task"

    renewal: Mapped[str] = mapped_column(sa.ForeignKey("renewal.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    done_by_id: Mapped[str]
    done_by_name: Mapped[str]
    note: Mapped[str]
    done_at: Mapped[datetime]


class LockRow(Base):
    __tablename__ = "held_lock"

    resource: Mapped[str] = mapped_column(primary_key=True)
    renewal: Mapped[str] = mapped_column(index=True)
    since: Mapped[datetime]


class AuditRow(Base):
    __tablename__ = "audit_event"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    what: Mapped[str]
    actor: Mapped[str]
    actor_name: Mapped[str]
    renewal: Mapped[str] = mapped_column(index=True)
    cluster: Mapped[str]
    details: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class RequestRow(Base):
    __tablename__ = "request"

    key: Mapped[str] = mapped_column(primary_key=True)
    command: Mapped[str]
    person: Mapped[str]
    origin: Mapped[str]
    received_at: Mapped[datetime]
    answered_at: Mapped[datetime | None] = mapped_column(index=True)
    answer: Mapped[str]
    refused: Mapped[bool]


class CursorRow(Base):
    __tablename__ = "cursor"

    observer: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class LeaseRow(Base):
    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


class MessageRow(Base):
    __tablename__ = "message"

    key: Mapped[str] = mapped_column(primary_key=True)
    renewal: Mapped[str] = mapped_column(index=True)
    channel: Mapped[str]
    ts: Mapped[str]
    state: Mapped[str]
    digest: Mapped[str]
    updated_at: Mapped[datetime]


class CertificateRow(Base):
    """A certificate where it was last found; `names` is a JSON array."""

    __tablename__ = "certificate"

    cluster: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    store: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    serial: Mapped[str]
    subject: Mapped[str]
    issuer: Mapped[str]
    names: Mapped[str]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime] = mapped_column(index=True)
    self_signed: Mapped[bool]
    seen_at: Mapped[datetime]


class KnownKeyRow(Base):
    """A server key that a node showed; only its public part."""

    __tablename__ = "known_key"

    cluster: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    learned_at: Mapped[datetime]
