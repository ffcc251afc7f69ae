"""What the adapter remembers of its own messages, so that a restart neither loses nor repeats one."""

from dataclasses import dataclass
from typing import Protocol

SENDING = "sending"  # it may or may not have arrived: look before posting again
SENT = "sent"
UNSENT = "unsent"  # it certainly did not arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message, or one series of messages, under a key of our own.

    While it is being sent, `digest` marks this very attempt (the key and the mark travel with the message);
    afterwards it is what was drawn, or how far the series has come.
    """

    key: str
    renewal: str
    channel: str = ""
    ts: str = ""
    state: str = SENDING
    digest: str = ""


class Messages(Protocol):
    """Kept in the database; each call is a transaction of its own. Errors: Unreachable. Any thread may call."""

    def get(self, key: str) -> Row | None: ...

    def put(self, row: Row) -> None:
        """Insert or replace by key."""
        ...
