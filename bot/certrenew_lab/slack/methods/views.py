"""views.* and blocks.validate: modals, home tabs, and the check of what they show."""

from __future__ import annotations

import json
from typing import Any

from certrenew_lab.slack.answers import checked_view
from certrenew_lab.slack.blocks.checker import check_blocks, check_metadata, check_view
from certrenew_lab.slack.blocks.rules import Problem
from certrenew_lab.slack.blocks.shapes import HOME, MESSAGE, MODAL
from certrenew_lab.slack.methods.call import Call, Method
from certrenew_lab.slack.problems import Json, Refused, invalid_arguments

LONGEST_PAYLOAD = 100_000


def open_view(call: Call) -> Json:
    """views.open: a refused view leaves the trigger unused."""
    view = _view(call, MODAL)
    trigger = call.lab.triggers.exchange(_trigger_id(call))
    return _answer(call, call.lab.modals.open(trigger.user, view))


def push_view(call: Call) -> Json:
    """views.push: only with a trigger that came from the modal below."""
    view = _view(call, MODAL)
    trigger = call.lab.triggers.exchange(_trigger_id(call))
    return _answer(call, call.lab.modals.push(trigger.user, view, trigger.view_id))


def update_view(call: Call) -> Json:
    """views.update."""
    if not call.text("view_id") and not call.text("external_id"):
        raise invalid_arguments("missing required field: view_id or external_id")
    found = call.lab.modals.find(call.text("view_id"), call.text("external_id"))
    view = _view(call, str(found.content["type"]))
    return _answer(call, call.lab.modals.update(found, view, call.text("hash") or None))


def publish_view(call: Call) -> Json:
    """views.publish."""
    lab = call.lab
    if not lab.workspace.home_enabled:
        raise Refused("not_enabled")
    user = call.required("user_id")
    if lab.people.find(user) is None:
        raise invalid_arguments("invalid `user_id`")
    view = _view(call, HOME)
    return _answer(call, lab.modals.publish(user, view, call.text("hash") or None))


def validate(call: Call) -> Json:
    """blocks.validate: exactly one of blocks, message, view."""
    given = [name for name in ("blocks", "message", "view") if call.has(name)]
    if len(given) != 1:
        raise invalid_arguments("exactly one of blocks, message, view is required")
    name = given[0]
    content: Any = call.structure(name)
    if len(json.dumps(content)) > LONGEST_PAYLOAD:
        raise invalid_arguments(f"must be less than {LONGEST_PAYLOAD + 1} characters [json-pointer:/{name}]")
    if name == "view":
        problems = check_view(content)
    elif name == "blocks":
        problems = check_blocks(content, MESSAGE)
    else:
        problems = _check_message(content)
    if problems:
        faults = [{"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems]
        raise Refused(f"invalid_{name}", errors=faults)
    return {}


def _check_message(content: Any) -> list[Problem]:
    if not isinstance(content, dict):
        return [Problem("/message", "invalid_type", "must be an object")]
    problems = check_blocks(content["blocks"], MESSAGE, "/message/blocks") if "blocks" in content else []
    error = check_metadata(content["metadata"]) if "metadata" in content else None
    return problems + ([Problem("/message/metadata", error, error)] if error else [])


def _trigger_id(call: Call) -> str:
    return call.text("trigger_id") or call.required("interactivity_pointer")


def _view(call: Call, kind: str) -> Json:
    if not call.has("view"):
        raise invalid_arguments("missing required field: view")
    view = checked_view(call.structure("view"))
    if view["type"] != kind:
        raise invalid_arguments(f"must be a {kind} [json-pointer:/view/type]")
    return view


def _answer(call: Call, view: Any) -> Json:
    return {"view": call.lab.modals.describe(view)}


METHODS = {
    "views.open": Method(open_view, 4),
    "views.push": Method(push_view, 4),
    "views.update": Method(update_view, 4),
    "views.publish": Method(publish_view, 4),
    "blocks.validate": Method(validate, None),
}
