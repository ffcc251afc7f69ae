"""Response URLs: each answers one interaction, five times, for thirty minutes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.timing import Clock, Timing


@dataclass
class ResponseUrl:
    """Whom and where a response URL answers; `original` is what it may replace."""

    user: str
    channel: str
    original: Message | None
    expires_at: float
    uses_left: int


class ResponseUrls:
    """The response URLs given out, by path."""

    def __init__(self, clock: Clock, timing: Timing) -> None:
        self._clock = clock
        self._timing = timing
        self._given: dict[str, ResponseUrl] = {}

    def give(self, kind: str, user: str, channel: str, original: Message | None) -> str:
        """Give out a new path."""
        path = f"{kind}/{secrets.token_hex(6).upper()}/{secrets.token_urlsafe(18)}"
        expires_at = self._clock() + self._timing.response_url
        self._given[path] = ResponseUrl(user, channel, original, expires_at, self._timing.response_url_uses)
        return path

    def use(self, path: str) -> ResponseUrl | None:
        """Count one use; None when the URL is unknown, too old or used up."""
        url = self._given.get(path)
        if url is None or url.uses_left <= 0 or self._clock() > url.expires_at:
            return None
        url.uses_left -= 1
        return url
