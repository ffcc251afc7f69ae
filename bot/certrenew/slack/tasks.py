"""The list of what only people can do after a renewal: each task with its state, and a button while it is open."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from certrenew.domain.renewal import Renewal, TaskRecord
from certrenew.slack.buttons import done_button
from certrenew.slack.cards import Message
from certrenew.slack.text import code, count, line_of, when

MOST = 40  # tasks with a block of their own; Slack takes 50 blocks


def task_list(renewal: Renewal) -> Message | None:
    """A function of the renewal alone; None when it leaves nothing to do."""
    if not renewal.state.final or not (renewal.open_tasks or any(task.done for task in renewal.tasks)):
        return None
    blocks = list(_blocks(renewal))
    text = _headline(renewal)
    drawn = json.dumps([text, blocks], sort_keys=True)
    return Message(text, tuple(blocks), hashlib.sha256(drawn.encode()).hexdigest())


def _headline(renewal: Renewal) -> str:
    left = len(renewal.open_tasks)
    what = f"after renewal {renewal.short_id} on {line_of(renewal.plan.cluster, 80)}"
    if not left:
        return f"Everything that people had to do {what} is done."
    return f"What only people can do {what}: {left} of {count(len(renewal.tasks), 'task')} open."


def _blocks(renewal: Renewal) -> Iterator[dict[str, Any]]:
    sign = "📝" if renewal.open_tasks else "✅"
    yield _section(f"{sign} *{_headline(renewal)}*")
    for task in renewal.tasks[:MOST]:
        block = _section(_line(task))
        yield block if task.done else block | {"accessory": done_button(renewal, task.key)}
    for task in renewal.tasks[MOST : MOST + 1]:
        more = len(renewal.tasks) - MOST
        yield _section(f"and {more} more, from {code(task.key)} on; `status` shows them, `done` ticks them off.")


def _line(task: TaskRecord) -> str:
    if task.done_by is None or task.done_at is None:
        return f"⬜ *Open* · {code(task.key)}\n{line_of(task.text, 900)}"
    note = f": “{line_of(task.note, 400)}”" if task.note else ""
    who = f"<@{task.done_by.id.rsplit('/', 1)[1]}>" if task.done_by.id.startswith("slack:") else ""
    by = who or line_of(task.done_by.name, 80)
    return f"✅ *Done* · {code(task.key)} · by {by} {when(task.done_at)}{note}\n{line_of(task.text, 900)}"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
