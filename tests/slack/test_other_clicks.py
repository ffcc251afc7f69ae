"""Clicks below other messages than cards: a renewal from a digest, a task that is done."""

from collections.abc import Iterator
from typing import Any

import pytest

from certrenew.app.commands import Renew, Tick
from certrenew.app.grammar import Grammar
from certrenew.slack.app import SlackBot
from certrenew.slack.buttons import done_button, renew_button

from .conftest import settings_for
from .fakes import ANA, CHANNEL, Asked, Kept, Lab, eventually, make_renewal


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def lab_with_bot(lab: Lab, kept: Kept) -> Iterator[Lab]:
    grammar = Grammar(purposes=["callmanager"], clusters=["cluster-a"], authorities=[])
    bot = SlackBot(settings=settings_for(lab), inbox=kept, grammar=grammar, questions=Asked())  # type: ignore[arg-type]
    bot.start()
    eventually(lambda: lab.slack.lab.sockets.connections)
    yield lab
    bot.stop()


def press(lab: Lab, button: dict[str, Any], user: str = "ana") -> None:
    from certrenew_lab.slack.messages import Message

    state = lab.slack.lab
    blocks = [{"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": "x"}, "accessory": button}]
    message = Message(CHANNEL, state.messages.new_ts(), state.workspace.bot.user_id, "x", blocks)

    async def add() -> Any:
        return state.post(message)

    lab.run(add())
    lab.act(
        "click",
        {
            "user": user,
            "channel": CHANNEL,
            "ts": message.ts,
            "block_id": "b1",
            "action_id": button["action_id"],
        },
    )


def test_the_renew_button_plans_as_if_it_were_typed(lab_with_bot: Lab, kept: Kept) -> None:
    press(lab_with_bot, renew_button("CallManager", "cluster-A"))
    ((command, who, channel),) = eventually(lambda: list(kept.commands.values()))
    assert command == Renew(purpose="callmanager", cluster="cluster-a")
    assert (who.id, channel) == (ANA.id, CHANNEL)
    eventually(lambda: any("Reading cluster-a" in note for note in lab_with_bot.notes("U0ANA00001")))


def test_a_renew_button_for_what_is_no_longer_configured_is_refused_kindly(lab_with_bot: Lab, kept: Kept) -> None:
    press(lab_with_bot, renew_button("callmanager", "cluster-b"))
    eventually(lambda: any("There is no cluster" in note for note in lab_with_bot.notes("U0ANA00001")))
    assert not kept.commands


def test_the_done_button_ticks_its_task_off(lab_with_bot: Lab, kept: Kept) -> None:
    renewal = make_renewal()
    press(lab_with_bot, done_button(renewal, "backup"))
    ((command, _, _),) = eventually(lambda: list(kept.commands.values()))
    assert command == Tick(renewal=renewal.id, task="backup")
