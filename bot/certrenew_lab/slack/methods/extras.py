"""apps.connections.open, reactions.* and the three steps of files.*."""

from __future__ import annotations

import re
from typing import Any

from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.methods.call import Call, Method
from certrenew_lab.slack.problems import Json, Refused, invalid_arguments

LONGEST_ALT_TEXT = 1000
REACTION_NAME = re.compile(r"[a-z0-9_+'\-]+(::skin-tone-\d)?")


def open_connection(call: Call) -> Json:
    """apps.connections.open: a WebSocket address with a ticket that opens once."""
    if call.http_method != "POST":
        raise Refused("insecure_request")
    address = call.lab.address.replace("http://", "ws://", 1)
    return {"url": f"{address}/link/?ticket={call.lab.sockets.ticket()}&app_id={call.lab.workspace.bot.app_id}"}


def add_reaction(call: Call) -> Json:
    """reactions.add."""
    name, message = _reaction(call)
    bot = call.lab.workspace.bot.user_id
    users = message.reactions.get(name, [])
    if bot in users:
        raise Refused("already_reacted")
    if len(message.reactions) >= 23 and name not in message.reactions:
        raise Refused("too_many_emoji")
    message.reactions[name] = [*users, bot]
    call.lab.messages.changed(message)
    return {}


def remove_reaction(call: Call) -> Json:
    """reactions.remove."""
    name, message = _reaction(call)
    bot = call.lab.workspace.bot.user_id
    left = [user for user in message.reactions.get(name, []) if user != bot]
    if left == message.reactions.get(name, []):
        raise Refused("no_reaction")
    message.reactions = {**message.reactions, name: left}
    message.reactions = {each: users for each, users in message.reactions.items() if users}
    call.lab.messages.changed(message)
    return {}


def get_upload_url(call: Call) -> Json:
    """files.getUploadURLExternal."""
    length = call.text("length")
    if not call.text("filename") or not length.isdigit() or int(length) < 1:
        raise Refused("missing_argument")
    if len(call.text("alt_txt")) > LONGEST_ALT_TEXT:
        raise Refused("alt_txt_too_large")
    file = call.lab.files.expect(call.text("filename"), int(length), call.text("alt_txt"))
    return {"upload_url": f"{call.lab.address}/upload/v1/{file.secret}/{file.id}", "file_id": file.id}


def complete_upload(call: Call) -> Json:
    """files.completeUploadExternal: shares the files where asked."""
    lab = call.lab
    wanted: Any = call.structure("files")
    if not isinstance(wanted, list) or not wanted:
        raise invalid_arguments("must provide an array [json-pointer:/files]")
    files = []
    for each in wanted:
        file = lab.files.all.get(str(each.get("id"))) if isinstance(each, dict) else None
        if file is None or file.content is None or file.shared:
            raise Refused("file_not_found")
        file.title = str(each.get("title") or file.name)
        files.append(file)
    places = [_file_place(call, each) for each in _channels(call)]
    thread_ts = call.text("thread_ts") or None
    now = lab.messages.new_ts()
    described = [lab.files.describe(file, lab.address, now) for file in files]
    for file in files:
        file.shared = True
    for place in places:
        comment = call.text("initial_comment")
        bot = lab.workspace.bot.user_id
        lab.post(Message(place.id, lab.messages.new_ts(), bot, comment, thread_ts=thread_ts, files=described))
    return {"files": described}


def _channels(call: Call) -> list[str]:
    several = [each for each in call.text("channels").split(",") if each]
    if len(several) > 100:
        raise Refused("channels_limit_exceeded")
    return several or ([call.text("channel_id")] if call.text("channel_id") else [])


def _file_place(call: Call, channel: str) -> Conversation:
    if channel[:1] not in ("C", "D", "G"):
        raise Refused("invalid_channel")
    return call.lab.conversations.writable(channel)


def _reaction(call: Call) -> tuple[str, Message]:
    name = call.text("name").strip(":")
    if not REACTION_NAME.fullmatch(name):
        raise Refused("invalid_name")
    if not call.text("channel") or not call.text("timestamp"):
        raise Refused("no_item_specified")
    if not re.fullmatch(r"\d+\.\d+", call.text("timestamp")):
        raise Refused("bad_timestamp")
    place = call.lab.conversations.named(call.text("channel"))
    if place.archived:
        raise Refused("is_archived")
    message = call.lab.messages.lasting(place.id, call.text("timestamp"))
    if message is None:
        raise Refused("message_not_found")
    return name, message


METHODS = {
    "apps.connections.open": Method(open_connection, 3, token="app"),
    "reactions.add": Method(add_reaction, 3, ("reactions:write",)),
    "reactions.remove": Method(remove_reaction, 2, ("reactions:write",)),
    "files.getUploadURLExternal": Method(get_upload_url, 4, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, 4, ("files:write",)),
}
