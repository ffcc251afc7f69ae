"""Shapes of the interactive elements, and which of them may stand where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from certrenew_lab.slack.blocks.rules import (
    Extra,
    Report,
    Rule,
    anything,
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
from certrenew_lab.slack.blocks.texts import (
    ANY_OPTION,
    CONFIRM,
    IMAGE_ELEMENT,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    PLAIN_OPTION,
    RICH_TEXT,
    STYLE,
    plain,
)

ACTION_ID = words(255, 1)
_ACTS: dict[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": flag}
_TYPED: dict[str, Rule] = {
    "action_id": ACTION_ID,
    "placeholder": plain(150),
    "focus_on_load": flag,
    "dispatch_action_config": shape(
        {}, {"trigger_actions_on": several(one_of("on_enter_pressed", "on_character_entered"))}
    ),
}


def _pattern(expression: str, meaning: str) -> Rule:
    compiled = re.compile(expression)

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            report.add(at, "invalid_value", f"must be {meaning}")

    return check


def _initial_among_options(value: Mapping[str, Any], at: str, report: Report) -> None:
    groups = value.get("option_groups") or [{"options": value.get("options") or []}]
    offered = [option for group in groups if isinstance(group, dict) for option in group.get("options") or []]
    chosen = value.get("initial_options") or ([value["initial_option"]] if value.get("initial_option") else [])
    if offered and any(option not in offered for option in chosen):
        report.add(at, "invalid_value", "the initial option must be one of the options")


def _element(kind: str, needs: Mapping[str, Rule], may: Mapping[str, Rule], *extras: Extra) -> Rule:
    return shape({"type": one_of(kind), **needs}, may, *extras)


def _select(kind: str, may: Mapping[str, Rule], *extras: Extra) -> dict[str, Rule]:
    """Build the single and the multiple form of a select; `may` speaks of one initial value under "initial"."""
    noun = kind.removesuffix("_select")
    rest = {name: rule for name, rule in may.items() if name != "initial"}
    first = "option" if kind in ("static_select", "external_select") else noun.removesuffix("s")
    common = {**_ACTS, "placeholder": plain(150), **rest}
    single = {**common, f"initial_{first}": may["initial"]}
    if kind in ("channels_select", "conversations_select"):
        single["response_url_enabled"] = flag
    multiple = {**common, f"initial_{first}s": several(may["initial"]), "max_selected_items": number(1)}
    return {
        kind: _element(kind, {}, single, *extras),
        f"multi_{kind}": _element(f"multi_{kind}", {}, multiple, *extras),
    }


_ONE_LIST = (needs_one("options", "option_groups"), excludes("options", "option_groups"), _initial_among_options)
_FILTER = shape({}, {"include": several(words()), "exclude_bot_users": flag, "exclude_external_shared_channels": flag})
SELECTS: dict[str, Rule] = {
    **_select(
        "static_select",
        {
            "initial": PLAIN_OPTION,
            "options": several(PLAIN_OPTION, 1, 100),
            "option_groups": several(OPTION_GROUP, 1, 100),
        },
        *_ONE_LIST,
    ),
    **_select("external_select", {"initial": PLAIN_OPTION, "min_query_length": number(0)}),
    **_select("users_select", {"initial": words()}),
    **_select("channels_select", {"initial": words()}),
    **_select("conversations_select", {"initial": words(), "default_to_current_conversation": flag, "filter": _FILTER}),
}
_CHOICES: dict[str, Rule] = {
    "checkboxes": _element(
        "checkboxes",
        {"options": several(ANY_OPTION, 1, 10)},
        {**_ACTS, "initial_options": several(ANY_OPTION, 1)},
        _initial_among_options,
    ),
    "radio_buttons": _element(
        "radio_buttons",
        {"options": several(ANY_OPTION, 1, 10)},
        {**_ACTS, "initial_option": ANY_OPTION},
        _initial_among_options,
    ),
}
_TIMES: dict[str, Rule] = {
    "datepicker": _element(
        "datepicker",
        {},
        {**_ACTS, "placeholder": plain(150), "initial_date": _pattern(r"\d{4}-\d\d-\d\d", "a date YYYY-MM-DD")},
    ),
    "timepicker": _element(
        "timepicker",
        {},
        {
            **_ACTS,
            "placeholder": plain(150),
            "initial_time": _pattern(r"\d\d:\d\d", "a time HH:mm"),
            "timezone": words(),
        },
    ),
    "datetimepicker": _element("datetimepicker", {}, {**_ACTS, "initial_date_time": number()}),
}
_BUTTON_MAY: dict[str, Rule] = {
    "action_id": ACTION_ID,
    "style": STYLE,
    "confirm": CONFIRM,
    "accessibility_label": words(75),
}
BUTTON = _element("button", {"text": plain(75)}, {**_BUTTON_MAY, "value": words(2000), "url": words(3000)})
_RICH_INPUT = _element(
    "rich_text_input",
    {},
    {**_TYPED, "initial_value": RICH_TEXT, "min_lines": number(1), "max_lines": number(1)},
)
_PRESSED: dict[str, Rule] = {
    "button": BUTTON,
    "overflow": _element(
        "overflow", {"options": several(OVERFLOW_OPTION, 1, 5)}, {"action_id": ACTION_ID, "confirm": CONFIRM}
    ),
    "workflow_button": _element("workflow_button", {"text": plain(75), "workflow": anything}, _BUTTON_MAY),
}
_TEXT_INPUTS: dict[str, Rule] = {
    "plain_text_input": _element(
        "plain_text_input",
        {},
        {
            **_TYPED,
            "initial_value": words(3000),
            "multiline": flag,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        },
    ),
    "email_text_input": _element("email_text_input", {}, {**_TYPED, "initial_value": words()}),
    "url_text_input": _element("url_text_input", {}, {**_TYPED, "initial_value": words()}),
    "number_input": _element(
        "number_input",
        {"is_decimal_allowed": flag},
        {**_TYPED, "initial_value": words(), "min_value": words(), "max_value": words()},
    ),
    "rich_text_input": _RICH_INPUT,
    "file_input": _element(
        "file_input", {}, {"action_id": ACTION_ID, "filetypes": several(words()), "max_files": number(1, 10)}
    ),
}
_FEEDBACK_BUTTON = shape({"text": plain(75), "value": words(2000)}, {"accessibility_label": words(75)})
_CONTEXT_ACTIONS: dict[str, Rule] = {
    "feedback_buttons": _element(
        "feedback_buttons",
        {"positive_button": _FEEDBACK_BUTTON, "negative_button": _FEEDBACK_BUTTON},
        {"action_id": ACTION_ID},
    ),
    "icon_button": _element(
        "icon_button",
        {"icon": words(), "text": plain(75)},
        {
            "action_id": ACTION_ID,
            "value": words(2000),
            "confirm": CONFIRM,
            "accessibility_label": words(75),
            "visible_to_user_ids": several(words()),
        },
    ),
}
IN_ACTIONS = kinds(lambda: {**_PRESSED, **SELECTS, **_CHOICES, **_TIMES, "rich_text_input": _RICH_INPUT})
IN_SECTION = kinds(lambda: {**_PRESSED, **SELECTS, **_CHOICES, **_TIMES, "image": IMAGE_ELEMENT})
IN_INPUT = kinds(lambda: {**_TEXT_INPUTS, **SELECTS, **_CHOICES, **_TIMES})
IN_CONTEXT_ACTIONS = kinds(lambda: _CONTEXT_ACTIONS)
