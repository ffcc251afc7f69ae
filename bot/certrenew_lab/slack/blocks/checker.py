"""The checks of whole payloads: the blocks of a message, a view, its metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from certrenew_lab.slack.blocks.rules import Problem, Report, Rule, distinct, flag, one_of, several, shape, words
from certrenew_lab.slack.blocks.shapes import ANY_BLOCK, HOME, MESSAGE, MODAL, ONLY_ON
from certrenew_lab.slack.blocks.texts import plain

MOST_BLOCKS = {MESSAGE: 50, MODAL: 100, HOME: 100}
LONGEST_MARKDOWN = 12_000
LARGEST_VIEW = 250_000

_VIEW_COMMON: dict[str, Rule] = {
    "private_metadata": words(3000),
    "callback_id": words(255),
    "external_id": words(255),
}
_SUBMISSION: dict[str, Rule] = {
    "submit": plain(24),
    "close": plain(24),
    "clear_on_close": flag,
    "notify_on_close": flag,
    "submit_disabled": flag,
}


def check_blocks(blocks: Any, surface: str, at: str = "/blocks") -> list[Problem]:
    """Report everything Slack would refuse in a list of blocks."""
    report = Report()
    several(ANY_BLOCK, 0, MOST_BLOCKS[surface])(blocks, at, report)
    if not isinstance(blocks, list):
        return report.problems
    present = [(pointer, block) for pointer, block in _all_blocks(blocks, at)]
    distinct([(f"{pointer}/block_id", block.get("block_id")) for pointer, block in present], "block_id", report)
    for pointer, block in present:
        if surface not in ONLY_ON.get(str(block.get("type")), (surface,)):
            report.add(f"{pointer}/type", "unsupported_surface", f"{block['type']} is not supported in a {surface}")
        _check_action_ids(pointer, block, report)
    markdown = [
        block["text"] for _, block in present if block.get("type") == "markdown" and _is_text(block.get("text"))
    ]
    if sum(map(len, markdown)) > LONGEST_MARKDOWN:
        report.add(at, "too_long", f"markdown blocks together must be less than {LONGEST_MARKDOWN + 1} characters")
    return report.problems


def check_view(view: Any, at: str = "/view") -> list[Problem]:
    """Report everything Slack would refuse in a modal or home tab."""
    report = Report()
    if not isinstance(view, dict):
        return [Problem(at, "invalid_type", "must be an object")]
    kind = view.get("type")
    if kind == MODAL:
        needs: dict[str, Rule] = {"type": one_of(MODAL), "title": plain(24), "blocks": several(_nothing)}
        shape(needs, {**_VIEW_COMMON, **_SUBMISSION})(view, at, report)
    elif kind == HOME:
        shape({"type": one_of(HOME), "blocks": several(_nothing)}, _VIEW_COMMON)(view, at, report)
    else:
        report.add(f"{at}/type", "unsupported_type", f"unsupported type: {kind}")
        return report.problems
    if isinstance(view.get("blocks"), list):
        report.problems += check_blocks(view["blocks"], kind, f"{at}/blocks")
        inputs = any(block.get("type") == "input" for _, block in _all_blocks(view["blocks"], at))
        if kind == MODAL and inputs and not view.get("submit"):
            report.add(at, "missing_field", "missing required field: submit (the view has an input block)")
    return report.problems


def check_metadata(metadata: Any) -> str | None:
    """Return the error code for message metadata, or None when it is good."""
    if not isinstance(metadata, dict):
        return "invalid_metadata_format"
    if metadata == {}:
        return None
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not isinstance(payload, dict) or not event_type:
        return "invalid_metadata_schema"
    if not all(character.isalnum() or character == "_" for character in event_type):
        return "invalid_metadata_schema"
    if any(isinstance(value, dict | list) for value in payload.values()):
        return "invalid_metadata_schema"
    return "metadata_too_large" if len(json.dumps(metadata)) > 16_000 else None


def view_size(view: Any) -> int:
    """Return the size of a view in bytes, as the 250 kB limit counts it."""
    return len(json.dumps(view, ensure_ascii=False).encode())


def _all_blocks(blocks: list[Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, block in enumerate(blocks):
        if isinstance(block, dict):
            yield f"{at}/{index}", block
            if isinstance(block.get("child_blocks"), list):
                yield from _all_blocks(block["child_blocks"], f"{at}/{index}/child_blocks")


def _check_action_ids(at: str, block: dict[str, Any], report: Report) -> None:
    elements = block.get("elements") if block.get("type") in ("actions", "context_actions") else None
    if isinstance(elements, list):
        ids = [
            (f"{at}/elements/{i}/action_id", e.get("action_id")) for i, e in enumerate(elements) if isinstance(e, dict)
        ]
        distinct(ids, "action_id", report)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _nothing(_value: Any, _at: str, _report: Report) -> None:
    """Accept: the blocks are checked with their surface elsewhere."""
