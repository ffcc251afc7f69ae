"""The seven behaviours of Slack that most simulations lack."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from certrenew_lab.slack import Timing

from .test_bolt_app import APPROVAL, modal

IMPATIENT = Timing(ack=0.4, event_retries=(0.0, 0.05, 0.05))


async def code(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return refused.value.response["error"]


@pytest.mark.parametrize("timing", [IMPATIENT])
async def test_no_ack_in_time_fails_for_the_user_and_a_late_ack_has_no_effect(
    app: AsyncApp, connect, person, slack
) -> None:
    go_on, done = asyncio.Event(), asyncio.Event()

    @app.command("/certrenew")
    async def slow(ack) -> None:
        await go_on.wait()
        await ack("Too late")
        done.set()

    await connect()
    answer = await person.runs("ana")
    assert answer["error"] == "operation_timeout"
    assert "operation_timeout" in answer["shown"][0]["text"]
    go_on.set()
    await asyncio.wait_for(done.wait(), 5)
    shown = await person.looks("messages", channel="uc-certificates", **{"as": "ana"})
    assert [message["text"] for message in shown] == [answer["shown"][0]["text"]]


@pytest.mark.parametrize("timing", [IMPATIENT])
async def test_a_late_ack_is_recorded(app: AsyncApp, connect, person, slack) -> None:
    await person.does("fault", fault="delay_envelopes", seconds=0.6)

    @app.command("/certrenew")
    async def quick(ack, respond) -> None:
        await ack("Too late")
        await respond("Side effect")

    await connect()
    assert (await person.runs("ana"))["error"] == "operation_timeout"
    await slack.feed.wait_for(lambda c: c["kind"] == "message" and c["message"]["text"] == "Side effect")
    await slack.feed.wait_for(lambda c: c["kind"] == "late_ack")
    envelope = (await person.looks("envelopes"))[-1]
    assert envelope["late"]
    assert envelope["acked_at"] > envelope["sent_at"]


@pytest.mark.parametrize("timing", [IMPATIENT])
async def test_events_come_again_until_they_are_acked_and_commands_do_not(
    app: AsyncApp, connect, person, slack, channel
) -> None:
    heard: list[tuple[str, str]] = []
    enough = asyncio.Event()

    @app.middleware
    async def deaf(req, resp) -> Any:
        event = req.body.get("event_id", "command")
        heard.append((event, req.headers.get("x-slack-retry-num", ["0"])[0]))
        if len(heard) == 4:
            enough.set()
        resp.status = 500
        return resp

    await connect()
    await person.does("message", user="ana", channel=channel, text="hello")
    await asyncio.wait_for(enough.wait(), 5)
    assert len({event for event, _ in heard}) == 1
    assert [attempt for _, attempt in heard] == ["0", "1", "2", "3"]
    await person.runs("ana")
    envelopes = await person.looks("envelopes")
    assert [each["kind"] for each in envelopes] == ["events_api"] * 4 + ["slash_commands"]
    assert len({each["id"] for each in envelopes}) == 5


async def test_a_trigger_opens_one_view_within_three_seconds(app: AsyncApp, connect, person, clock) -> None:
    triggers: list[str] = []

    @app.command("/certrenew")
    async def keep(ack, body) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    await connect()
    await person.runs("ana")
    await person.runs("ana")
    client = app.client
    await client.views_open(trigger_id=triggers[0], view=modal())
    assert await code(client.views_open(trigger_id=triggers[0], view=modal())) == "exchanged_trigger_id"
    clock.ahead = 3.1
    assert await code(client.views_open(trigger_id=triggers[1], view=modal())) == "expired_trigger_id"
    assert await code(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"


@pytest.mark.parametrize("why", ["used", "old"])
async def test_a_response_url_answers_five_times_for_thirty_minutes(
    app: AsyncApp, connect, person, session, clock, why
) -> None:
    urls: list[str] = []

    @app.command("/certrenew")
    async def keep(ack, body) -> None:
        await ack()
        urls.append(body["response_url"])

    await connect()
    await person.runs("ana")
    if why == "used":
        for count in range(5):
            async with session.post(urls[0], json={"text": f"answer {count}"}) as answer:
                assert answer.status == 200
    else:
        clock.ahead = 1801
    async with session.post(urls[0], json={"text": "one more"}) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"] == "expired_url"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled", "too_many_websockets"])
@pytest.mark.parametrize("close", [True, False])
async def test_a_disconnect_makes_the_app_open_a_new_socket(
    app: AsyncApp, connect, person, slack, reason, close
) -> None:
    @app.command("/certrenew")
    async def acked(ack) -> None:
        await ack("Here")

    await connect()
    before = slack.feed.last
    assert await person.does("fault", fault="disconnect", reason=reason, close=close) == {"ok": True, "told": 1}
    await slack.feed.wait_for(lambda c: c["kind"] == "connections" and c["count"] > 0, after=before)
    assert (await person.runs("ana"))["shown"][0]["text"] == "Here"


async def test_unknown_channels_and_timestamps_are_refused(client, channel, slack) -> None:
    general = slack.description()["channels"]["general"]
    direct = slack.description()["direct_messages"]["ana"]
    ts = (await client.chat_postMessage(channel=channel, text="here"))["ts"]
    reply = (await client.chat_postMessage(channel=channel, text="reply", thread_ts=ts))["ts"]
    nowhere = "1234567890.123456"
    assert await code(client.chat_postMessage(channel="C0NOWHERE1", text="x")) == "channel_not_found"
    assert await code(client.chat_postMessage(channel=general, text="x")) == "not_in_channel"
    assert await code(client.chat_update(channel=channel, ts=nowhere, text="x")) == "message_not_found"
    assert await code(client.chat_update(channel=direct, ts=ts, text="x")) == "message_not_found"
    assert await code(client.chat_update(channel="U0ANA00001", ts=ts, text="x")) == "channel_not_found"
    assert await code(client.chat_delete(channel=channel, ts=nowhere)) == "message_not_found"
    assert await code(client.chat_getPermalink(channel=channel, message_ts=nowhere)) == "message_not_found"
    assert await code(client.conversations_replies(channel=channel, ts=nowhere)) == "thread_not_found"
    assert await code(client.conversations_history(channel=general)) == "not_in_channel"
    assert await code(client.reactions_add(channel=channel, timestamp=nowhere, name="eyes")) == "message_not_found"
    assert await code(client.chat_postMessage(channel=channel, text="x", thread_ts=nowhere)) == "thread_not_found"
    assert await code(client.chat_postMessage(channel=channel, text="x", thread_ts=reply)) == "cannot_reply_to_message"


async def test_more_than_a_message_a_second_is_answered_429_with_whole_seconds(client, channel, clock) -> None:
    for count in range(5):
        await client.chat_postMessage(channel=channel, text=f"message {count}")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=channel, text="one too many")
    assert refused.value.response.status_code == 429
    assert refused.value.response["error"] == "ratelimited"
    assert int(refused.value.response.headers["Retry-After"]) == 1
    clock.ahead = 1
    await client.chat_postMessage(channel=channel, text="a second later")


@pytest.mark.parametrize("timing", [replace(Timing(), post_burst=1000)])
async def test_each_method_has_its_tier(client, channel, slack) -> None:
    ts = (await client.chat_postMessage(channel=channel, text="0", blocks=APPROVAL))["ts"]
    for count in range(50):
        await client.chat_update(channel=channel, ts=ts, text=str(count))
    assert await code(client.chat_update(channel=channel, ts=ts, text="51")) == "ratelimited"
    slack.lab.limits.enabled = False
    await client.chat_update(channel=channel, ts=ts, text="limits are off")
