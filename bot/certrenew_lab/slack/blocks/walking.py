"""Walking through accepted blocks: their ids and their interactive elements."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable
from typing import Any

from certrenew_lab.slack.problems import Json


def with_block_ids(blocks: list[Json]) -> list[Json]:
    """Copy blocks, giving an id to every block and interactive element that lacks one, as Slack does."""
    named = copy.deepcopy(blocks)
    for block in named:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in interactive_elements(block):
            element.setdefault("action_id", secrets.token_urlsafe(4))
        if block["type"] == "container":
            block["child_blocks"] = with_block_ids(block["child_blocks"])
    return named


def interactive_elements(block: Json) -> list[Json]:
    """List the elements of one block that a person can use."""
    inner: list[Any] = [block.get("accessory"), block.get("element")]
    if block["type"] in ("actions", "context_actions"):
        inner += block.get("elements", [])
    if block["type"] == "card":
        inner += block.get("actions", [])
    return [element for element in inner if isinstance(element, dict) and element.get("type") != "image"]


def find_element(blocks: list[Json], wanted: Callable[[Json, Json], bool]) -> tuple[Json, Json] | None:
    """Find the first block and element for which `wanted(block, element)` holds, inside containers too."""
    for block in blocks:
        for element in interactive_elements(block):
            if wanted(block, element):
                return block, element
        found = (
            find_element([*block.get("child_blocks", []), *block.get("elements", [])], wanted)
            if block["type"] in ("container", "carousel")
            else None
        )
        if found:
            return found
    return None
