"""The inbox: every command under its idempotency key, with the answer that was given."""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.app.unit import Request
from certrenew.store import mapping
from certrenew.store.rows import RequestRow


class RequestTable:
    """The part of a unit of work that keeps requests."""

    session: Session
    _now: Callable[[], datetime]

    def receive(self, request: Request) -> bool:
        try:
            with self.session.begin_nested():
                self.session.add(
                    RequestRow(
                        key=request.key,
                        command=mapping.dump(dict(request.command)),
                        person=mapping.dump(dict(request.person)),
                        origin=request.origin,
                        received_at=request.received_at,
                        answered_at=None,
                        answer="",
                        refused=False,
                    )
                )
        except sa.exc.IntegrityError:
            return False
        return True

    def unanswered(self, *, received_before: datetime, limit: int = 50) -> Sequence[Request]:
        which = (RequestRow.answered_at.is_(None), RequestRow.received_at <= received_before)
        query = sa.select(RequestRow).where(*which).order_by(RequestRow.received_at).limit(limit)
        return [
            Request(
                key=row.key,
                command=mapping.load(row.command),
                person=mapping.load(row.person),
                origin=row.origin,
                received_at=row.received_at,
            )
            for row in self.session.scalars(query)
        ]

    def answer(self, key: str, text: str, *, refused: bool = False) -> bool:
        row = self.session.get(RequestRow, key)
        now = self._now()
        if row is None:
            self.session.add(
                RequestRow(
                    key=key,
                    command="{}",
                    person="{}",
                    origin="",
                    received_at=now,
                    answered_at=now,
                    answer=text,
                    refused=refused,
                )
            )
            return True
        if row.answered_at is not None:
            return False
        row.answered_at, row.answer, row.refused = now, text, refused
        return True

    def answered(self, key: str) -> str | None:
        row = self.session.get(RequestRow, key)
        return row.answer if row is not None and row.answered_at is not None else None

    def was_refused(self, key: str) -> bool:
        row = self.session.get(RequestRow, key)
        return row is not None and row.refused
