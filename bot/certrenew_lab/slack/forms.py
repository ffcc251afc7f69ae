"""Input elements: their values as Slack's state reports them, and what a client refuses to submit."""

from __future__ import annotations

from typing import Any

from certrenew_lab.slack.problems import Json

PLEASE = "Please complete this required field."
_VALUE_FIELD = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
}
STATELESS = ("button", "overflow", "workflow_button", "icon_button", "feedback_buttons", "image")


def state_of(element: Json, value: Any) -> Json:
    """Build the state entry of an element; an option may be given by its value, a list of them likewise."""
    field = _VALUE_FIELD.get(element["type"], "value")
    if isinstance(value, dict) and field in value:
        value = value[field]
    if field == "selected_option" and isinstance(value, str):
        value = _option(element, value)
    elif field == "selected_options":
        value = [_option(element, each) if isinstance(each, str) else each for each in value or []]
    elif field.endswith("s") and field != "files":
        value = list(value or [])
    return {"type": element["type"], field: value if value != "" else None}


def initial_state(element: Json) -> Json:
    """Build the state entry of an element nobody has touched."""
    kind = element["type"]
    suffix = _VALUE_FIELD.get(kind, "value").removeprefix("selected_")
    return state_of(element, element.get(f"initial_{suffix}"))


def initial_values(blocks: list[Json]) -> dict[str, dict[str, Json]]:
    """Build the state of a whole message or view nobody has touched."""
    values: dict[str, dict[str, Json]] = {}
    for block in blocks:
        candidates = [block.get("element"), block.get("accessory")]
        candidates += block.get("elements", []) if block["type"] == "actions" else []
        for element in candidates:
            if isinstance(element, dict) and element.get("type") not in STATELESS:
                values.setdefault(block["block_id"], {})[element["action_id"]] = initial_state(element)
        values |= initial_values(block.get("child_blocks", []))
    return values


def merged(blocks: list[Json], *layers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Json]]:
    """Lay entered values over the initial ones; values for elements that are not there are left out."""
    elements = {
        (block["block_id"], element["action_id"]): element
        for block in blocks
        for element in [block.get("element"), block.get("accessory"), *block.get("elements", [])]
        if isinstance(element, dict) and "action_id" in element
    }
    values = initial_values(blocks)
    for layer in layers:
        for block_id, actions in layer.items():
            for action_id, value in actions.items():
                if (block_id, action_id) in elements and action_id in values.get(block_id, {}):
                    values[block_id][action_id] = state_of(elements[block_id, action_id], value)
    return values


def refusals(blocks: list[Json], values: dict[str, dict[str, Json]]) -> dict[str, str]:
    """Return what the client would complain about before it submits, by block id."""
    complaints: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        field = _VALUE_FIELD.get(element["type"], "value")
        value = values.get(block["block_id"], {}).get(element["action_id"], {}).get(field)
        if not value and not block.get("optional"):
            complaints[block["block_id"]] = PLEASE
        elif isinstance(value, str) and field == "value":
            complaint = _length_complaint(element, value)
            if complaint:
                complaints[block["block_id"]] = complaint
    return complaints


def _length_complaint(element: Json, value: str) -> str:
    if value and len(value) < element.get("min_length", 0):
        return f"Please write at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please write at most {element.get('max_length', 3000)} characters."
    return ""


def _option(element: Json, value: str) -> Json | None:
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    return next((option for group in groups for option in group["options"] if option.get("value") == value), None)
