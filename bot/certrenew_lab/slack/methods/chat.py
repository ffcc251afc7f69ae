"""chat.*: posting, editing, deleting and linking messages."""

from __future__ import annotations

import json
from typing import Any

from certrenew_lab.slack.answers import checked_blocks
from certrenew_lab.slack.blocks.checker import check_metadata
from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.methods.call import Call, Method
from certrenew_lab.slack.problems import Json, Refused

LONGEST_POST = 40_000
LONGEST_EDIT = 4_000
LONGEST_MARKDOWN = 12_000
LONGEST_BLOCKS = 100_000


class TooFast(Exception):
    """A channel gets more than about one message a second; `seconds` is the wait asked for."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Retry after {seconds} s")
        self.seconds = seconds


def post_message(call: Call) -> Json:
    """chat.postMessage."""
    lab = call.lab
    place = _addressed(call, call.required("channel"))
    text, blocks, attachments = _content(call)
    if not text and not blocks and not attachments:
        raise Refused("no_text")
    thread_ts = _thread(call, place)
    metadata = _metadata(call)
    wait = lab.limits.post(place.id)
    if wait:
        raise TooFast(wait)
    message = Message(
        place.id,
        lab.messages.new_ts(),
        lab.workspace.bot.user_id,
        text[:LONGEST_POST],
        blocks or [],
        attachments=attachments,
        thread_ts=thread_ts,
        metadata=metadata or None,
        broadcast=bool(thread_ts) and call.flag("reply_broadcast"),
    )
    lab.post(message)
    place.opened = True
    answer: Json = {
        "channel": place.id,
        "ts": message.ts,
        "message": lab.messages.describe(message, metadata=True),
    }
    if len(text) > LONGEST_POST:
        answer["warning"] = "message_truncated"
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def update(call: Call) -> Json:
    """chat.update: text without blocks removes the blocks, neither keeps both; only text sets the edited mark."""
    lab = call.lab
    place = lab.conversations.named(_id_only(call.required("channel")))
    message = _own(call, place, call.required("ts"), "cant_update_message")
    text, blocks, attachments = _content(call)
    if len(text) > LONGEST_EDIT:
        raise Refused("msg_too_long")
    if blocks == [] and not text and not attachments and not message.text:
        raise Refused("no_text")
    if call.has("metadata"):
        message.metadata = _metadata(call) or None
    elif not (call.has("text") or call.has("blocks") or call.has("attachments") or call.has("markdown_text")):
        raise Refused("no_text")
    sent_text = call.has("text") or call.has("markdown_text")
    new_blocks = blocks if blocks is not None else ([] if sent_text else None)
    if call.has("attachments"):
        message.attachments = attachments
    elif sent_text or blocks is not None:
        message.attachments = []
    lab.edit(message, text if sent_text else None, new_blocks, mark=sent_text and not blocks)
    described = lab.messages.describe(message, metadata=True)
    return {"channel": place.id, "ts": message.ts, "text": message.text, "message": described}


def post_ephemeral(call: Call) -> Json:
    """chat.postEphemeral."""
    lab = call.lab
    place = lab.conversations.writable(call.required("channel"))
    user = call.required("user")
    if user not in place.members:
        raise Refused("user_not_in_channel")
    text, blocks, attachments = _content(call)
    if len(text) > LONGEST_POST:
        raise Refused("msg_too_long")
    if not text and not blocks and not attachments:
        raise Refused("no_text")
    message = Message(
        place.id,
        lab.messages.new_ts(),
        lab.workspace.bot.user_id,
        text,
        blocks or [],
        attachments=attachments,
        thread_ts=call.text("thread_ts") or None,
        only_for=user,
    )
    lab.post(message)
    return {"message_ts": message.ts}


def delete(call: Call) -> Json:
    """chat.delete."""
    place = call.lab.conversations.named(_id_only(call.required("channel")))
    message = _own(call, place, call.required("ts"), "cant_delete_message")
    call.lab.messages.delete(message)
    return {"channel": place.id, "ts": message.ts}


def get_permalink(call: Call) -> Json:
    """chat.getPermalink: a link into the lab's own page."""
    lab = call.lab
    place = lab.conversations.named(_id_only(call.required("channel")))
    message = lab.messages.lasting(place.id, call.required("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    link = f"{lab.address}/archives/{place.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={place.id}"
    return {"channel": place.id, "permalink": link}


def _addressed(call: Call, channel: str) -> Conversation:
    if channel.startswith("U") and call.lab.people.find(channel):
        return call.lab.conversations.direct_with(channel)
    return call.lab.conversations.writable(channel)


def _id_only(channel: str) -> str:
    if channel[:1] not in ("C", "D", "G"):
        raise Refused("channel_not_found")
    return channel


def _own(call: Call, place: Conversation, ts: str, error: str) -> Message:
    message = call.lab.messages.lasting(place.id, ts)
    if message is None:
        raise Refused("message_not_found")
    if message.user != call.lab.workspace.bot.user_id:
        raise Refused(error)
    return message


def _content(call: Call) -> tuple[str, list[Json] | None, list[Json]]:
    """Return text, blocks (None when not sent) and attachments; raises Refused."""
    text = call.text("text")
    if call.has("markdown_text"):
        if text or call.has("blocks"):
            raise Refused("markdown_text_conflict")
        text = call.text("markdown_text")
        if len(text) > LONGEST_MARKDOWN:
            raise Refused("msg_too_long")
    blocks: Any = call.structure("blocks", "invalid_blocks_format")
    if blocks is not None:
        if len(json.dumps(blocks)) > LONGEST_BLOCKS:
            raise Refused("msg_blocks_too_long")
        blocks = checked_blocks(blocks)
    attachments = call.structure("attachments") or []
    if not isinstance(attachments, list):
        raise Refused("invalid_arguments")
    if len(attachments) > 100:
        raise Refused("too_many_attachments")
    for attachment in attachments:
        if isinstance(attachment, dict) and attachment.get("blocks"):
            checked_blocks(attachment["blocks"])
    return text, blocks, attachments


def _thread(call: Call, place: Conversation) -> str | None:
    """Return the parent's ts; raises Refused for a reply's, or one that is not there."""
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return None
    parent = call.lab.messages.lasting(place.id, thread_ts)
    if parent is None:
        raise Refused("thread_not_found")
    if parent.thread_ts not in (None, parent.ts):
        raise Refused("cannot_reply_to_message")
    return thread_ts


def _metadata(call: Call) -> Json:
    if not call.has("metadata"):
        return {}
    metadata: Any = call.structure("metadata", "invalid_metadata_format")
    error = check_metadata(metadata)
    if error:
        raise Refused(error)
    checked: Json = metadata
    return checked


METHODS = {
    "chat.postMessage": Method(post_message, None, ("chat:write",)),
    "chat.update": Method(update, 3, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, 4, ("chat:write",)),
    "chat.delete": Method(delete, 3, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink, None),
}
