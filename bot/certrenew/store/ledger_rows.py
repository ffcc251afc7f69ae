"""The ledger of attempts: intent before the act, outcome after."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.app.unit import Attempt
from certrenew.store.rows import AttemptRow


class AttemptTable:
    """The part of a unit of work that keeps attempts."""

    session: Session

    def begin_attempt(self, renewal_id: str, number: int, executor: str, at: datetime) -> int:
        try_number = self.newest_attempt(renewal_id, number) + 1
        self.session.add(
            AttemptRow(renewal=renewal_id, number=number, try_number=try_number, executor=executor, at=at, outcome="")
        )
        self.session.flush()
        return try_number

    def end_attempt(self, renewal_id: str, number: int, try_number: int, outcome: str) -> None:
        which = (AttemptRow.renewal == renewal_id, AttemptRow.number == number, AttemptRow.try_number == try_number)
        self.session.execute(sa.update(AttemptRow).where(*which).values(outcome=outcome))

    def unknown_attempts(self, renewal_id: str, number: int) -> Sequence[Attempt]:
        which = (AttemptRow.renewal == renewal_id, AttemptRow.number == number, AttemptRow.outcome == "")
        rows = self.session.scalars(sa.select(AttemptRow).where(*which).order_by(AttemptRow.try_number))
        return [
            Attempt(
                renewal=row.renewal,
                number=row.number,
                try_number=row.try_number,
                executor=row.executor,
                at=row.at,
                outcome=row.outcome,
            )
            for row in rows
        ]

    def forget_unknown(self, renewal_id: str, number: int, decided_by: str) -> None:
        which = (AttemptRow.renewal == renewal_id, AttemptRow.number == number, AttemptRow.outcome == "")
        self.session.execute(sa.update(AttemptRow).where(*which).values(outcome=f"decided by {decided_by}"))

    def newest_attempt(self, renewal_id: str, number: int) -> int:
        which = (AttemptRow.renewal == renewal_id, AttemptRow.number == number)
        return self.session.scalar(sa.select(sa.func.max(AttemptRow.try_number)).where(*which)) or 0
