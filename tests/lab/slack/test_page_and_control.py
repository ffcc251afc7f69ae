"""The page and the control API are for this machine only, and show what happened."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import certrenew_lab.slack
from certrenew_lab.slack import LabSlack


async def test_the_workspace_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        await LabSlack().start(host="0.0.0.0")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_another_origin_or_host_is_refused(slack, session, channel, headers) -> None:
    url = slack.description()["control_url"] + "message"
    body = {"user": "ana", "channel": channel, "text": "approved!"}
    async with session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 403
    async with session.post(url, data=json.dumps(body)) as answer:
        assert answer.status == 415


async def test_the_page_says_that_it_proves_nothing_and_loads_nothing_foreign(slack, session) -> None:
    url = slack.description()["page_url"]
    async with session.get(url) as answer:
        page = await answer.text()
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Local lab workspace.</strong> Approvals given here prove nothing about identity." in page
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert asset.startswith("/static/")
        async with session.get(url.rstrip("/") + asset) as answer:
            assert answer.status == 200


def test_the_page_never_turns_text_into_html() -> None:
    static = Path(certrenew_lab.slack.__file__).parent / "static"
    for script in static.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text()), (
            script
        )


async def test_people_act_only_where_they_are_and_deactivated_ones_not_at_all(person, channel) -> None:
    lee = await person.does("message", user="lee", channel=channel, text="x")
    assert lee["error"] == "account_inactive"
    assert (await person.does("message", user="eve", channel=channel, text="x"))["error"] == "user_not_found"
    foreign = await person.does("message", user="ana", channel="D0CHEN0001", text="x")
    assert foreign["error"] == "not_in_channel"
    assert (await person.looks("messages", channel="D0CHEN0001", **{"as": "ana"}))["error"] == "not_in_channel"


async def test_typed_text_is_stored_as_slack_stores_it(person, channel) -> None:
    typed = "@carmen see https://example.com/a?b=1 <b> & @nobody <@U0CHEN0001> @uc-change-managers"
    posted = await person.does("message", user="ana", channel=channel, text=typed)
    assert posted["message"]["text"] == (
        "<@U0CARMEN01> see <https://example.com/a?b=1> &lt;b&gt; &amp; @nobody <@U0CHEN0001> <!subteam^S0CHANGE01>"
    )


async def test_an_unknown_command_is_not_sent_to_the_app(person) -> None:
    answer = await person.runs("ana", "/deploy now")
    assert answer["error"] == "invalid_command"
    assert await person.looks("envelopes") == []


async def test_every_call_is_recorded_with_its_outcome_but_without_its_token(client, channel, person) -> None:
    await client.chat_postMessage(channel=channel, text="hello")
    call = (await person.looks("calls"))[-1]
    assert (call["method"], call["ok"], call["error"]) == ("chat.postMessage", True, None)
    assert "token" not in call["arguments"]


async def test_the_stream_replays_and_follows_what_one_user_sees(slack, session, client, channel) -> None:
    await client.chat_postEphemeral(channel=channel, user="U0SAM00001", text="for sam")
    await client.chat_postMessage(channel=channel, text="for all")
    url = slack.description()["control_url"] + "stream"
    seen: list[str] = []
    async with session.get(url, params={"as": "ana", "after": "0"}) as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                seen.append(json.loads(line[6:])["message"]["text"])
                if len(seen) == 1:
                    await client.chat_postMessage(channel=channel, text="later")
            if len(seen) == 2:
                break
    assert seen == ["for all", "later"]


def test_the_workspace_shares_nothing_with_the_bot_and_uses_no_slack_library() -> None:
    package = Path(certrenew_lab.slack.__file__).parent
    for module in package.rglob("*.py"):
        assert not re.search(r"^\s*(?:from|import) (?:certrenew\b(?!_lab)|slack_)", module.read_text(), re.M), module
