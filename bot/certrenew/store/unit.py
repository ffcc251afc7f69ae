"""The unit of work on SQLAlchemy: one transaction with everything that belongs together."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.domain.approval import Approval, Person
from certrenew.domain.errors import CommandRefused, DatabaseUnreachable
from certrenew.domain.events import GENESIS, Event
from certrenew.domain.plan import Json
from certrenew.domain.renewal import FINAL, Renewal, StepRecord, StepState
from certrenew.store import mapping
from certrenew.store.database import READING, told_kindly
from certrenew.store.ledger_rows import AttemptTable
from certrenew.store.lock_rows import LockTable
from certrenew.store.request_rows import RequestTable
from certrenew.store.rows import ApprovalRow, AuditRow, CursorRow, RenewalRow, StepRow, TaskRow

AUDIT_LOCK = 2171382
ENDED = [str(state) for state in FINAL]


class Mailbox(Protocol):
    """The engine's side of a transaction: orders and messages that are valid only if it commits."""

    def start(self, connection: sa.Connection, renewal: str, digest: str) -> None: ...

    def wake(self, connection: sa.Connection, renewal: str, key: str) -> None: ...

    def committed(self, renewals: Sequence[str]) -> None:
        """These renewals have a message now; wake what waits in this process at once."""
        ...


class NoMailbox:
    """For programs that only read or leave requests: an engine elsewhere looks for itself."""

    def start(self, connection: sa.Connection, renewal: str, digest: str) -> None:
        raise CommandRefused("This program does not run renewals; nothing has changed.")

    def wake(self, connection: sa.Connection, renewal: str, key: str) -> None:
        raise CommandRefused("This program does not run renewals; nothing has changed.")

    def committed(self, renewals: Sequence[str]) -> None: ...


