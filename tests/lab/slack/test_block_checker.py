"""The block checker refuses what Slack refuses and says where."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from .test_bolt_app import modal
from .test_seven_behaviours import code


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(**changes: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}, **changes}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def task(status: str) -> dict[str, Any]:
    return {"type": "task_card", "task_id": "1", "title": "Step", "status": status}


INPUT = modal()["blocks"][0]
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
CELLS = [[{"type": "raw_text", "text": "a"}]]

REFUSED = {
    "51 blocks": ([section()] * 51, "/blocks"),
    "unknown type": ([{"type": "sparkle"}], "/blocks/0/type"),
    "unknown field": ([section(colour="red")], "/blocks/0/colour"),
    "section without text": ([{"type": "section"}], "/blocks/0"),
    "section too long": ([section("x" * 3001)], "/blocks/0/text/text"),
    "empty text": ([section("")], "/blocks/0/text/text"),
    "field too long": ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}], "/blocks/0/fields/0"),
    "11 fields": ([{"type": "section", "fields": [plain("x")] * 11}], "/blocks/0/fields"),
    "mrkdwn header": ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    "11 context elements": ([{"type": "context", "elements": [plain("x")] * 11}], "/blocks/0/elements"),
    "no actions": ([actions()], "/blocks/0/elements"),
    "26 actions": ([actions(*(button(action_id=str(n)) for n in range(26)))], "/blocks/0/elements"),
    "same action_id twice": ([actions(button(), button())], "/blocks/0/elements/1/action_id"),
    "same block_id twice": ([section(block_id="b"), section(block_id="b")], "/blocks/1/block_id"),
    "long block_id": ([section(block_id="b" * 256)], "/blocks/0/block_id"),
    "long button": ([actions(button(text=plain("x" * 76)))], "/blocks/0/elements/0/text/text"),
    "mrkdwn button": ([actions(button(text={"type": "mrkdwn", "text": "x"}))], "/blocks/0/elements/0/text/type"),
    "button style": ([actions(button(style="loud"))], "/blocks/0/elements/0/style"),
    "button value": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    "confirm title": (
        [actions(button(confirm={"title": plain("x" * 101), "text": plain("x")}))],
        "/blocks/0/elements/0/confirm/title",
    ),
    "101 options": (
        [
            section(
                accessory={
                    "type": "static_select",
                    "action_id": "s",
                    "options": [{"text": plain("x"), "value": str(n)} for n in range(101)],
                }
            )
        ],
        "/blocks/0/accessory/options",
    ),
    "long option": (
        [
            section(
                accessory={"type": "overflow", "action_id": "o", "options": [{"text": plain("x" * 76), "value": "v"}]}
            )
        ],
        "/blocks/0/accessory/options/0/text",
    ),
    "text input in actions": ([actions({"type": "plain_text_input", "action_id": "t"})], "/blocks/0/elements/0/type"),
    "input in a message": ([INPUT], "/blocks/0/type"),
    "alert in a message": ([{"type": "alert", "text": plain("x")}], "/blocks/0/type"),
    "status of a task": ([task("done")], "/blocks/0/status"),
    "status inside a plan": ([{"type": "plan", "title": "P", "tasks": [task("done")]}], "/blocks/0/tasks/0/status"),
    "plan without title": ([{"type": "plan", "tasks": []}], "/blocks/0"),
    "101 rows": ([{"type": "table", "rows": CELLS * 101}], "/blocks/0/rows"),
    "21 columns": ([{"type": "table", "rows": [CELLS[0] * 21]}], "/blocks/0/rows/0"),
    "data_table without caption": ([{"type": "data_table", "rows": CELLS}], "/blocks/0"),
    "container without title": ([{"type": "container", "child_blocks": [section()]}], "/blocks/0"),
    "container in container": (
        [{"type": "container", "title": plain("x"), "child_blocks": [{"type": "container"}]}],
        "/blocks/0/child_blocks/0/type",
    ),
    "long markdown": ([{"type": "markdown", "text": "x" * 7000}] * 2, "/blocks"),
    "image without alt": ([{"type": "image", "image_url": "https://example.com/x.png"}], "/blocks/0"),
}

ACCEPTED = [
    section(accessory=button()),
    section(expand=True),
    {"type": "section", "fields": [plain("x")] * 10},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}]},
    {"type": "divider"},
    RICH,
    {"type": "markdown", "text": "# x"},
    {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x"},
    {"type": "plan", "title": "P", "tasks": [task("pending"), {**task("complete"), "details": RICH}]},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, RICH]], "column_settings": [{"align": "right"}]},
    {"type": "data_table", "caption": "c", "rows": CELLS, "page_size": 10},
    {"type": "container", "title": plain("x"), "child_blocks": [section()], "is_collapsible": True},
    {"type": "card", "title": {"type": "mrkdwn", "text": "x"}, "actions": [button()]},
    actions(button(style="danger", confirm={"title": plain("?"), "text": plain("x"), "deny": plain("No")})),
    actions({"type": "datepicker", "action_id": "d", "initial_date": "2026-12-01"}),
]


@pytest.mark.parametrize("name", REFUSED)
async def test_invalid_blocks_are_refused_with_a_pointer(name: str, client, channel) -> None:
    blocks, pointer = REFUSED[name]
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=channel, text="x", blocks=blocks)
    assert refused.value.response["error"] == "invalid_blocks"
    messages = refused.value.response["response_metadata"]["messages"]
    assert any(f"[json-pointer:{pointer}" in message for message in messages), messages


async def test_valid_blocks_of_every_kind_are_accepted(client, channel) -> None:
    await client.chat_postMessage(channel=channel, text="x", blocks=ACCEPTED)
    assert (await client.blocks_validate(blocks=ACCEPTED))["ok"]


async def test_blocks_that_are_no_list_are_refused(client, channel) -> None:
    assert await code(client.chat_postMessage(channel=channel, text="x", blocks="{")) == "invalid_blocks_format"
    assert await code(client.api_call("chat.postMessage", json={"channel": channel})) == "no_text"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"submit": None}, "/view]"),
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"blocks": [section()] * 101}, "/view/blocks]"),
        ({"blocks": [task("pending")]}, "/view/blocks/0/type"),
        ({"colour": "red"}, "/view/colour"),
    ],
)
async def test_invalid_views_are_refused_with_a_pointer(change, pointer, client, slack) -> None:
    trigger = slack.lab.triggers.give("U0ANA00001")
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id=trigger, view={**modal(), **change})
    assert refused.value.response["error"] == "invalid_arguments"
    assert any(f"[json-pointer:{pointer}" in m for m in refused.value.response["response_metadata"]["messages"])


async def test_a_view_above_250_kilobytes_is_too_large(client, slack) -> None:
    view = {**modal(), "blocks": [section("x" * 3000) for _ in range(90)]}
    trigger = slack.lab.triggers.give("U0ANA00001")
    assert await code(client.views_open(trigger_id=trigger, view=view)) == "view_too_large"


async def test_blocks_validate_lists_pointer_and_code(client) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.blocks_validate(blocks=[section("x" * 3001)])
    fault = refused.value.response["errors"][0]
    assert refused.value.response["error"] == "invalid_blocks"
    assert (fault["pointer"], fault["code"]) == ("/blocks/0/text/text", "too_long")


async def test_ack_payloads_and_response_urls_are_checked_too(app, connect, person, session) -> None:
    urls: list[str] = []

    @app.command("/certrenew")
    async def bad(ack, body) -> None:
        urls.append(body["response_url"])
        await ack(text="x", blocks=[section("")])

    await connect()
    answer = await person.runs("ana")
    assert answer["error"] == "invalid_blocks"
    assert "invalid_blocks" in answer["shown"][0]["text"]
    async with session.post(urls[0], json={"blocks": [{"type": "sparkle"}]}) as refused:
        assert refused.status == 400
        assert (await refused.json())["error"] == "invalid_blocks"
