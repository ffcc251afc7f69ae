"""Sockets come and go, the workspace misbehaves on demand, and no payload is lost by the lab itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from certrenew_lab.slack import LabSlack, Timing

from .test_bolt_app import APPROVAL
from .test_seven_behaviours import code


def acking(app: AsyncApp, seen: list[str] | None = None) -> AsyncApp:
    @app.command("/certrenew")
    async def acked(ack, body) -> None:
        await ack()
        if seen is not None:
            seen.append(body["trigger_id"])

    return app


async def socket_url(slack: LabSlack, session: aiohttp.ClientSession) -> str:
    described = slack.description()
    headers = {"Authorization": f"Bearer {described['app_token']}"}
    async with session.post(described["base_url"] + "apps.connections.open", headers=headers) as answer:
        return (await answer.json())["url"]


async def test_without_a_connected_app_the_user_sees_the_failure(person, client, channel, slack) -> None:
    assert (await person.runs("ana"))["error"] == "dispatch_failed"
    ts = (await client.chat_postMessage(channel=channel, text="x", blocks=APPROVAL))["ts"]
    before = slack.feed.last
    clicked = await person.does("click", user="ana", channel=channel, ts=ts, action_id="approve")
    assert clicked == {"ok": False, "error": "dispatch_failed"}
    failure = await slack.feed.wait_for(lambda c: c["kind"] == "failure", after=before)
    assert failure["ts"] == ts


async def test_a_ticket_opens_one_connection_and_greets_with_hello(slack, session) -> None:
    url = await socket_url(slack, session)
    async with session.ws_connect(url) as socket:
        hello = await socket.receive_json()
        assert hello["type"] == "hello"
        assert hello["connection_info"]["app_id"] == "A0LABAPP01"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_a_pong_echoes_the_ping_unless_it_is_swallowed(slack, session, person) -> None:
    async with session.ws_connect(await socket_url(slack, session), autoping=False) as socket:
        await socket.receive_json()
        await socket.ping(b"sdk-ping-pong:1.5")
        pong = await socket.receive(5)
        assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")
        await person.does("fault", fault="swallow_pongs")
        await socket.ping(b"sdk-ping-pong:2.5")
        with pytest.raises(TimeoutError):
            await socket.receive(0.2)


async def test_the_eleventh_connection_is_turned_away(slack, session) -> None:
    sockets = [await session.ws_connect(await socket_url(slack, session)) for _ in range(11)]
    frames = [await socket.receive_json() for socket in sockets]
    assert [frame["type"] for frame in frames] == ["hello"] * 10 + ["disconnect"]
    assert frames[-1]["reason"] == "too_many_websockets"
    for socket in sockets:
        await socket.close()


async def test_several_sockets_each_get_some_payloads_and_each_payload_goes_to_one(
    app: AsyncApp, connect, person
) -> None:
    seen: list[str] = []
    acking(app, seen)
    for _ in range(3):
        await connect()
    answers = await asyncio.gather(*(person.runs("ana") for _ in range(40)))
    assert all(answer["ok"] for answer in answers)
    assert len(seen) == len(set(seen)) == 40
    assert len({envelope["connection"] for envelope in await person.looks("envelopes")}) == 3


async def test_an_ack_over_another_socket_counts(slack, session, person) -> None:
    one = await session.ws_connect(await socket_url(slack, session))
    other = await session.ws_connect(await socket_url(slack, session))
    for socket in (one, other):
        await socket.receive_json()
    running = asyncio.create_task(person.runs("ana"))
    arrivals = [asyncio.create_task(socket.receive_json()) for socket in (one, other)]
    done, waiting = await asyncio.wait(arrivals, return_when=asyncio.FIRST_COMPLETED)
    envelope = done.pop().result()
    sender = other if arrivals[0].done() else one
    await sender.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "From elsewhere"}})
    assert (await running)["shown"][0]["text"] == "From elsewhere"
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for socket in (one, other):
        await socket.close()


async def test_an_answer_to_a_click_does_not_count(slack, session, person, client, channel) -> None:
    ts = (await client.chat_postMessage(channel=channel, text="x", blocks=APPROVAL))["ts"]
    async with session.ws_connect(await socket_url(slack, session)) as socket:
        await socket.receive_json()
        clicking = asyncio.create_task(person.does("click", user="ana", channel=channel, ts=ts, action_id="approve"))
        envelope = await socket.receive_json()
        assert envelope["accepts_response_payload"] is False
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "ignored"}})
        assert (await clicking)["ok"]
        delivering = asyncio.create_task(
            slack.lab.deliveries.deliver("interactive", {}, accepts_answer=False, summary="", user="")
        )
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "ignored"}})
        assert await delivering == {}
    assert len(await person.looks("messages", channel=channel)) == 1


@pytest.mark.parametrize("close", [True, False])
async def test_a_refresh_storm_loses_no_ack(app: AsyncApp, connect, person, slack, close) -> None:
    acking(app)
    await connect()
    running = []
    for count in range(100):
        if count in (25, 50, 75):
            await person.does("fault", fault="disconnect", reason="refresh_requested", close=close)
        running.append(asyncio.create_task(person.runs("ana")))
        await asyncio.sleep(0.02)
    assert [answer for answer in await asyncio.gather(*running) if not answer["ok"]] == []
    assert [each["id"] for each in await person.looks("envelopes") if each["acked_at"] is None] == []


@pytest.mark.parametrize("timing", [Timing(ack=0.8)])
async def test_dropped_doubled_and_delayed_envelopes(app: AsyncApp, connect, person) -> None:
    seen: list[str] = []
    acking(app, seen)
    await connect()
    await person.does("fault", fault="drop_envelopes", kind="slash_commands")
    assert (await person.runs("ana"))["error"] == "operation_timeout"
    await person.does("fault", fault="duplicate_envelopes")
    assert (await person.runs("ana"))["ok"]
    assert (await person.runs("ana"))["ok"]
    assert len(seen) == 3
    assert len(set(seen)) == 2


async def test_faults_of_the_web_api(client, channel, person) -> None:
    await person.does("fault", fault="rate_limit", method="chat.postMessage", retry_after=7)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=channel, text="x")
    assert refused.value.response.headers["Retry-After"] == "7"
    await person.does("fault", fault="server_error", method="chat.postMessage", status=503)
    with pytest.raises(SlackApiError) as broken:
        await client.chat_postMessage(channel=channel, text="x")
    assert broken.value.response.status_code == 503
    await person.does("fault", fault="slow_api", method="auth.test", seconds=0.2)
    started = time.monotonic()
    await client.auth_test()
    assert time.monotonic() - started >= 0.2
    await person.does("fault", fault="token_revoked")
    assert await code(client.auth_test()) == "token_revoked"
    await person.does("fault", fault="clear")
    await person.does("fault", fault="bot_removed", channel=channel)
    assert await code(client.chat_postMessage(channel=channel, text="x")) == "not_in_channel"
    assert (await person.does("fault", fault="typo"))["error"] == "unknown_fault"


async def test_a_lost_answer_makes_the_client_post_twice(client, channel, person) -> None:
    await person.does("fault", fault="lose_answer", method="chat.postMessage")
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=channel, text="once or twice")
    await client.chat_postMessage(channel=channel, text="once or twice")
    assert len(await person.looks("messages", channel=channel)) == 2


async def test_an_outage_cuts_sockets_and_api_and_ends(app: AsyncApp, connect, person, clock, client, slack) -> None:
    acking(app)
    await connect(ping_interval=0.1)
    await person.does("fault", fault="outage", seconds=60)
    with pytest.raises(SlackApiError) as out:
        await client.auth_test()
    assert out.value.response.status_code == 503
    assert (await person.runs("ana"))["error"] == "dispatch_failed"
    before = slack.feed.last
    clock.ahead = 61
    await slack.feed.wait_for(lambda c: c["kind"] == "connections" and c["count"] == 1, after=before, seconds=20)
    assert (await person.runs("ana"))["ok"]


async def test_a_trigger_may_come_expired(app: AsyncApp, connect, person) -> None:
    await person.does("fault", fault="expire_triggers")
    seen: list[str] = []
    acking(app, seen)
    await connect()
    await person.runs("ana")
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
    assert await code(app.client.views_open(trigger_id=seen[0], view=view)) == "expired_trigger_id"


async def test_two_people_may_click_at_once_and_on_a_button_that_is_gone(
    app: AsyncApp, connect, person, client, channel
) -> None:
    pressed: list[str] = []

    @app.action("approve")
    async def approve(ack, body) -> None:
        await ack()
        pressed.append(body["user"]["name"])

    await connect()
    ts = (await client.chat_postMessage(channel=channel, text="x", blocks=APPROVAL))["ts"]
    click: dict[str, Any] = {"channel": channel, "ts": ts, "action_id": "approve"}
    both = await person.does("clicks", clicks=[{"user": "carmen", **click}, {"user": "chen", **click}])
    assert [result["ok"] for result in both["results"]] == [True, True]
    await client.chat_update(channel=channel, ts=ts, text="decided")
    assert (await person.does("click", user="sam", **click))["error"] == "element_not_found"
    assert (await person.does("click", user="sam", stale=True, **click))["ok"]
    assert sorted(pressed) == ["carmen", "chen", "sam"]


BOT = """
import asyncio, sys
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

async def main():
    app = AsyncApp(client=AsyncWebClient(token=sys.argv[2], base_url=sys.argv[1]))
    @app.command("/certrenew")
    async def acked(ack):
        await ack("alive")
    await AsyncSocketModeHandler(app, sys.argv[3]).start_async()

asyncio.run(main())
"""


async def test_a_killed_bot_leaves_the_workspace_standing(slack: LabSlack, person, channel, client) -> None:
    described = slack.description()
    await client.chat_postMessage(channel=channel, text="before the crash")
    command = [sys.executable, "-c", BOT, described["base_url"], described["bot_token"], described["app_token"]]
    for _ in range(2):
        before = slack.feed.last
        bot = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
        await slack.feed.wait_for(lambda c: c["kind"] == "connections" and c["count"] == 1, after=before)
        assert (await person.runs("ana"))["shown"][0]["text"] == "alive"
        before = slack.feed.last
        os.kill(bot.pid, signal.SIGKILL)
        await bot.wait()
        await slack.feed.wait_for(lambda c: c["kind"] == "connections" and c["count"] == 0, after=before)
        assert (await person.runs("ana"))["error"] == "dispatch_failed"
    assert (await person.looks("messages", channel=channel))[0]["text"] == "before the crash"
