"""What people do when a renewal has been installed: tick off what only they can do, and settle the cluster."""

from certrenew.app.commands import Settle, Tick
from certrenew.app.grammar import nearest_names
from certrenew.app.rights import Rights, with_reason
from certrenew.app.settling import anchor_of
from certrenew.app.unit import UnitOfWork
from certrenew.domain.approval import Person
from certrenew.domain.errors import CommandRefused
from certrenew.domain.events import What
from certrenew.domain.plan import Json
from certrenew.domain.renewal import Renewal, TaskRecord


class Afterwards(Rights):
    """The rules behind `done` and `settle`. Both work on a renewal that has ended."""

    def tick(self, unit: UnitOfWork, renewal: Renewal, command: Tick, person: Person) -> str:
        """Once for each task. Raises CommandRefused or NotAllowed."""
        self._must_take_part(renewal, person)
        task = self._task(renewal, command.task)
        if task.done_by is not None and task.done_at is not None:
            raise CommandRefused(
                f"{task.done_by.name} did {task.key!r} already, at {task.done_at:%Y-%m-%d %H:%M} UTC; nothing has"
                " changed."
            )
        if task not in renewal.open_tasks:
            raise CommandRefused(
                f"Renewal {renewal.short_id} has not begun to install anything, so there is nothing to do after it."
                " Nothing has changed."
            )
        note = command.note.strip()
        unit.tick(renewal.id, task.key, person, note, self._clock.now())
        left = len(renewal.open_tasks) - 1
        details: dict[str, Json] = {"task": task.key, "text": task.text, "note": note, "open": left}
        unit.append(self._event(What.TASK_DONE, person, renewal, details))
        rest = f"{left} of {len(renewal.tasks)} are still open." if left else "Nothing is left to do."
        return f"Noted: {task.key!r} of renewal {renewal.short_id} is done. {rest}"

    @staticmethod
    def _task(renewal: Renewal, wanted: str) -> TaskRecord:
        name = f"Renewal {renewal.short_id}"
        if not renewal.tasks:
            raise CommandRefused(f"{name} leaves people nothing to do; nothing has changed.")
        found = next((task for task in renewal.tasks if task.key.lower() == wanted.lower()), None)
        if found is None:
            known = [task.key for task in renewal.tasks]
            near = nearest_names(wanted, known)
            hint = f"did you mean {' or '.join(near)}?" if near else f"its tasks are {', '.join(known)}."
            raise CommandRefused(f"{name} has no task {wanted[:60]!r}; {hint} Nothing has changed.")
        return found

    def settle(self, unit: UnitOfWork, renewal: Renewal, command: Settle, person: Person) -> str:
        """An approver answers for what the phones do not show. Raises CommandRefused or NotAllowed."""
        reason = with_reason(command.reason, "settle a renewal")
        self._must_approve(renewal, person)
        name, cluster = f"Renewal {renewal.short_id}", renewal.plan.cluster
        if not renewal.state.final:
            raise CommandRefused(f"{name} is {renewal.state}: it settles when it ends. Nothing has changed.")
        if not unit.give_back(anchor_of(cluster), renewal.id):
            raise CommandRefused(f"{name} keeps nothing on {cluster} from being renewed; nothing has changed.")
        details: dict[str, Json] = {"forced": True, "reason": reason}
        unit.append(self._event(What.SETTLED, person, renewal, details))
        return f"{cluster} counts as settled after renewal {renewal.short_id}; its next trust anchor can be renewed."
