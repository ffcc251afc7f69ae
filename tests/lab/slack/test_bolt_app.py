"""An unmodified slack_bolt app lives in the workspace as it does in Slack."""

from __future__ import annotations

import asyncio
from typing import Any

from slack_bolt.app.async_app import AsyncApp

APPROVAL = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Renew `tomcat` on *cluster-a*"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve renewal"},
                "style": "primary",
                "value": "approval-1",
            }
        ],
    },
]


def modal(title: str = "Deny renewal") -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "deny",
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Deny"},
        "notify_on_close": True,
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Reason"},
                "element": {"type": "plain_text_input", "action_id": "text"},
            }
        ],
    }


async def test_a_command_is_acked_posts_and_a_click_updates_the_message(
    app: AsyncApp, connect, person, slack, channel
) -> None:
    @app.command("/certrenew")
    async def renew(ack, body, client) -> None:
        await ack(f"Working on {body['text']}")
        await client.chat_postMessage(channel=body["channel_id"], text="Renew tomcat?", blocks=APPROVAL)

    @app.action("approve")
    async def approve(ack, body, client) -> None:
        await ack()
        await client.chat_update(
            channel=body["channel"]["id"],
            ts=body["message"]["ts"],
            text=f"Approved by {body['user']['id']}: {body['actions'][0]['value']}",
        )

    await connect()
    answer = await person.runs("ana", "/certrenew callmanager cluster-a")
    assert answer["ok"]
    assert answer["shown"][0]["text"] == "Working on callmanager cluster-a"
    posted = await slack.feed.wait_for(lambda c: c["kind"] == "message" and c["message"]["text"] == "Renew tomcat?")
    ts = posted["message"]["ts"]
    assert await person.does("click", user="carmen", channel=channel, ts=ts, text="Approve renewal") == {
        "ok": True,
        "action_id": "approve",
    }
    changed = await slack.feed.wait_for(lambda c: c["kind"] == "message_changed")
    assert changed["message"]["text"] == "Approved by U0CARMEN01: approval-1"
    assert "blocks" not in changed["message"]
    gone = await person.does("click", user="carmen", channel=channel, ts=ts, action_id="approve")
    assert gone["error"] == "element_not_found"


async def test_a_modal_opens_shows_errors_keeps_its_values_and_closes(app: AsyncApp, connect, person, slack) -> None:
    said: list[Any] = []

    @app.command("/certrenew")
    async def ask(ack, body, client) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("deny")
    async def deny(ack, view) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if reason == "no":
            await ack(response_action="errors", errors={"reason": "Say more."})
        else:
            said.append(reason)
            await ack()

    await connect()
    await person.runs("ana")
    opened = await slack.feed.wait_for(lambda c: c["kind"] == "view_opened")
    view_id = opened["view"]["id"]
    empty = await person.does("submit_view", user="ana", view_id=view_id, values={})
    assert empty["errors"] == {"reason": "Please complete this required field."}
    short = await person.does("submit_view", user="ana", view_id=view_id, values={"reason": {"text": "no"}})
    assert short["errors"] == {"reason": "Say more."}
    assert (await person.looks("views", user="ana"))["stack"][0]["errors"] == {"reason": "Say more."}
    foreign = await person.does("submit_view", user="carmen", view_id=view_id, values={})
    assert foreign["error"] == "view_not_found"
    done = await person.does("submit_view", user="ana", view_id=view_id, values={"reason": {"text": "wrong CA"}})
    assert done["ok"]
    assert said == ["wrong CA"]
    assert (await person.looks("views", user="ana"))["stack"] == []


async def test_a_submission_may_push_update_and_clear(app: AsyncApp, connect, person, slack) -> None:
    @app.command("/certrenew")
    async def ask(ack, body, client) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("deny")
    async def deny(ack, view) -> None:
        match view["state"]["values"]["reason"]["text"]["value"]:
            case "update":
                await ack(response_action="update", view=modal("Updated"))
            case "push":
                await ack(response_action="push", view=modal("Pushed"))
            case _:
                await ack(response_action="clear")

    await connect()
    await person.runs("ana")
    opened = await slack.feed.wait_for(lambda c: c["kind"] == "view_opened")
    view_id = opened["view"]["id"]
    await person.does("submit_view", user="ana", view_id=view_id, values={"reason": {"text": "update"}})
    stack = (await person.looks("views", user="ana"))["stack"]
    assert [view["title"]["text"] for view in stack] == ["Updated"]
    assert stack[0]["state"]["values"]["reason"]["text"]["value"] == "update"
    await person.does("submit_view", user="ana", view_id=view_id, values={"reason": {"text": "push"}})
    stack = (await person.looks("views", user="ana"))["stack"]
    assert [view["title"]["text"] for view in stack] == ["Updated", "Pushed"]
    assert stack[1]["previous_view_id"] == view_id
    await person.does("submit_view", user="ana", view_id=stack[1]["id"], values={"reason": {"text": "bye"}})
    assert (await person.looks("views", user="ana"))["stack"] == []


