"""A renewal at a glance, in lines of text: its purposes, the step at hand, and what is left for people."""

from collections.abc import Iterator

from certrenew.domain.plan import Part
from certrenew.domain.renewal import Renewal, StepState


def overview(renewal: Renewal) -> Iterator[str]:
    """What stands above the steps; of a campaign, instead of them."""
    for part in renewal.plan.parts:
        yield f"  {part.title:<24} {_stands(renewal, part)}"
    record = renewal.current
    if renewal.plan.parts and record is not None and not renewal.state.final:
        yield f"at step {record.number}: {renewal.plan.steps[record.number - 1].summary()}"
        if record.error and record.error != renewal.reason:
            yield f"       {record.error}"
    for task in renewal.tasks:
        if task.done_by is not None and task.done_at is not None:
            note = f": {task.note}" if task.note else ""
            yield f"task {task.key} done by {task.done_by.name}, {task.done_at:%Y-%m-%d %H:%M} UTC{note}"
        elif task in renewal.open_tasks:
            yield f"task {task.key} open: {task.text}"
    if renewal.unsettled:
        yield f"not settled: other trust anchors of {renewal.plan.cluster} wait until its phones are back"


def _stands(renewal: Renewal, part: Part) -> str:
    if renewal.left_out(part):
        return "left out"
    records = renewal.records_of(part)
    done = sum(record.over for record in records)
    now = next((record for record in records if not record.over), None)
    if now is None:
        return f"done, {done} steps"
    phase = renewal.plan.steps[now.number - 1].phase
    word = "stopped" if now.state is StepState.FAILED else f"next: {phase}"
    return f"{done} of {len(records)} steps, {word}"
