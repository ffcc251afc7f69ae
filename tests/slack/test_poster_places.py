"""Where renewals are shown: the right channel, or the next best, and never in a hot loop."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from certrenew.domain.errors import Unreachable
from certrenew.domain.events import What
from certrenew.domain.renewal import State
from certrenew.slack.poster import Poster

from .conftest import settings_for
from .fakes import ANA, CHANNEL, NOW, Lab, Memory, Store, event, make_renewal
from .posting import Time, make_poster, planned

GENERAL = "C0GENERAL1"


def test_a_renewal_asked_for_where_the_bot_is_not_shows_in_the_configured_channel(
    lab: Lab, poster: Poster, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    _, events = planned(store, origin=GENERAL)
    poster.saw(events)
    assert len(lab.cards(CHANNEL)) == 1
    assert "Invite the bot to that channel" in caplog.text


def test_no_channel_at_all_is_said_once_and_not_tried_hotly(
    lab: Lab, store: Store, memory: Memory, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    poster = make_poster(settings_for(lab, channel=GENERAL), store, memory, clock)
    _, events = planned(store, origin="")
    caplog.set_level(logging.WARNING)
    poster.saw(events)
    for _ in range(20):
        clock.at += 2
        poster.tick()
    assert len(lab.calls("chat.postMessage")) == 1
    assert caplog.text.count("does not take messages") == 1
    lab.fault("bot_added", channel=GENERAL)
    clock.at += 60
    poster.tick()
    assert len(lab.cards(GENERAL)) == 1


def test_one_channel_in_trouble_does_not_silence_another(lab: Lab, poster: Poster, store: Store) -> None:
    good, events = planned(store)
    bad = replace(make_renewal(key="2", origin="C0BROKEN01"), plan=good.plan)
    store.add(bad)
    lab.fault("rate_limit", method="chat.postMessage", retry_after=30)
    with pytest.raises(Unreachable):
        poster.saw([event(2, What.PLANNED, bad, ANA), *events])
    assert len(lab.calls("chat.postMessage")) > 1


def test_a_renewal_that_ended_long_ago_gets_no_card(lab: Lab, poster: Poster, store: Store) -> None:
    old = make_renewal(state=State.SUCCEEDED, done=12, ended_at=NOW - timedelta(days=3))
    store.add(old)
    poster.saw([event(1, What.PLANNED, old), event(2, What.SUCCEEDED, old)])
    assert lab.cards() == []


def test_the_messages_carry_a_key_and_nothing_else(lab: Lab, poster: Poster, store: Store) -> None:
    renewal, events = planned(store)
    poster.saw(events)
    assert lab.cards()[0].metadata == {
        "event_type": "certrenew_message",
        "event_payload": {"key": f"card:{renewal.id}"},
    }
