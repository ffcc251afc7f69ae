"""Shapes of every block type, and the surfaces each may appear on."""

from __future__ import annotations

from certrenew_lab.slack.blocks.elements import BUTTON, IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from certrenew_lab.slack.blocks.rules import (
    Extra,
    Rule,
    anything,
    flag,
    kinds,
    needs_one,
    number,
    one_of,
    several,
    shape,
    words,
)
from certrenew_lab.slack.blocks.texts import IMAGE_BLOCK, IMAGE_ELEMENT, RICH_TEXT, any_text, mrkdwn, plain

BLOCK_ID = words(255, 1)
MESSAGE, MODAL, HOME = "message", "modal", "home"


def _block(kind: str, needs: dict[str, Rule], may: dict[str, Rule] | None = None, *extras: Extra) -> Rule:
    return shape({"type": one_of(kind), **needs}, {"block_id": BLOCK_ID, **(may or {})}, *extras)


_IN_CONTEXT: dict[str, Rule] = {"image": IMAGE_ELEMENT, "plain_text": plain(3000), "mrkdwn": mrkdwn(3000)}
_CELL: dict[str, Rule] = {
    "rich_text": RICH_TEXT,
    "raw_text": shape({"type": one_of("raw_text"), "text": words()}),
    "raw_number": shape({"type": one_of("raw_number"), "value": number()}, {"text": words()}),
}
_ROWS = several(several(kinds(lambda: _CELL), 1, 20), 1, 100)
_SOURCE = shape({"type": one_of("url"), "text": words(), "url": words(3000)})
TASK_CARD = _block(
    "task_card",
    {
        "task_id": words(255, 1),
        "title": words(None, 1),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": several(_SOURCE)},
)
CARD = _block(
    "card",
    {},
    {
        "title": mrkdwn(150),
        "subtitle": mrkdwn(150),
        "body": mrkdwn(200),
        "icon": IMAGE_ELEMENT,
        "hero_image": IMAGE_ELEMENT,
        "actions": several(BUTTON),
    },
    needs_one("title", "body", "hero_image", "actions"),
)
IN_CONTAINER = (
    "actions",
    "context",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
)

BLOCKS: dict[str, Rule] = {
    "section": _block(
        "section",
        {},
        {
            "text": any_text(3000),
            "fields": several(any_text(2000), 1, 10),
            "accessory": IN_SECTION,
            "expand": flag,
        },
        needs_one("text", "fields"),
    ),
    "header": _block("header", {"text": plain(150)}),
    "divider": _block("divider", {}),
    "context": _block("context", {"elements": several(kinds(lambda: _IN_CONTEXT), 1, 10)}),
    "actions": _block("actions", {"elements": several(IN_ACTIONS, 1, 25)}),
    "context_actions": _block("context_actions", {"elements": several(IN_CONTEXT_ACTIONS, 1, 5)}),
    "input": _block(
        "input",
        {"label": plain(2000), "element": IN_INPUT},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "image": IMAGE_BLOCK,
    "rich_text": RICH_TEXT,
    "markdown": _block("markdown", {"text": words(12_000, 1)}),
    "alert": _block(
        "alert", {"text": any_text(3000)}, {"level": one_of("default", "info", "warning", "error", "success")}
    ),
    "table": _block(
        "table",
        {"rows": _ROWS},
        {
            "column_settings": several(
                shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag}), 0, 20
            )
        },
    ),
    "data_table": _block(
        "data_table",
        {"caption": words(None, 1), "rows": several(several(kinds(lambda: _CELL), 1, 20), 1)},
        {"page_size": number(1, 100), "row_header_column_index": number(0)},
    ),
    "task_card": TASK_CARD,
    "plan": _block(
        "plan", {"title": words(None, 1)}, {"tasks": several(kinds(lambda: {"task_card": TASK_CARD}), 0, 50)}
    ),
    "card": CARD,
    "carousel": _block("carousel", {"elements": several(kinds(lambda: {"card": CARD}), 1, 10)}),
    "container": _block(
        "container",
        {"child_blocks": several(kinds(lambda: {name: BLOCKS[name] for name in IN_CONTAINER}), 1, 10)},
        {
            "title": plain(150),
            "rich_text_title": RICH_TEXT,
            "subtitle": any_text(150),
            "icon": IMAGE_ELEMENT,
            "is_collapsible": flag,
            "default_collapsed": flag,
            "has_header_divider": flag,
            "width": one_of("narrow", "standard", "wide", "full"),
        },
        needs_one("title", "rich_text_title"),
    ),
    "file": _block("file", {"external_id": words(), "source": words()}),
    "video": _block(
        "video",
        {"title": plain(200), "alt_text": words(2000), "thumbnail_url": words(3000), "video_url": words(3000)},
        {
            "author_name": words(50),
            "description": plain(200),
            "provider_icon_url": words(3000),
            "provider_name": words(),
            "title_url": words(3000),
        },
    ),
    "data_visualization": anything,
}
ONLY_ON: dict[str, tuple[str, ...]] = {
    "alert": (MODAL,),
    "input": (MODAL, HOME),
    **dict.fromkeys(
        ("table", "data_table", "task_card", "plan", "card", "carousel", "context_actions", "file"), (MESSAGE,)
    ),
}
ANY_BLOCK = kinds(lambda: BLOCKS)
