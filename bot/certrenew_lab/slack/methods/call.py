"""One Web API call: its arguments, however they travelled, and what a method declares about itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.problems import Json, Refused, invalid_arguments, missing_scope

CONVERSATION_KINDS = ("channels", "groups", "mpim", "im")


@dataclass(frozen=True)
class Call:
    """A call with its merged arguments; `http_method` is the verb it came with."""

    lab: Lab
    method: str
    http_method: str
    arguments: Json

    def text(self, name: str) -> str:
        """Return a string argument, empty when absent."""
        value = self.arguments.get(name)
        if value is None:
            return ""
        if isinstance(value, dict | list):
            raise invalid_arguments(f"must provide a string [json-pointer:/{name}]")
        return str(value)

    def required(self, name: str) -> str:
        """Return a string argument; raises Refused when it is absent or empty."""
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def has(self, name: str) -> bool:
        """Whether the argument was sent, with any value but null."""
        return self.arguments.get(name) is not None

    def flag(self, name: str) -> bool:
        """Return a boolean argument."""
        return str(self.arguments.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int, error: str = "invalid_limit") -> int:
        """Return a whole number of at least 1, cut at `most`; raises Refused with `error`."""
        value = self.text(name)
        if not value:
            return default
        if not value.isdigit() or int(value) < 1:
            raise Refused(error)
        return min(int(value), most)

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return an object or list argument, decoded when it came as a JSON string; raises Refused with `error`."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None

    def need_scope_for(self, place: Conversation, half: str) -> None:
        """Refuse when the token lacks the scope for that kind of conversation."""
        scope = f"{place.scope_prefix}:{half}"
        if scope not in self.lab.workspace.scopes:
            raise missing_scope([scope], self.lab.workspace.scopes)

    def page(self, items: list[Any], limit: int) -> tuple[list[Any], Json]:
        """Cut a page out of a list; returns it with response_metadata. Raises Refused for a bad cursor."""
        cursor = self.text("cursor")
        if cursor and not (cursor.startswith("at:") and cursor[3:].isdigit()):
            raise Refused("invalid_cursor")
        start = int(cursor[3:]) if cursor else 0
        end = start + limit
        return items[start:end], {"next_cursor": f"at:{end}" if end < len(items) else ""}


@dataclass(frozen=True)
class Method:
    """A method: what it does, its tier (None is "special"), the scopes of which one suffices."""

    run: Callable[[Call], Json]
    tier: int | None
    scopes: tuple[str, ...] = ()
    token: str = "bot"
