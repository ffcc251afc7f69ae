"""The record of what the app asked and what it was sent, for inspection."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from certrenew_lab.slack.problems import Json

REMEMBERED = 20_000


@dataclass
class Envelope:
    """One payload sent to the app; times are seconds of the epoch, None means not yet."""

    id: str
    kind: str
    summary: str
    user: str
    sent_at: float
    accepts_answer: bool
    retry_attempt: int = 0
    connection: str | None = None
    dropped: bool = False
    duplicate_of: str | None = None
    acked_at: float | None = None
    acked_over: str | None = None
    late: bool = False

    def describe(self) -> Json:
        """Render for /lab/envelopes."""
        return dict(vars(self))


@dataclass
class Journal:
    """The latest calls and envelopes, oldest first."""

    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    envelopes: deque[Envelope] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def call(self, *, at: float, method: str, outcome: str, seconds: float, arguments: Json) -> None:
        """Record a Web API call; `outcome` is "ok" or the error code."""
        shown = {name: value for name, value in arguments.items() if name != "token"}
        self.calls.append(
            {
                "time": at,
                "method": method,
                "ok": outcome == "ok",
                "error": None if outcome == "ok" else outcome,
                "seconds": round(seconds, 4),
                "arguments": shown,
            }
        )
