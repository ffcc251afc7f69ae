"""The Web API refuses what Slack refuses, with Slack's codes, and keeps Slack's message rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from certrenew_lab.slack import LabSlack, Workspace

from .test_bolt_app import APPROVAL, modal
from .test_seven_behaviours import code


async def test_auth_test_names_team_user_and_bot_and_sends_the_scopes(client) -> None:
    answer = await client.auth_test()
    assert {"url", "team", "user", "team_id", "user_id", "bot_id"} <= set(answer.data)
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_tokens_of_the_wrong_kind_are_refused(slack: LabSlack, client) -> None:
    described = slack.description()

    def using(token: str) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=described["base_url"])

    assert await code(using("").auth_test()) == "not_authed"
    assert await code(using("xoxb-wrong").auth_test()) == "invalid_auth"
    assert await code(using(described["app_token"]).auth_test()) == "not_allowed_token_type"
    assert await code(client.apps_connections_open(app_token=described["bot_token"])) == "not_allowed_token_type"


async def test_a_call_outside_the_scopes_says_what_is_needed(client) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.users_lookupByEmail(email="ana@example.com")
    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == "users:read.email"
    assert "chat:write" in refused.value.response["provided"]


async def test_an_unknown_method_is_refused(client) -> None:
    assert await code(client.api_call("chat.whisper")) == "unknown_method"


async def test_arguments_may_travel_as_query_form_json_or_not_at_all(slack, session, channel) -> None:
    described = slack.description()
    url = described["base_url"]
    headers = {"Authorization": f"Bearer {described['bot_token']}"}
    ways = [{"params": {"channel": channel}}, {"data": {"channel": channel}}, {"json": {"channel": channel}}]
    for way in ways:
        async with session.post(url + "conversations.info", headers=headers, **way) as answer:
            assert (await answer.json())["channel"]["id"] == channel
    empty = {**headers, "Content-Type": "application/json;charset=utf-8"}
    async with session.post(url + "auth.test", headers=empty) as answer:
        assert (await answer.json())["ok"]
    async with session.post(url + "auth.test", data={"token": described["bot_token"]}) as answer:
        assert (await answer.json())["ok"]


async def test_the_synchronous_client_is_understood_as_well(slack, channel) -> None:
    import asyncio

    described = slack.description()
    client = WebClient(token=described["bot_token"], base_url=described["base_url"])
    posted = await asyncio.to_thread(client.chat_postMessage, channel=channel, text="sync", blocks=APPROVAL)
    link = await asyncio.to_thread(client.chat_getPermalink, channel=channel, message_ts=posted["ts"])
    assert link["permalink"].startswith(described["page_url"])
    done = await asyncio.to_thread(client.files_upload_v2, channel=channel, filename="log.txt", content="lines")
    assert done["file"]["name"] == "log.txt"


async def test_text_alone_strips_blocks_and_marks_the_edit(client, channel) -> None:
    ts = (await client.chat_postMessage(channel=channel, text="one", blocks=APPROVAL))["ts"]
    with_blocks = (await client.chat_update(channel=channel, ts=ts, text="two", blocks=APPROVAL))["message"]
    assert with_blocks["blocks"]
    assert "edited" not in with_blocks
    text_alone = (await client.chat_update(channel=channel, ts=ts, text="three"))["message"]
    assert "blocks" not in text_alone
    assert text_alone["edited"]


async def test_metadata_is_kept_when_omitted_and_removed_by_an_empty_object(client, channel) -> None:
    metadata = {"event_type": "renewal", "event_payload": {"id": "7f3a"}}
    ts = (await client.chat_postMessage(channel=channel, text="one", metadata=metadata))["ts"]

    async def kept() -> object:
        history = await client.conversations_history(channel=channel, include_all_metadata=True)
        return history["messages"][0].get("metadata")

    await client.chat_update(channel=channel, ts=ts, text="two")
    assert await kept() == metadata
    await client.chat_update(channel=channel, ts=ts, text="three", metadata={})
    assert await kept() is None
    nested = {"event_type": "renewal", "event_payload": {"deep": {"er": 1}}}
    assert await code(client.chat_postMessage(channel=channel, text="x", metadata=nested)) == "invalid_metadata_schema"


async def test_long_texts_are_cut_in_posts_and_refused_in_edits(client, channel) -> None:
    posted = await client.chat_postMessage(channel=channel, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert posted["response_metadata"]["warnings"] == ["message_truncated"]
    assert await code(client.chat_update(channel=channel, ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"


async def test_a_thread_is_found_again_with_its_counts(client, channel) -> None:
    parent = await client.chat_postMessage(channel=channel, text="parent")
    await client.chat_postMessage(channel=channel, text="quiet", thread_ts=parent["ts"])
    await client.chat_postMessage(channel=channel, text="loud", thread_ts=parent["ts"], reply_broadcast=True)
    thread = (await client.conversations_replies(channel=channel, ts=parent["ts"]))["messages"]
    assert [message["text"] for message in thread] == ["parent", "quiet", "loud"]
    assert thread[0]["reply_count"] == 2
    assert thread[0]["thread_ts"] == parent["ts"]
    history = (await client.conversations_history(channel=channel))["messages"]
    assert [message["text"] for message in history] == ["loud", "parent"]
    first = await client.conversations_history(channel=channel, limit=1)
    assert first["has_more"]
    rest = await client.conversations_history(channel=channel, cursor=first["response_metadata"]["next_cursor"])
    assert [message["text"] for message in rest["messages"]] == ["parent"]


async def test_only_its_own_messages_may_the_bot_change(client, channel, person) -> None:
    ts = (await person.does("message", user="ana", channel=channel, text="mine"))["ts"]
    assert await code(client.chat_update(channel=channel, ts=ts, text="x")) == "cant_update_message"
    assert await code(client.chat_delete(channel=channel, ts=ts)) == "cant_delete_message"


async def test_an_ephemeral_message_reaches_one_member_and_cannot_be_updated(client, channel, person) -> None:
    sent = await client.chat_postEphemeral(channel=channel, user="U0ANA00001", text="only you")
    assert [m["text"] for m in await person.looks("messages", channel=channel, **{"as": "ana"})] == ["only you"]
    assert await person.looks("messages", channel=channel, **{"as": "chen"}) == []
    assert await code(client.chat_update(channel=channel, ts=sent["message_ts"], text="x")) == "message_not_found"
    refused = await code(client.chat_postEphemeral(channel=channel, user="U0LEE00001", text="x"))
    assert refused == "user_not_in_channel"


async def test_people_and_groups_are_looked_up_by_id(client) -> None:
    assert (await client.users_info(user="U0ANA00001"))["user"]["name"] == "ana"
    assert (await client.users_info(user="U0LEE00001"))["user"]["deleted"]
    assert await code(client.users_info(user="U0NOBODY01")) == "user_not_found"
    assert await code(client.users_info(user="ana")) == "invalid_arguments"
    assert (await client.usergroups_users_list(usergroup="S0CHANGE01"))["users"] == ["U0CARMEN01", "U0CHEN0001"]
    assert await code(client.usergroups_users_list(usergroup="S0NOTHING1")) == "no_such_subteam"


async def test_direct_messages_are_opened_by_user(client, slack) -> None:
    opened = await client.conversations_open(users="U0ANA00001")
    assert opened["channel"]["id"] == slack.description()["direct_messages"]["ana"]
    await client.chat_postMessage(channel=opened["channel"]["id"], text="psst")
    assert await code(client.conversations_open(users="U0LEE00001")) == "user_disabled"
    assert await code(client.conversations_open(users="U0NOBODY01")) == "user_not_found"


async def test_a_stale_hash_is_refused(client) -> None:
    home = {"type": "home", "blocks": APPROVAL}
    first = (await client.views_publish(user_id="U0ANA00001", view=home))["view"]
    await client.views_publish(user_id="U0ANA00001", view=home, hash=first["hash"])
    assert await code(client.views_publish(user_id="U0ANA00001", view=home, hash=first["hash"])) == "hash_conflict"


async def test_views_stack_three_deep(client, slack: LabSlack) -> None:
    give = slack.lab.triggers.give
    view_id = (await client.views_open(trigger_id=give("U0ANA00001"), view=modal()))["view"]["id"]
    for _ in range(2):
        pushed = await client.views_push(trigger_id=give("U0ANA00001", view_id), view=modal())
        view_id = pushed["view"]["id"]
    refused = await code(client.views_push(trigger_id=give("U0ANA00001", view_id), view=modal()))
    assert refused == "push_limit_reached"


async def test_an_upload_must_have_the_promised_length(client, session) -> None:
    promised = await client.files_getUploadURLExternal(filename="a.txt", length=5)
    async with session.post(promised["upload_url"], data=b"four") as answer:
        assert answer.status == 400
    assert await code(client.files_completeUploadExternal(files=[{"id": promised["file_id"]}])) == "file_not_found"


async def test_reactions_are_added_once(client, channel, person) -> None:
    ts = (await client.chat_postMessage(channel=channel, text="x"))["ts"]
    await client.reactions_add(channel=channel, timestamp=ts, name="white_check_mark")
    assert await code(client.reactions_add(channel=channel, timestamp=ts, name="white_check_mark")) == "already_reacted"
    message = (await person.looks("messages", channel=channel))[0]
    assert message["reactions"][0]["users"] == ["U0LABBOT01"]


@pytest.mark.parametrize("workspace", [replace(Workspace(), home_enabled=False)])
async def test_a_home_tab_that_is_off_is_refused(client) -> None:
    assert await code(client.views_publish(user_id="U0ANA00001", view={"type": "home", "blocks": []})) == "not_enabled"
