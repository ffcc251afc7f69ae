"""Leaving a whole purpose of a campaign out, as long as nothing of it was installed."""

from dataclasses import replace

from certrenew.app.commands import SkipPart
from certrenew.app.grammar import nearest_names
from certrenew.app.rights import Rights, with_reason
from certrenew.app.unit import UnitOfWork
from certrenew.domain.approval import Person
from certrenew.domain.errors import CommandRefused
from certrenew.domain.events import What
from certrenew.domain.plan import Json, Part
from certrenew.domain.renewal import Renewal, State, StepState


class Parts(Rights):
    """The rules behind `skip-part`."""

    def skip(self, unit: UnitOfWork, renewal: Renewal, command: SkipPart, person: Person) -> str:
        """Mark every step of the part that is left as skipped. Raises CommandRefused or NotAllowed."""
        reason = with_reason(command.reason, "leave a purpose out")
        self._must_approve(renewal, person)
        part = self._part(renewal, command.part)
        now = self._clock.now()
        open_steps = [record for record in renewal.records_of(part) if not record.over]
        for record in open_steps:
            unit.forget_unknown(renewal.id, record.number, person.id)
            skipped = replace(record, state=StepState.SKIPPED, finished_at=now, error="", evidence={"skipped": reason})
            unit.save_step(renewal.id, skipped, progress={})
        stood_here = any(record.state is StepState.FAILED for record in open_steps)
        going = renewal.move(State.RUNNING) if renewal.state is State.STOPPED and stood_here else renewal
        unit.save(going)
        details: dict[str, Json] = {
            "part": part.purpose,
            "title": part.title,
            "steps": len(open_steps),
            "reason": reason,
        }
        unit.append(self._event(What.PART_SKIPPED, person, going, details))
        text = f"Renewal {renewal.short_id} goes on without {part.title}; nothing of it was installed."
        if made := dict.fromkeys(record.node for record in renewal.records_of(part) if "csr" in record.output):
            text += f" Its signing requests wait on {', '.join(made)} unused: its next renewal needs --replace-csr."
        return text

    @staticmethod
    def _part(renewal: Renewal, wanted: str) -> Part:
        """The part that is meant, if it can still be left out."""
        plan, name = renewal.plan, f"Renewal {renewal.short_id}"
        if renewal.state.final:
            raise CommandRefused(f"{name} is already {renewal.state}; nothing has changed.")
        if renewal.state is State.PLANNED:
            raise CommandRefused(f"{name} is not approved yet: ask for a plan without it instead. Nothing has changed.")
        if len(plan.all_parts) == 1:
            raise CommandRefused(f"{name} renews {plan.title} only: abandon it instead. Nothing has changed.")
        found = next(
            (part for part in plan.parts if wanted.lower() in (part.purpose.lower(), part.title.lower())), None
        )
        if found is None:
            known = [part.purpose for part in plan.parts]
            hint = f"did you mean {' or '.join(near)}?" if (near := nearest_names(wanted, known)) else ""
            hint = hint or f"it renews {', '.join(known)}."
            raise CommandRefused(f"{name} does not renew {wanted[:60]!r}; {hint} Nothing has changed.")
        records = renewal.records_of(found)
        if all(record.over for record in records):
            done = "left out already" if renewal.left_out(found) else "finished"
            raise CommandRefused(f"{found.title} is {done} in renewal {renewal.short_id}; nothing has changed.")
        if renewal.touched(found):
            raise CommandRefused(
                f"The installation of {found.title} has begun, so it cannot be left out now: retry or skip the step"
                " at which it stops, or abandon the renewal. Nothing has changed."
            )
        if all(renewal.left_out(part) for part in plan.parts if part is not found):
            raise CommandRefused(f"Nothing else is left in {name.lower()}: abandon it instead. Nothing has changed.")
        return found
