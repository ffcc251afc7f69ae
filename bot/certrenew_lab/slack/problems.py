"""The refusals of the workspace, with Slack's own error codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """A request Slack would refuse; `code` is Slack's error code, `details` join the answer."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details: Json = details

    def answer(self) -> Json:
        """Give the body of the answer."""
        return {"ok": False, "error": self.code, **self.details}


def invalid_arguments(*messages: str) -> Refused:
    """Build the refusal of bad arguments, one message for each."""
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}" for message in messages]})


def missing_scope(needed: Sequence[str], provided: Sequence[str]) -> Refused:
    """Build the refusal of a call outside the token's scopes."""
    return Refused("missing_scope", needed=",".join(needed), provided=",".join(provided))


class NotPossible(Exception):
    """An act the Slack client would not let this person do; nothing was sent to the app."""

    def __init__(self, error: str, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.error = error
        self.sentence = sentence
        self.details: Json = details
