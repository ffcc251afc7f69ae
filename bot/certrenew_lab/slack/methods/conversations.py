"""conversations.* and users.conversations: channels, direct messages, their members and history."""

from __future__ import annotations

import re

from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.methods.call import CONVERSATION_KINDS, Call, Method
from certrenew_lab.slack.problems import Json, Refused, missing_scope

KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
READ = tuple(f"{kind}:read" for kind in CONVERSATION_KINDS)
HISTORY = tuple(f"{kind}:history" for kind in CONVERSATION_KINDS)
TS = re.compile(r"\d+(\.\d+)?")


def info(call: Call) -> Json:
    """conversations.info."""
    place = _place(call, "read")
    described = call.lab.conversations.describe(place)
    if not call.flag("include_num_members"):
        described.pop("num_members", None)
    return {"channel": described}


def list_all(call: Call) -> Json:
    """conversations.list."""
    return _listed(call, only_mine=False)


def list_mine(call: Call) -> Json:
    """users.conversations of the bot."""
    return _listed(call, only_mine=True)


def members(call: Call) -> Json:
    """conversations.members."""
    place = _place(call, "read")
    shown, metadata = call.page(sorted(place.members), call.number("limit", 100, 1000))
    return {"members": shown, "response_metadata": metadata}


def join(call: Call) -> Json:
    """conversations.join."""
    place = call.lab.conversations.named(call.required("channel"))
    if place.kind != "public":
        raise Refused("method_not_supported_for_channel_type")
    if place.archived:
        raise Refused("is_archived")
    place.members.add(call.lab.workspace.bot.user_id)
    call.lab.feed.publish("channel_changed", None, channel=place.id)
    return {"channel": call.lab.conversations.describe(place)}


def open_direct(call: Call) -> Json:
    """conversations.open: one user, or an existing direct message."""
    lab = call.lab
    if call.text("channel"):
        place = lab.conversations.named(call.text("channel"))
        if not place.direct:
            raise Refused("method_not_supported_for_channel_type")
    else:
        wanted = [each for each in call.text("users").split(",") if each]
        if not wanted:
            raise Refused("users_list_not_supplied")
        if len(wanted) > 8:
            raise Refused("too_many_users")
        user = lab.people.find(wanted[0])
        if user is None or any(lab.people.find(each) is None for each in wanted):
            raise Refused("user_not_found")
        if user.deactivated:
            raise Refused("user_disabled")
        if len(wanted) > 1:
            raise missing_scope(["mpim:write"], lab.workspace.scopes)
        place = lab.conversations.direct_with(user.id)
    answer: Json = {"no_op": place.opened, "already_open": place.opened}
    place.opened = True
    described = lab.conversations.describe(place) if call.flag("return_im") else {"id": place.id}
    return {**(answer if answer["no_op"] else {}), "channel": described}


def history(call: Call) -> Json:
    """conversations.history, newest first."""
    place = _place(call, "history")
    if call.lab.workspace.bot.user_id not in place.members:
        raise Refused("not_in_channel")
    return _messages(call, call.lab.messages.in_channel(place.id)[::-1])


def replies(call: Call) -> Json:
    """conversations.replies: the parent, then its replies, oldest first."""
    place = _place(call, "history")
    parent = call.lab.messages.lasting(place.id, call.required("ts"))
    if parent is None:
        raise Refused("thread_not_found")
    return _messages(call, call.lab.messages.in_thread(place.id, parent.thread_ts or parent.ts))


def _place(call: Call, half: str) -> Conversation:
    channel = call.required("channel")
    if channel[:1] not in ("C", "D", "G"):
        raise Refused("channel_not_found")
    place = call.lab.conversations.named(channel)
    call.need_scope_for(place, half)
    return place


def _messages(call: Call, found: list[Message]) -> Json:
    oldest, latest = call.text("oldest"), call.text("latest")
    for bound, error in ((oldest, "invalid_ts_oldest"), (latest, "invalid_ts_latest")):
        if bound and not TS.fullmatch(bound):
            raise Refused(error)
    inclusive = call.flag("inclusive")

    def within(ts: str) -> bool:
        at = float(ts)
        if inclusive and ts in (oldest, latest):
            return True
        return (not oldest or at > float(oldest)) and (not latest or at < float(latest))

    wanted = [message for message in found if within(message.ts)]
    shown, metadata = call.page(wanted, call.number("limit", 100, 999))
    described = [call.lab.messages.describe(m, metadata=call.flag("include_all_metadata")) for m in shown]
    answer: Json = {"messages": described, "has_more": bool(metadata["next_cursor"])}
    return answer | ({"response_metadata": metadata} if metadata["next_cursor"] else {})


def _listed(call: Call, *, only_mine: bool) -> Json:
    lab = call.lab
    wanted = [each.strip() for each in (call.text("types") or "public_channel").split(",")]
    if any(each not in KINDS for each in wanted):
        raise Refused("invalid_types")
    scope_of = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
    lacking = [scope_of[each] for each in wanted if each in scope_of and scope_of[each] not in lab.workspace.scopes]
    if lacking:
        raise missing_scope(lacking, lab.workspace.scopes)
    bot = lab.workspace.bot.user_id
    kinds = {KINDS[each] for each in wanted}
    found = [
        place
        for place in lab.conversations.all.values()
        if place.kind in kinds
        and (bot in place.members or (place.kind == "public" and not only_mine))
        and (not place.direct or place.opened)
        and not (place.archived and call.flag("exclude_archived"))
    ]
    shown, metadata = call.page(found, call.number("limit", 100, 999))
    return {"channels": [lab.conversations.describe(place) for place in shown], "response_metadata": metadata}


METHODS = {
    "conversations.info": Method(info, 3, READ),
    "conversations.list": Method(list_all, 2, READ),
    "users.conversations": Method(list_mine, 3, READ),
    "conversations.members": Method(members, 4, READ),
    "conversations.join": Method(join, 3, ("channels:join",)),
    "conversations.open": Method(open_direct, 3, ("im:write", "mpim:write", "channels:manage", "groups:write")),
    "conversations.history": Method(history, 3, HISTORY),
    "conversations.replies": Method(replies, 3, HISTORY),
}
