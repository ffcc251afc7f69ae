"""The table of commands, filled by the modules that implement them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..cluster import Cluster
from ..node import Node
from .terminal import Terminal


class CommandFailed(Exception):
    """The command ends with its text, then the failure line."""


@dataclass
class Session:
    """What a command may use."""

    cluster: Cluster
    node: Node
    terminal: Terminal
    account: str
    level: int


Handler = Callable[[Session, str], Awaitable[None]]


@dataclass(frozen=True)
class Command:
    """A command: its words, the privilege it needs, and what it does with the rest of the line."""

    words: tuple[str, ...]
    level: int
    handler: Handler


COMMANDS: dict[tuple[str, ...], Command] = {}


def command(words: str, level: int = 0) -> Callable[[Handler], Handler]:
    """Register a handler for a command line that starts with these words."""

    def register(handler: Handler) -> Handler:
        key = tuple(words.split())
        COMMANDS[key] = Command(key, level, handler)
        return handler

    return register


def find(line: str) -> tuple[Command, str] | None:
    """The command with the longest matching words, and its arguments."""
    words = line.split()
    for length in range(len(words), 0, -1):
        found = COMMANDS.get(tuple(words[:length]))
        if found:
            # Inner spaces matter (service names), so the arguments are cut from the line itself.
            rest = line.strip()
            for word in found.words:
                rest = rest[rest.index(word) + len(word) :]
            return found, rest.strip()
    return None
