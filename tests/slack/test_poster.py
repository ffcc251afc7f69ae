"""The poster against a workspace that fails in Slack's ways: nothing is lost, nothing is said twice."""

from dataclasses import replace
from typing import Any

import pytest

from certrenew.domain.errors import AnswerLost, Unreachable
from certrenew.domain.events import What
from certrenew.domain.renewal import State
from certrenew.slack.messages import SENDING, SENT
from certrenew.slack.poster import Poster
from certrenew.slack.settings import SlackSettings

from .conftest import settings_for
from .fakes import CARMEN, Crash, Lab, Memory, Store, approved, event, make_renewal
from .posting import Time, make_poster, planned

GENERAL = "C0GENERAL1"


def fail_then(poster: Poster, events: list[Any]) -> None:
    """As the notifier does: what failed is shown again."""
    with pytest.raises(Unreachable):
        poster.saw(events)
    poster.saw(events)


def test_a_plan_becomes_a_card_with_its_steps_in_the_thread(lab: Lab, poster: Poster, store: Store) -> None:
    _, events = planned(store, nodes=21)
    poster.saw(events)
    (card,) = lab.cards()
    thread = lab.thread(card)
    assert card.text.startswith("Renewal 11111111: CallManager on cluster-a (21 nodes) waits for approval")
    assert "84. Check by TLS" in "\n".join(thread)
    assert thread[-1].count("<!subteam^S0CHANGE01>") == 1


def test_events_shown_again_change_nothing(lab: Lab, poster: Poster, store: Store) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    before = lab.thread(lab.cards()[0])
    poster.saw([*events, event(2, What.STARTED, renewal, phase="prepare")])
    assert len(lab.cards()) == 1
    assert lab.thread(lab.cards()[0]) == [*before, "🔵 The plan was made anew and still holds; preparation begins."]


def test_a_decision_takes_the_buttons_away(lab: Lab, poster: Poster, store: Store) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    store.add(replace(approved(renewal), state=State.REJECTED, reason="too late"))
    poster.saw([event(2, What.REJECTED, renewal, CARMEN, reason="no")])
    (card,) = lab.cards()
    assert not [block for block in card.blocks if block["type"] == "actions"]
    assert lab.direct("U0ANA00001") == [
        "⛔ Rejected: your renewal of CallManager on cluster-a (11111111) was not approved."
        " Reason: “too late”. Nothing was changed on the cluster."
    ]


def test_the_end_is_broadcast_and_told_once_in_person(lab: Lab, poster: Poster, store: Store) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    store.add(make_renewal(state=State.SUCCEEDED, done=12))
    end = [event(2, What.SUCCEEDED, renewal)]
    poster.saw(end)
    poster.saw(end)
    assert [message.broadcast for message in lab.channel()] == [False, True]
    assert len(lab.direct("U0ANA00001")) == 1


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_a_short_pause_asked_by_slack_is_waited_out(
    lab: Lab, poster: Poster, store: Store, clock: Time, method: str
) -> None:
    renewal, events = planned(store)
    lab.fault("rate_limit", method=method, retry_after=2)
    poster.saw(events)
    store.add(make_renewal(state=State.RUNNING, done=1))
    poster.saw([event(2, What.STARTED, renewal, phase="prepare")])
    assert 2.0 in clock.slept
    assert len(lab.cards()) == 1
    assert "running" in lab.cards()[0].text


def test_a_long_pause_is_honoured_without_asking_again(lab: Lab, poster: Poster, store: Store, clock: Time) -> None:
    _, events = planned(store)
    lab.fault("rate_limit", method="chat.postMessage", retry_after=30)
    for _ in range(3):
        with pytest.raises(Unreachable):
            poster.saw(events)
    assert len(lab.calls("chat.postMessage")) == 1
    clock.at += 30
    poster.saw(events)
    assert len(lab.cards()) == 1


def test_a_server_error_is_tried_again_and_posts_once(lab: Lab, poster: Poster, store: Store) -> None:
    _, events = planned(store)
    lab.fault("server_error", method="chat.postMessage", status=500)
    fail_then(poster, events)
    assert len(lab.cards()) == 1


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_lost_answer_never_posts_twice(lab: Lab, poster: Poster, store: Store, lost: int) -> None:
    """The first post is the card, the second the steps, the third the line."""
    _, events = planned(store)
    original = lab.slack.lab.faults.strike
    seen = {"posts": 0}

    def strike(name: str, target: str) -> Any:
        if name == "lose_answer" and target == "chat.postMessage":
            seen["posts"] += 1
            return seen["posts"] == lost
        return original(name, target)

    lab.slack.lab.faults.strike = strike  # type: ignore[method-assign,assignment]
    with pytest.raises(AnswerLost):
        poster.saw(events)
    poster.saw(events)
    (card,) = lab.cards()
    thread = lab.thread(card)
    assert len(thread) == 2
    assert len(set(thread)) == 2