async def test_closing_a_modal_tells_the_app_when_it_asked(app: AsyncApp, connect, person, slack) -> None:
    closed: list[str] = []

    @app.command("/certrenew")
    async def ask(ack, body, client) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view_closed("deny")
    async def gone(ack, view) -> None:
        await ack()
        closed.append(view["id"])

    await connect()
    await person.runs("ana")
    opened = await slack.feed.wait_for(lambda c: c["kind"] == "view_opened")
    assert (await person.does("close_view", user="ana", view_id=opened["view"]["id"]))["ok"]
    assert closed == [opened["view"]["id"]]


async def test_opening_the_home_tab_lets_the_app_publish_it_and_its_buttons_work(
    app: AsyncApp, connect, person, slack
) -> None:
    pressed: list[dict[str, Any]] = []

    @app.event("app_home_opened")
    async def opened(event, client) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": APPROVAL})

    @app.action("approve")
    async def approve(ack, body) -> None:
        await ack()
        pressed.append(body)

    await connect()
    await person.does("open_home", user="chen")
    home = await slack.feed.wait_for(lambda c: c["kind"] == "view_updated")
    assert home["only_for"] == "U0CHEN0001"
    await person.does("click", user="chen", view_id=home["view"]["id"], action_id="approve")
    assert pressed[0]["container"] == {"type": "view", "view_id": home["view"]["id"]}
    assert "message" not in pressed[0]
    assert "response_url" not in pressed[0]


async def test_messages_and_mentions_reach_the_app_as_events(app: AsyncApp, connect, person, slack, channel) -> None:
    heard: list[tuple[str, str]] = []
    written = asyncio.Event()

    @app.event("app_mention")
    async def mentioned(event, say) -> None:
        heard.append(("app_mention", event["user"]))
        await say(text="Yes?", thread_ts=event["ts"])

    @app.event("message")
    async def said(event) -> None:
        heard.append(("message", event["channel_type"]))
        if event["channel_type"] == "im":
            written.set()

    await connect()
    await person.does("message", user="ana", channel=channel, text="@certrenew are you there?")
    reply = await slack.feed.wait_for(lambda c: c["kind"] == "message" and c["message"]["text"] == "Yes?")
    assert reply["message"]["parent_user_id"] == "U0ANA00001"
    await person.does("message", user="ana", channel=slack.description()["direct_messages"]["ana"], text="hello")
    await asyncio.wait_for(written.wait(), 5)
    assert sorted(heard) == [("app_mention", "U0ANA00001"), ("message", "channel"), ("message", "im")]


async def test_a_click_in_an_ephemeral_note_carries_no_message_and_the_note_can_be_replaced(
    app: AsyncApp, connect, person, slack, channel
) -> None:
    seen: list[dict[str, Any]] = []

    @app.command("/certrenew")
    async def show(ack) -> None:
        await ack(text="Only you", blocks=APPROVAL)

    @app.action("approve")
    async def approve(ack, body, respond) -> None:
        await ack()
        seen.append(body)
        await respond(text="Replaced", replace_original=True)

    await connect()
    note = (await person.runs("ana"))["shown"][0]
    stranger = await person.does("click", user="sam", channel=channel, ts=note["ts"], action_id="approve")
    assert stranger["error"] == "message_not_found"
    await person.does("click", user="ana", channel=channel, ts=note["ts"], action_id="approve")
    changed = await slack.feed.wait_for(lambda c: c["kind"] == "message_changed")
    assert changed["message"]["text"] == "Replaced"
    assert changed["only_for"] == "U0ANA00001"
    assert seen[0]["container"]["is_ephemeral"]
    assert "message" not in seen[0]
    assert [m["text"] for m in await person.looks("messages", channel=channel, **{"as": "sam"})] == []


async def test_a_file_travels_in_three_steps_into_the_thread(client, channel, session, person) -> None:
    parent = await client.chat_postMessage(channel=channel, text="Renewal 7")
    done = await client.files_upload_v2(
        channel=channel, thread_ts=parent["ts"], filename="tomcat.csr", content="CSR TEXT", initial_comment="The CSR"
    )
    thread = await person.looks("messages", channel=channel, thread_ts=parent["ts"])
    assert thread[1]["text"] == "The CSR"
    assert thread[1]["files"][0]["name"] == "tomcat.csr"
    async with session.get(done["file"]["url_private"]) as answer:
        assert await answer.text() == "CSR TEXT"
