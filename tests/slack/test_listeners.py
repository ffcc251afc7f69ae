"""What arrives: one row each, acknowledged at once, answered in a sentence."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from certrenew.app.commands import Abandon, Approve, Pause, Reject, Renew, Skip
from certrenew.app.grammar import Grammar
from certrenew.app.unit import Request
from certrenew.domain.errors import CommandRefused, Unreachable
from certrenew.domain.renewal import Renewal, State
from certrenew.slack.app import SlackBot
from certrenew.slack.cards import card

from .conftest import settings_for
from .fakes import ANA, CARMEN, CHANNEL, NOW, POLICY, Asked, Kept, Lab, eventually, make_renewal

GRAMMAR = Grammar(purposes=["callmanager", "tomcat"], clusters=["cluster-a"], authorities=["corporate-ca"])


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def bot(lab: Lab, kept: Kept, asked: Asked) -> Iterator[SlackBot]:
    found = SlackBot(
        settings=settings_for(lab),
        inbox=kept,  # type: ignore[arg-type]
        grammar=GRAMMAR,
        questions=asked,
    )
    found.start()
    eventually(lambda: lab.slack.lab.sockets.connections)
    yield found
    found.stop()


def run(lab: Lab, text: str, user: str = "ana", channel: str = "uc-certificates") -> dict[str, Any]:
    answer: dict[str, Any] = lab.act("command", user, channel, f"/certrenew {text}")
    return answer


def shown(answer: dict[str, Any]) -> str:
    return " ".join(str(found) for found in answer.get("shown", []))


def post(lab: Lab, renewal: Renewal, policy: Any = POLICY) -> Any:
    """The card of this renewal, as the bot posts it."""
    from certrenew_lab.slack.messages import Message

    drawn = card(renewal, policy, NOW)
    lab_state = lab.slack.lab
    message = Message(
        CHANNEL, lab_state.messages.new_ts(), lab_state.workspace.bot.user_id, drawn.text, list(drawn.blocks)
    )

    async def add() -> Any:
        return lab_state.post(message)

    return lab.run(add())


def wanted(message: Any, label: str, user: str = "carmen") -> dict[str, Any]:
    buttons = [b for block in message.blocks if block["type"] == "actions" for b in block["elements"]]
    button = next(found for found in buttons if found["text"]["text"] == label)
    block = next(block["block_id"] for block in message.blocks if block["type"] == "actions")
    return {
        "user": user,
        "channel": CHANNEL,
        "ts": message.ts,
        "block_id": block,
        "action_id": button["action_id"],
    }


def click(lab: Lab, message: Any, label: str, user: str = "carmen") -> dict[str, Any]:
    answer: dict[str, Any] = lab.act("click", wanted(message, label, user))
    return answer


def dialog(lab: Lab, user: str = "U0CARMEN01") -> Any:
    return eventually(lambda: lab.slack.lab.modals.stack(user))[-1]


def test_a_command_becomes_one_row_and_a_sentence(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    answer = run(lab, "callmanager cluster-a --change CHG1")
    assert "Reading cluster-a to plan the renewal of callmanager" in shown(answer)
    ((command, person, origin),) = kept.commands.values()
    assert command == Renew(purpose="callmanager", cluster="cluster-a", change_number="CHG1")
    assert (person, origin) == (ANA, CHANNEL)


def test_a_slip_is_answered_at_once_with_the_nearest_right_thing(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    assert "did you mean callmanager?" in shown(run(lab, "calmanager cluster-a"))
    assert "There is no cluster" in shown(run(lab, "callmanager <cluster-b>"))
    assert kept.commands == {}


def test_help_is_in_the_answer_itself(lab: Lab, bot: SlackBot) -> None:
    assert "/certrenew approve &lt;renewal&gt; [reason]" in shown(run(lab, "help"))
    assert "Example: /certrenew callmanager cluster-a" in shown(run(lab, ""))


def test_a_question_is_answered_to_the_asker_alone(lab: Lab, bot: SlackBot) -> None:
    run(lab, "status")
    assert eventually(lambda: lab.notes("U0ANA00001")) == ["answer to Status for ana &lt;&amp;&gt;"]


def test_where_the_bot_is_not_a_member_the_answer_takes_the_response_url(lab: Lab, bot: SlackBot) -> None:
    run(lab, "status", channel="general")
    assert "answer to Status for ana" in eventually(lambda: lab.notes("U0ANA00001", "C0GENERAL1"))[0]


def test_a_reply_without_any_channel_comes_in_person(lab: Lab, bot: SlackBot) -> None:
    request = Request(key="k", command={}, person={}, origin="C0GENERAL1", received_at=NOW)
    bot.reply(request, ANA, CommandRefused("That is <not> possible."))
    assert eventually(lambda: lab.direct("U0ANA00001")) == ["That is &lt;not&gt; possible."]


def test_an_answer_waits_for_slack_to_come_back(lab: Lab, bot: SlackBot) -> None:
    lab.fault("server_error", method="chat.postEphemeral", count=1)
    bot.reply(Request(key="k", command={}, person={}, origin=CHANNEL, received_at=NOW), ANA, CommandRefused("No."))
    assert eventually(lambda: lab.notes("U0ANA00001")) == ["No."]


def test_a_click_becomes_the_command_of_its_button(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    renewal = make_renewal()
    assert click(lab, post(lab, renewal), "Approve renewal")["ok"]
    ((command, person, origin),) = kept.commands.values()
    assert command == Approve(renewal=renewal.id, digest=renewal.plan.digest)
    assert (person, origin) == (CARMEN, CHANNEL)


def test_an_envelope_that_comes_twice_is_one_row(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    message = post(lab, make_renewal(state=State.RUNNING, done=1))
    lab.fault("duplicate_envelopes", kind="interactive")
    click(lab, message, "Pause renewal")
    lab.fault("duplicate_envelopes", kind="slash_commands")
    run(lab, "pause 1111")
    eventually(lambda: all(envelope.acked_at for envelope in lab.slack.lab.journal.envelopes))
    assert len(lab.slack.lab.journal.envelopes) == 4
    assert [command for command, *_ in kept.commands.values()] == [Pause(renewal="1" * 32), Pause(renewal="1111")]


def test_two_people_who_click_together_are_two_requests(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    message = post(lab, make_renewal())
    both = [wanted(message, "Approve renewal", user) for user in ("carmen", "chen")]
    lab.act("click_together", both)
    assert len(kept.commands) == 2


@pytest.mark.parametrize(
    ("label", "kind", "renewal"),
    [
        ("Reject renewal", Reject, make_renewal()),
        ("Skip step 5", Skip, make_renewal(state=State.STOPPED, done=4)),
        ("Abandon renewal", Abandon, make_renewal(state=State.RUNNING, done=4)),
    ],
)
def test_grave_decisions_ask_for_a_reason_first(
    lab: Lab, bot: SlackBot, kept: Kept, label: str, kind: type, renewal: Renewal
) -> None:
    click(lab, post(lab, renewal), label)
    view = dialog(lab)
    assert kept.commands == {}
    answer = lab.act(
        "submit_view", "carmen", view.id, {"reason": {"reason": {"type": "plain_text_input", "value": "late & <b>"}}}
    )
    assert answer["ok"]
    ((command, person, origin),) = kept.commands.values()
    assert isinstance(command, kind)
    assert command.reason == "late & <b>"
    assert (person, origin) == (CARMEN, CHANNEL)


def test_an_approval_asks_for_a_reason_where_the_policy_wants_one(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    renewal = make_renewal()
    click(lab, post(lab, renewal, replace(POLICY, reason_required=True)), "Approve renewal")
    view = dialog(lab)
    lab.act("submit_view", "carmen", view.id, {"reason": {"reason": {"type": "plain_text_input", "value": "ok"}}})
    ((command, *_),) = kept.commands.values()
    assert command == Approve(renewal=renewal.id, reason="ok", digest=renewal.plan.digest)


def test_a_blank_reason_keeps_the_dialog_open(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    click(lab, post(lab, make_renewal()), "Reject renewal")
    view = dialog(lab)
    lab.act("submit_view", "carmen", view.id, {"reason": {"reason": {"type": "plain_text_input", "value": "   "}}})
    assert kept.commands == {}
    assert lab.slack.lab.modals.stack("U0CARMEN01")


def test_a_dialog_that_does_not_open_says_how_else(lab: Lab, bot: SlackBot) -> None:
    message = post(lab, make_renewal())
    lab.fault("expire_triggers")
    click(lab, message, "Reject renewal")
    (note,) = eventually(lambda: lab.notes("U0CARMEN01"))
    assert "/certrenew reject 11111111 &lt;reason&gt;" in note


def test_acks_do_not_wait_for_work(lab: Lab, bot: SlackBot, kept: Kept, asked: Asked) -> None:
    """Every asker is stuck in a question, and commands are still acknowledged at once."""
    free = threading.Event()
    asked.work = lambda: free.wait(20) and None
    for _ in range(8):
        run(lab, "certs cluster-a")
    message = post(lab, make_renewal(state=State.RUNNING, done=1))
    began = time.monotonic()
    for _ in range(10):
        run(lab, "callmanager cluster-a")
        click(lab, message, "Pause renewal")
    took = (time.monotonic() - began) / 20
    free.set()
    assert took < 0.1
    assert len(kept.commands) == 20


def test_a_slow_database_delays_nobody_and_loses_nothing(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    kept.work = lambda: time.sleep(2.4)
    assert run(lab, "retry 1111").get("ok", True)
    assert eventually(lambda: kept.commands)


def test_an_absent_database_is_told_in_the_answer(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    def fail() -> None:
        raise Unreachable("The database does not answer.")

    kept.work = fail
    assert "nothing has changed. Try again in a minute" in shown(run(lab, "retry 1111"))
    click(lab, post(lab, make_renewal(state=State.RUNNING, done=1)), "Pause renewal")
    assert "nothing has changed" in eventually(lambda: lab.notes("U0CARMEN01"))[0]


def test_a_bug_is_acknowledged_with_an_incident(
    lab: Lab, bot: SlackBot, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    kept.work = fail
    text = shown(run(lab, "retry 1111"))
    incident = text.partition("incident ")[2][:8]
    assert len(incident) == 8
    assert incident in caplog.text


def test_an_unknown_button_is_answered(lab: Lab, bot: SlackBot, kept: Kept) -> None:
    message = post(lab, make_renewal())
    actions = next(block for block in message.blocks if block["type"] == "actions")
    actions["elements"][0]["action_id"] = "certrenew:explode"
    assert click(lab, message, "Approve renewal")["ok"]
    assert "not one that certrenew knows" in eventually(lambda: lab.notes("U0CARMEN01"))[0]
    actions["elements"][0]["action_id"] = "somebody-elses"
    assert click(lab, message, "Approve renewal")["ok"]


def test_people_of_another_workspace_are_turned_away(lab: Lab, kept: Kept, asked: Asked) -> None:
    bot = SlackBot(
        settings=settings_for(lab, team_id="T0OTHER"),
        inbox=kept,  # type: ignore[arg-type]
        grammar=GRAMMAR,
        questions=asked,
    )
    bot.start()
    try:
        eventually(lambda: lab.slack.lab.sockets.connections)
        assert "its own workspace only" in shown(run(lab, "retry 1111"))
        assert kept.commands == {}
    finally:
        bot.stop()


def test_slack_is_asked_once_who_the_bot_is(lab: Lab, bot: SlackBot) -> None:
    for _ in range(5):
        run(lab, "help")
    assert len(lab.calls("auth.test")) == 1
