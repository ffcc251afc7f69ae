"""What the app answers in an ack or through a response_url, and what comes of it."""

from __future__ import annotations

from typing import Any

from certrenew_lab.slack.blocks.checker import LARGEST_VIEW, check_blocks, check_view, view_size
from certrenew_lab.slack.blocks.shapes import MESSAGE
from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.modals import View
from certrenew_lab.slack.problems import Json, Refused, invalid_arguments
from certrenew_lab.slack.response_urls import ResponseUrl
from certrenew_lab.slack.workspace import User


def checked_view(view: Any) -> Json:
    """Return a view Slack accepts; raises Refused."""
    if not isinstance(view, dict):
        raise invalid_arguments("must provide an object [json-pointer:/view]")
    if view_size(view) > LARGEST_VIEW:
        raise Refused("view_too_large")
    problems = check_view(view)
    if problems:
        raise Refused("invalid_arguments", response_metadata={"messages": [problem.sentence() for problem in problems]})
    return view


def checked_blocks(blocks: Any) -> list[Json]:
    """Return message blocks Slack accepts; raises Refused."""
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    problems = check_blocks(blocks, MESSAGE)
    if problems:
        sentences = [problem.sentence() for problem in problems]
        raise Refused("invalid_blocks", errors=sentences, response_metadata={"messages": sentences})
    return blocks


def apply_command_answer(lab: Lab, user: User, place: Conversation, command: str, answer: Json) -> Json:
    """Show the answer of a slash command to its user."""
    if not answer.get("text") and not answer.get("blocks"):
        return {"ok": True, "shown": []}
    try:
        message = _message_of(lab, answer, user.id, place.id)
    except Refused as refusal:
        note = lab.tell(user.id, place.id, f"{command} failed with the error “{refusal.code}”.")
        lab.feed.publish("failure", user.id, user=user.id, error=refusal.code, details=refusal.details)
        return {"ok": False, "error": refusal.code, **refusal.details, "shown": [lab.messages.for_page(note)]}
    lab.post(message)
    return {"ok": True, "shown": [lab.messages.for_page(message)]}


def apply_submission_answer(lab: Lab, view: View, answer: Json) -> Json:
    """Do what the ack of a view submission says: errors, update, push, clear; nothing closes the view."""
    action = answer.get("response_action")
    try:
        match action:
            case None:
                lab.modals.close(view)
            case "clear":
                lab.modals.clear(view.user)
            case "errors":
                return _show_errors(lab, view, answer.get("errors"))
            case "update":
                lab.modals.update(view, checked_view(answer.get("view")))
            case "push":
                lab.modals.push(view.user, checked_view(answer.get("view")), view.id)
            case _:
                raise invalid_arguments(f"unknown response_action {action}")
    except Refused as refusal:
        lab.feed.publish("failure", view.user, user=view.user, error=refusal.code, view_id=view.id, **refusal.details)
        return refusal.answer()
    return {"ok": True, "response_action": action, "views": [each.id for each in lab.modals.stack(view.user)]}


def answer_through_url(lab: Lab, url: ResponseUrl, body: Json) -> None:
    """Post, replace or delete as a response_url body asks; raises Refused."""
    original = url.original
    if original is not None and lab.messages.find(original.channel, original.ts) is None:
        original = None
    if body.get("delete_original"):
        if original is None:
            raise Refused("message_not_found")
        lab.messages.delete(original)
        return
    message = _message_of(lab, body, url.user, url.channel)
    if body.get("replace_original") and original is not None:
        lab.edit(original, message.text, message.blocks, mark=False)
        return
    lab.post(message)
    url.original = url.original or message


def _message_of(lab: Lab, body: Json, user: str, channel: str) -> Message:
    blocks = checked_blocks(body["blocks"]) if body.get("blocks") else []
    text = str(body.get("text") or "")
    if not text and not blocks and not body.get("attachments"):
        raise Refused("no_text")
    return Message(
        channel,
        lab.messages.new_ts(),
        lab.workspace.bot.user_id,
        text[:40_000],
        blocks,
        attachments=body.get("attachments") or [],
        thread_ts=body.get("thread_ts"),
        only_for=None if body.get("response_type") == "in_channel" else user,
    )


def _show_errors(lab: Lab, view: View, errors: Any) -> Json:
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise invalid_arguments("errors must map block ids of input blocks to texts [json-pointer:/errors]")
    texts = {str(block_id): str(text) for block_id, text in errors.items()}
    lab.modals.show_errors(view, texts)
    return {"ok": False, "error": "invalid_input", "response_action": "errors", "errors": texts}
