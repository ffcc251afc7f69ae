"""Locks: what a renewal holds, in the database itself, so that two replicas cannot both hold it."""

from collections.abc import Sequence

import sqlalchemy as sa

from certrenew.store.lease_rows import LeaseTable
from certrenew.store.rows import LockRow


class LockTable(LeaseTable):
    """The part of a unit of work that says which renewal holds a resource."""

    def take_locks(self, resources: Sequence[str], renewal_id: str) -> str | None:
        """Insert first and look afterwards: two replicas that plan at once must not both succeed."""
        held = sa.select(LockRow.renewal).where(LockRow.resource.in_(resources)).order_by(LockRow.resource).limit(1)
        while True:
            try:
                with self.session.begin_nested():
                    for resource in sorted(resources):
                        self.session.add(LockRow(resource=resource, renewal=renewal_id, since=self._now()))
                        self.session.flush()
                return None
            except sa.exc.IntegrityError:
                if holder := self.session.scalar(held):
                    return holder  # else it was given back just now, and nothing is taken yet

    def release_locks(self, renewal_id: str, *, keep: Sequence[str] = ()) -> None:
        mine = LockRow.renewal == renewal_id, LockRow.resource.not_in(keep)
        self.session.execute(sa.delete(LockRow).where(*mine))
        self.let_go(f"renewal:{renewal_id}")

    def holder(self, resource: str) -> str | None:
        return self.session.scalar(sa.select(LockRow.renewal).where(LockRow.resource == resource))

    def holds_anything(self, renewal_id: str) -> bool:
        return (
            self.session.scalar(sa.select(LockRow.resource).where(LockRow.renewal == renewal_id).limit(1)) is not None
        )

    def give_back(self, resource: str, renewal_id: str) -> bool:
        """Deletes and looks whether anything was there: of two that ask at once, one gives it back."""
        held = sa.delete(LockRow).where(LockRow.resource == resource, LockRow.renewal == renewal_id)
        return self.session.scalar(held.returning(LockRow.resource)) is not None