class SqlUnit(AttemptTable, RequestTable, LockTable):
    """Implements `UnitOfWork`. `patience` is how many seconds it waits for a database that is away."""

    def __init__(
        self,
        engine: sa.Engine,
        mailbox: Mailbox,
        *,
        patience: float,
        now: Callable[[], datetime],
        reading: bool = False,
    ) -> None:
        self._engine = engine.execution_options(**{READING: True}) if reading else engine
        self._reading = reading
        self._mailbox = mailbox
        self._patience = patience
        self._now = now
        self._messaged: list[str] = []

    def __enter__(self) -> Self:
        deadline = time.monotonic() + self._patience
        while True:
            self.session = Session(self._engine, expire_on_commit=False)
            try:
                with told_kindly(self._engine.url):
                    self.session.connection()
                return self
            except DatabaseUnreachable:
                self.session.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.25)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with told_kindly(self._engine.url):
                if kind is None:
                    self.session.commit()
                    self._mailbox.committed(self._messaged)
                    return
                self.session.rollback()
                if isinstance(error, sa.exc.DBAPIError):
                    raise error
        finally:
            self.session.close()

    # ---- renewals --------------------------------------------------------------------------------------------

    def add(self, renewal: Renewal) -> None:
        self.session.add(mapping.renewal_row(renewal))
        self.session.flush()
        for record in renewal.steps:
            self.session.add(
                StepRow(renewal=renewal.id, number=record.number, progress="{}", **mapping.step_columns(record))
            )
        self.session.flush()

    def get(self, renewal_id: str, *, steps: bool = True) -> Renewal:
        query = sa.select(RenewalRow).where(RenewalRow.id == renewal_id)
        row = self.session.scalar(query if self._reading else query.with_for_update())
        if row is None:
            raise CommandRefused(f"There is no renewal {renewal_id[:8]!r}; try: list.")
        return self._whole(row) if steps else mapping.renewal_from(row, (), (), ())

    def find(self, reference: str) -> Renewal:
        wanted = reference.strip().lower()
        rows: Sequence[str] = ()
        if len(wanted) >= 4:
            begins = RenewalRow.id.startswith(wanted, autoescape=True)
            rows = self.session.scalars(sa.select(RenewalRow.id).where(begins).limit(2)).all()
        if not rows:
            open_on = sa.func.lower(RenewalRow.cluster) == wanted, RenewalRow.state.not_in(ENDED)
            rows = self.session.scalars(sa.select(RenewalRow.id).where(*open_on).limit(2)).all()
        if not rows:
            raise CommandRefused(
                f"There is no renewal {reference!r}, and none is open on a cluster of that name; its id is in: list."
                " Nothing has changed."
            )
        if len(rows) > 1:
            raise CommandRefused(f"More than one renewal begins with {reference!r}; give more of its id.")
        return self.get(rows[0])

    def save(self, renewal: Renewal) -> None:
        self.session.execute(
            sa.update(RenewalRow).where(RenewalRow.id == renewal.id).values(**mapping.changing(renewal))
        )

    def save_step(self, renewal_id: str, record: StepRecord, *, progress: Mapping[str, Json] | None = None) -> None:
        values = mapping.step_columns(record)
        if progress is not None:
            values["progress"] = mapping.dump(dict(progress))
        if record.state is StepState.WAITING:
            values["waiting_since"] = sa.func.coalesce(StepRow.waiting_since, self._now())
        else:
            values["waiting_since"] = None
        at = StepRow.renewal == renewal_id, StepRow.number == record.number
        self.session.execute(sa.update(StepRow).where(*at).values(**values))

    def step(self, renewal_id: str, number: int) -> StepRecord:
        at = StepRow.renewal == renewal_id, StepRow.number == number
        row = self.session.execute(sa.select(*StepRow.__table__.columns).where(*at)).one_or_none()
        if row is None:
            raise CommandRefused(f"Renewal {renewal_id[:8]} has no step {number}.")
        return mapping.step_from(row)

    def step_memory(self, renewal_id: str, number: int) -> tuple[Mapping[str, Json], datetime | None]:
        row = self.session.get(StepRow, (renewal_id, number))
        if row is None:
            return {}, None
        return mapping.load(row.progress), row.waiting_since

    def add_approval(self, approval: Approval) -> None:
        try:
            self.session.add(mapping.approval_row(approval))
            self.session.flush()
        except sa.exc.IntegrityError as error:
            raise CommandRefused("You have already decided on this; a vote cannot be changed.") from error

    def tick(self, renewal_id: str, task: str, person: Person, note: str, at: datetime) -> None:
        try:
            with self.session.begin_nested():
                self.session.add(
                    TaskRow(
                        renewal=renewal_id,
                        key=task,
                        done_by_id=person.id,
                        done_by_name=person.name,
                        note=note,
                        done_at=at,
                    )
                )
        except sa.exc.IntegrityError as error:
            raise CommandRefused(f"Somebody else has just ticked off {task!r}; nothing has changed.") from error

    def open_renewals(self, *, cluster: str = "") -> Sequence[Renewal]:
        query = sa.select(RenewalRow).where(RenewalRow.state.not_in(ENDED)).order_by(RenewalRow.created_at)
        if cluster:
            query = query.where(RenewalRow.cluster == cluster)
        return [self._whole(row) for row in self.session.scalars(query)]

    def newest(self, *, cluster: str = "", limit: int = 20) -> Sequence[Renewal]:
        query = sa.select(RenewalRow).order_by(RenewalRow.created_at.desc()).limit(limit)
        if cluster:
            query = query.where(RenewalRow.cluster == cluster)
        return [self._whole(row) for row in self.session.scalars(query)]

    def _whole(self, row: RenewalRow) -> Renewal:
        columns = StepRow.__table__.columns  # rows without identity: hundreds of them are read with every move
        steps = self.session.execute(sa.select(*columns).where(StepRow.renewal == row.id).order_by(StepRow.number))
        votes = self.session.scalars(
            sa.select(ApprovalRow).where(ApprovalRow.renewal == row.id).order_by(ApprovalRow.id)
        )
        ticks = self.session.scalars(sa.select(TaskRow).where(TaskRow.renewal == row.id))
        found = mapping.renewal_from(row, steps.all(), votes.all(), ticks.all())
        return replace(found, unsettled=self.holds_anything(row.id)) if found.state.final else found

    # ---- audit -----------------------------------------------------------------------------------------------

    def append(self, event: Event) -> Event:
        if self._engine.dialect.name == "postgresql":
            self.session.execute(sa.select(sa.func.pg_advisory_xact_lock(AUDIT_LOCK)))
        last = self.session.execute(
            sa.select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)
        ).first()
        number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
        details = json.loads(mapping.dump(dict(event.details)))  # what is hashed is what is stored
        chained = replace(event, number=number, previous=previous, details=details)
        chained = replace(chained, hash=chained.digest())
        self.session.add(mapping.event_row(chained))
        self.session.flush()
        return chained

    def events(self, *, renewal: str = "", after: int = 0, limit: int = 0) -> Sequence[Event]:
        query = sa.select(AuditRow).where(AuditRow.number > after).order_by(AuditRow.number)
        if renewal:
            query = query.where(AuditRow.renewal == renewal)
        if limit:
            query = query.limit(limit)
        return [mapping.event_from(row) for row in self.session.scalars(query)]

    # ---- the engine's mailbox ----------------------------------------------------------------------------------

    def start(self, renewal: Renewal) -> None:
        self._mailbox.start(self.session.connection(), renewal.id, renewal.plan.digest)
        self._messaged.append(renewal.id)

    def wake(self, renewal_id: str, key: str) -> None:
        self._mailbox.wake(self.session.connection(), renewal_id, key)
        self._messaged.append(renewal_id)

    # ---- observers -----------------------------------------------------------------------------------------------

    def cursor(self, observer: str) -> int:
        return self.session.scalar(sa.select(CursorRow.number).where(CursorRow.observer == observer)) or 0

    def set_cursor(self, observer: str, number: int) -> None:
        row = self.session.get(CursorRow, observer)
        if row is None:
            self.session.add(CursorRow(observer=observer, number=number))
        else:
            row.number = max(row.number, number)
