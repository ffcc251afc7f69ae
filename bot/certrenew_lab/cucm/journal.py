"""The append-only record of everything that was done to the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Listener = Callable[[dict[str, Any]], None]


class Journal:
    """Tests count its entries to prove that nothing was done twice."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.listeners: list[Listener] = []

    def record(self, node: str, act: str, **detail: Any) -> None:
        """Append one act and tell the listeners; `at` is real epoch seconds."""
        entry = {"at": time.time(), "node": node, "act": act, "detail": detail}
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def acts(self, act: str, node: str | None = None, **detail: Any) -> list[dict[str, Any]]:
        """The entries of one kind, optionally of one node and with the given details."""
        return [
            entry
            for entry in self.entries
            if entry["act"] == act
            and (node is None or entry["node"] == node)
            and all(entry["detail"].get(key) == value for key, value in detail.items())
        ]
