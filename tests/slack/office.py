"""Stand-ins for what the listeners hand their work to."""

from collections.abc import Callable
from typing import Any

from certrenew.domain.approval import Person


class Kept:
    """Stands for the inbox: keeps commands under their keys, as slowly as it is told to."""

    def __init__(self) -> None:
        self.commands: dict[str, Any] = {}
        self.work: Callable[[], None] = lambda: None
        self.reply: Any = None

    def receive(self, command: Any, person: Person, *, key: str, origin: str = "") -> bool:
        self.work()
        return self.commands.setdefault(key, (command, person, origin))[0] is command

    def replies_go_to(self, reply: Any) -> None:
        self.reply = reply


class Asked:
    """Stands for the questions; `work` is done before each answer."""

    def __init__(self) -> None:
        self.work: Callable[[], None] = lambda: None

    def answer(self, question: Any, person: Person) -> str:
        self.work()
        return f"answer to {type(question).__name__} for {person.name} <&>"