def test_a_crash_between_sending_and_sent_never_posts_twice(
    lab: Lab, settings: SlackSettings, store: Store, memory: Memory, clock: Time
) -> None:
    _, events = planned(store)
    memory.crash_before = SENT
    with pytest.raises(Crash):
        make_poster(settings, store, memory, clock).saw(events)
    assert [row.state for row in memory.rows.values()] == [SENDING]
    make_poster(settings, store, memory, clock).saw(events)
    assert len(lab.cards()) == 1
    assert len(lab.thread(lab.cards()[0])) == 2


def test_a_crash_before_sending_still_posts(
    lab: Lab, settings: SlackSettings, store: Store, memory: Memory, clock: Time
) -> None:
    renewal, events = planned(store)
    lab.fault("outage", seconds=60)
    with pytest.raises(Unreachable):
        make_poster(settings, store, memory, clock).saw(events)
    lab.fault("clear")
    more = [*events, event(2, What.STARTED, renewal, phase="prepare")]
    make_poster(settings, store, memory, clock).saw(more)
    assert len(lab.cards()) == 1


def test_lines_are_told_once_though_batches_are_cut_differently_after_a_crash(
    lab: Lab, settings: SlackSettings, store: Store, memory: Memory, clock: Time
) -> None:
    renewal, events = planned(store)
    poster = make_poster(settings, store, memory, clock)
    poster.saw(events)
    first = [event(number, What.STEP_FINISHED, renewal, step=number) for number in (2, 3)]
    memory.crash_before = SENT
    with pytest.raises(Crash):
        poster.saw(first)
    after = make_poster(settings, store, memory, clock)
    after.saw([*first, event(4, What.STEP_FINISHED, renewal, step=4)])
    said = "\n".join(lab.thread(lab.cards()[0]))
    assert [said.count(f"Step {number} done:") for number in (2, 3, 4)] == [1, 1, 1]


def test_after_an_outage_the_card_tells_the_truth(lab: Lab, poster: Poster, store: Store, clock: Time) -> None:
    _, events = planned(store)
    poster.saw(events)
    store.add(make_renewal(state=State.RUNNING, done=5))
    lab.fault("outage", seconds=60)
    with pytest.raises(Unreachable):
        poster.tick()
    lab.fault("clear")
    poster.tick()
    assert "5 of 12 steps are done" in lab.cards()[0].text


def test_a_deleted_card_is_posted_anew_and_its_story_goes_on(lab: Lab, poster: Poster, store: Store) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    lab.slack.lab.messages.delete(lab.cards()[0])
    store.add(make_renewal(state=State.RUNNING, done=1))
    poster.saw([event(2, What.STARTED, renewal, phase="prepare")])
    (card,) = lab.cards()
    assert "running" in card.text
    assert lab.thread(card) == ["🔵 The plan was made anew and still holds; preparation begins."]


def test_a_thread_whose_card_was_deleted_moves_to_a_new_card(lab: Lab, poster: Poster, store: Store) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    lab.slack.lab.messages.delete(lab.cards()[0])
    poster.saw([event(2, What.NOTICED, renewal, text="the card itself did not change")])
    (card,) = lab.cards()
    assert lab.thread(card) == ["📣 the card itself did not change"]


def test_edits_are_spaced_and_the_last_state_is_drawn_at_the_end(lab: Lab, store: Store, memory: Memory) -> None:
    clock = Time()
    poster = make_poster(settings_for(lab, redraw_interval=2.0), store, memory, clock)
    _, events = planned(store)
    poster.saw(events)
    for done in range(1, 8):
        store.add(make_renewal(state=State.RUNNING, done=done))
        poster.saw([event(done + 1, What.STEP_FINISHED, store.find("1"), step=done)])
        clock.at += 0.5
    assert len(lab.calls("chat.update")) == 1
    clock.at += 2.0
    poster.tick()
    assert "7 of 12" in lab.cards()[0].text
