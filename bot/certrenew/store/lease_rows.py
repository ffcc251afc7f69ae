"""Leases: who shows events to an observer, who handles a request, and which replica works on a renewal."""

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from certrenew.store.rows import LeaseRow


class LeaseTable:
    """The part of a unit of work that says whose turn it is."""

    session: Session
    _now: Callable[[], datetime]

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        now = self._now()
        row = self.session.scalar(sa.select(LeaseRow).where(LeaseRow.name == name).with_for_update())
        if row is None:
            try:
                with self.session.begin_nested():
                    self.session.add(LeaseRow(name=name, holder=holder, until=now + timedelta(seconds=seconds)))
            except sa.exc.IntegrityError:
                return False
            return True
        if row.holder != holder and row.until > now:
            return False
        if row.holder != holder or row.until < now + timedelta(seconds=seconds / 2):  # else there is nothing to write
            row.holder, row.until = holder, now + timedelta(seconds=seconds)
        return True

    def let_go(self, name: str) -> None:
        self.session.execute(sa.delete(LeaseRow).where(LeaseRow.name == name))

    def take_up(self, renewal_id: str, executor: str) -> bool:
        if not self._lives(executor):
            return False
        row = self.session.get(LeaseRow, _work_on(renewal_id))
        if row is None:
            self.session.add(LeaseRow(name=_work_on(renewal_id), holder=executor, until=self._now()))
        elif row.holder != executor:
            row.holder, row.until = executor, self._now()
        return True

    def owns(self, renewal_id: str, executor: str) -> bool:
        holder = self.session.scalar(sa.select(LeaseRow.holder).where(LeaseRow.name == _work_on(renewal_id)))
        return holder == executor and self._lives(executor)

    def _lives(self, executor: str) -> bool:
        """On the database's clock, as other replicas see it. A process without a lease cannot lose one."""
        until = sa.select(LeaseRow.until).where(LeaseRow.name == f"executor:{executor}").scalar_subquery()
        return bool(self.session.scalar(sa.select(sa.func.coalesce(until > sa.func.now(), sa.true()))))


def _work_on(renewal_id: str) -> str:
    """The name of the row that says which replica works on a renewal; it holds until another takes up the work."""
    return f"renewal:{renewal_id}"
