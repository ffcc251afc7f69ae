"""Finding the element a person uses, as it stands now or as it stood before an edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from certrenew_lab.slack import forms
from certrenew_lab.slack.blocks.walking import find_element
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.modals import View
from certrenew_lab.slack.problems import Json, NotPossible, Refused
from certrenew_lab.slack.workspace import User


@dataclass(frozen=True)
class Click:
    """An element in the message or view that holds it; `blocks` are those the person saw."""

    block: Json
    element: Json
    blocks: list[Json]
    message: Message | None = None
    view: View | None = None

    def action(self, ts: str, value: Any) -> Json:
        """Build the entry of `actions`."""
        element = self.element
        entry: Json = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": self.block["block_id"],
            "action_ts": ts,
        }
        if element["type"] == "button":
            entry["text"] = {"emoji": True, **element["text"]}
            entry |= {name: element[name] for name in ("value", "style", "url") if name in element}
        elif element["type"] in ("icon_button", "workflow_button", "feedback_buttons"):
            entry["value"] = value if value is not None else element.get("value")
        else:
            entry |= forms.state_of(element, value)
        if "confirm" in element:
            entry["confirm"] = element["confirm"]
        return entry


def find_target(lab: Lab, user: User, wanted: Json) -> Click:
    """Find what a click means: by view_id or channel and ts, then by action_id, block_id or the button's text.

    With `stale` true the element may be one that an edit has removed. Raises NotPossible when this person
    could not click there.
    """
    if wanted.get("view_id"):
        view = _view(lab, user, str(wanted["view_id"]))
        return _element(wanted, view.content["blocks"], None, view)
    channel = str(wanted.get("channel", ""))
    try:
        channel = lab.conversations.named(channel).id
    except Refused as refusal:
        raise NotPossible(refusal.code, f"There is no channel {channel!r}.") from None
    message = lab.messages.find(channel, str(wanted.get("ts")))
    if message is None or (message.ephemeral and message.only_for != user.id):
        raise NotPossible("message_not_found", "This user sees no such message.")
    if user.id not in lab.conversations.all[channel].members:
        raise NotPossible("not_in_channel", f"{user.real_name} is not in that channel.")
    versions = [message.blocks, *(reversed(message.earlier_blocks) if wanted.get("stale") else ())]
    for blocks in versions:
        try:
            return _element(wanted, blocks, message, None)
        except NotPossible:
            continue
    raise NotPossible("element_not_found", "That message has no such button any more.")


def _view(lab: Lab, user: User, view_id: str) -> View:
    try:
        view = lab.modals.find(view_id)
    except Refused:
        raise NotPossible("view_not_found", "There is no such view.") from None
    if view.user != user.id:
        raise NotPossible("view_not_found", "That view belongs to somebody else.")
    return view


def _element(wanted: Json, blocks: list[Json], message: Message | None, view: View | None) -> Click:
    action_id, block_id, text = wanted.get("action_id"), wanted.get("block_id"), wanted.get("text")
    if action_id is None and text is None:
        raise NotPossible("invalid_arguments", "Name the element by action_id or by its text.")

    def matches(block: Json, element: Json) -> bool:
        label = element.get("text") or {}
        return (
            (action_id is None or element.get("action_id") == action_id)
            and (block_id is None or block["block_id"] == block_id)
            and (text is None or label.get("text") == text)
        )

    found = find_element(blocks, matches)
    if found is None:
        raise NotPossible("element_not_found", "There is no such element.")
    return Click(*found, blocks, message, view)
