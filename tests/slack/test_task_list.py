"""The list of what is left for people: posted once at the end, edited in place, with a button while a task is open."""

from dataclasses import replace
from typing import Any

import pytest

from certrenew.app.commands import Renew, Tick
from certrenew.domain.errors import CommandRefused, Unreachable
from certrenew.domain.events import What
from certrenew.domain.renewal import Renewal, State, TaskRecord
from certrenew.slack.buttons import Do, read
from certrenew.slack.digest import DigestPoster
from certrenew.slack.poster import Poster
from certrenew.slack.settings import SlackSettings
from certrenew.slack.tasks import task_list
from certrenew.slack.web import Web

from .fakes import ANA, CARMEN, CHANNEL, NASTY, NOW, Clock, Lab, Memory, Store, event, make_renewal
from .limits import within_limits
from .posting import planned

TASKS = (TaskRecord(key="backup", text="Take a backup."), TaskRecord(key="sso", text="Enable single sign-on again."))


def ended(state: State = State.SUCCEEDED, done: int = 12, tasks: Any = TASKS) -> Renewal:
    return replace(make_renewal(3, state=state, done=done), tasks=tasks, ended_at=NOW)


def ticked(renewal: Renewal, *keys: str, note: str = "") -> Renewal:
    made = (
        replace(task, done_by=CARMEN, done_at=NOW, note=note) if task.key in keys else task for task in renewal.tasks
    )
    return replace(renewal, tasks=tuple(made))


def test_open_tasks_have_a_button_and_done_ones_say_who_and_when() -> None:
    drawn = task_list(ticked(ended(), "backup", note="on sftp1"))
    assert drawn is not None
    within_limits(drawn.blocks, text=drawn.text)
    assert "1 of 2 tasks open" in drawn.text
    _, backup, sso = drawn.blocks
    assert "accessory" not in backup
    assert "✅ *Done*" in backup["text"]["text"]
    assert "<@U0CARMEN01>" in backup["text"]["text"]
    assert "on sftp1" in backup["text"]["text"]
    assert "⬜ *Open*" in sso["text"]["text"]
    click = read(sso["accessory"]["action_id"], sso["accessory"]["value"])
    assert click.command() == Tick(renewal=ended().id, task="sso")


@pytest.mark.parametrize(
    "renewal",
    [ended(tasks=()), ended(State.ABANDONED, done=2), replace(ended(State.RUNNING, done=8), ended_at=None)],
    ids=["no tasks", "nothing installed", "not ended"],
)
def test_nothing_is_listed_where_nothing_is_left(renewal: Renewal) -> None:
    assert task_list(renewal) is None


def test_foreign_text_and_many_tasks_fit_into_a_message() -> None:
    many = tuple(TaskRecord(key=f"task-{number}", text=NASTY) for number in range(60))
    drawn = task_list(ended(tasks=many))
    assert drawn is not None
    within_limits(drawn.blocks, text=drawn.text)
    assert "20 more" in str(drawn.blocks[-1])


def test_the_list_is_posted_once_and_edited_as_tasks_are_ticked_off(poster: Poster, store: Store, lab: Lab) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    store.add(replace(ended(), id=renewal.id))
    over = event(2, What.SUCCEEDED, renewal, ANA)
    for _ in range(2):
        poster.saw([over])
    card = lab.cards()[0]
    lists = [text for text in lab.thread(card) if "only people can do" in text]
    assert len(lists) == 1
    store.add(ticked(replace(ended(), id=renewal.id), "backup", "sso"))
    poster.saw([event(3, What.TASK_DONE, renewal, CARMEN, task="sso", open=0)])
    thread = lab.thread(card)
    assert not any("only people can do" in text for text in thread)
    assert sum("Everything that people had to do" in text for text in thread) == 1
    assert sum("did the last of what people had to do" in text for text in thread) == 1


def test_a_list_whose_answer_was_lost_is_found_and_not_posted_again(poster: Poster, store: Store, lab: Lab) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    store.add(replace(ended(), id=renewal.id))
    over = event(2, What.SUCCEEDED, renewal, ANA)
    for _ in range(4):
        lab.fault("lose_answer", method="chat.postMessage")
        try:
            poster.saw([over])
        except Unreachable:
            continue
    lab.fault("clear")
    poster.saw([over])
    assert sum("only people can do" in text for text in lab.thread(lab.cards()[0])) == 1


# ---- the digest -------------------------------------------------------------------------------------------------

ITEMS = [("CallManager on cluster-a: 12 days left", "callmanager", "cluster-a"), ("A trust certificate", "", "")]


def test_a_digest_has_a_renew_button_a_line_and_is_posted_once(settings: SlackSettings, lab: Lab) -> None:
    memory = Memory()
    for _ in range(2):  # a bot that starts again
        DigestPoster(web=Web(settings), messages=memory, clock=Clock(NOW)).post(CHANNEL, "Two things <!channel>", ITEMS)
    (message,) = lab.cards()
    assert "<!channel>" not in str(message.blocks)
    _, first, second = message.blocks
    button = first["accessory"]
    assert read(button["action_id"], button["value"]).command() == Renew(purpose="callmanager", cluster="cluster-a")
    assert "accessory" not in second


def test_a_digest_for_a_channel_that_is_gone_harms_nobody(settings: SlackSettings) -> None:
    DigestPoster(web=Web(settings), messages=Memory(), clock=Clock(NOW)).post("C0NOWHERE1", "Something", ITEMS)


def test_a_renew_button_with_a_strange_value_is_refused() -> None:
    for value in ("", "callmanager", "a b c"):
        with pytest.raises(CommandRefused):
            read(f"certrenew:{Do.RENEW}", value)
