"""Shapes of text, rich text, confirm dialogs, options and images."""

from __future__ import annotations

from certrenew_lab.slack.blocks.rules import (
    Rule,
    excludes,
    flag,
    kinds,
    needs_one,
    number,
    one_of,
    several,
    shape,
    words,
)


def plain(longest: int = 3000) -> Rule:
    """A plain_text object."""
    return shape({"type": one_of("plain_text"), "text": words(longest, 1)}, {"emoji": flag})


def mrkdwn(longest: int = 3000) -> Rule:
    """A mrkdwn object."""
    return shape({"type": one_of("mrkdwn"), "text": words(longest, 1)}, {"verbatim": flag})


def any_text(longest: int = 3000) -> Rule:
    """A plain_text or mrkdwn object."""
    rules = {"plain_text": plain(longest), "mrkdwn": mrkdwn(longest)}
    return kinds(lambda: rules)


STYLE = one_of("primary", "danger")
CONFIRM = shape(
    {"text": any_text(300)},
    {"title": plain(100), "confirm": plain(30), "deny": plain(30), "style": STYLE},
)
PLAIN_OPTION = shape({"text": plain(75), "value": words(75)}, {"description": plain(75)})
OVERFLOW_OPTION = shape({"text": plain(75), "value": words(75)}, {"description": plain(75), "url": words(3000)})
ANY_OPTION = shape({"text": any_text(75), "value": words(75)}, {"description": any_text(75)})
OPTION_GROUP = shape({"label": plain(75), "options": several(PLAIN_OPTION, 1, 100)})

SLACK_FILE = shape({}, {"id": words(), "url": words(3000)}, needs_one("id", "url"))
_IMAGE_REST = {"image_url": words(3000, 1), "slack_file": SLACK_FILE}
_IMAGE_EXTRAS = (needs_one("image_url", "slack_file"), excludes("image_url", "slack_file"))
IMAGE_ELEMENT = shape({"type": one_of("image"), "alt_text": words(2000)}, _IMAGE_REST, *_IMAGE_EXTRAS)
IMAGE_BLOCK = shape(
    {"type": one_of("image"), "alt_text": words(2000)},
    {**_IMAGE_REST, "title": plain(2000), "block_id": words(255)},
    *_IMAGE_EXTRAS,
)

_MARKS = shape({}, dict.fromkeys(("bold", "code", "italic", "strike", "underline"), flag))


def _inline(kind: str, needs: dict[str, Rule], may: dict[str, Rule] | None = None) -> Rule:
    return shape({"type": one_of(kind), **needs}, {"style": _MARKS, **(may or {})})


RICH_INLINE: dict[str, Rule] = {
    "text": _inline("text", {"text": words()}),
    "link": _inline("link", {"url": words(3000, 1)}, {"text": words(), "unsafe": flag}),
    "user": _inline("user", {"user_id": words()}),
    "usergroup": _inline("usergroup", {"usergroup_id": words()}),
    "channel": _inline("channel", {"channel_id": words()}),
    "team": _inline("team", {"team_id": words()}),
    "broadcast": _inline("broadcast", {"range": one_of("here", "channel", "everyone")}),
    "emoji": _inline("emoji", {"name": words()}, {"unicode": words(), "url": words()}),
    "color": _inline("color", {"value": words()}),
    "date": _inline("date", {"timestamp": number(), "format": words()}, {"fallback": words(), "url": words()}),
}
_INLINE = several(kinds(lambda: RICH_INLINE))
_PREFORMATTED = several(kinds(lambda: {name: RICH_INLINE[name] for name in ("text", "link")}))
RICH_SECTION = shape({"type": one_of("rich_text_section"), "elements": _INLINE})
RICH_PARTS: dict[str, Rule] = {
    "rich_text_section": RICH_SECTION,
    "rich_text_quote": shape({"type": one_of("rich_text_quote"), "elements": _INLINE}, {"border": one_of(0, 1)}),
    "rich_text_preformatted": shape(
        {"type": one_of("rich_text_preformatted"), "elements": _PREFORMATTED},
        {"border": one_of(0, 1), "language": words()},
    ),
    "rich_text_list": shape(
        {
            "type": one_of("rich_text_list"),
            "style": one_of("bullet", "ordered"),
            "elements": several(kinds(lambda: {"rich_text_section": RICH_SECTION}), 1),
        },
        {"border": one_of(0, 1), "indent": number(0, 8), "offset": number(0)},
    ),
}
RICH_TEXT = shape(
    {"type": one_of("rich_text"), "elements": several(kinds(lambda: RICH_PARTS), 1)}, {"block_id": words(255)}
)
