"""Slack's rate limits: one allowance per method, one per channel for posts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from certrenew_lab.slack.timing import Clock

CALLS_PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}


@dataclass
class Allowance:
    """A bucket of `size` tokens that refills at `rate` tokens a second."""

    rate: float
    size: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> int:
        """Take a token; 0 when granted, otherwise the whole seconds until one is there."""
        self.tokens = min(self.size, self.tokens + max(0.0, now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0
        return max(1, math.ceil((1 - self.tokens) / self.rate))


class RateLimits:
    """The allowances in force; switch `enabled` off to have none."""

    def __init__(self, clock: Clock, posts_per_second: float, post_burst: int) -> None:
        self.enabled = True
        self._clock = clock
        self._posts_per_second = posts_per_second
        self._post_burst = post_burst
        self._allowances: dict[str, Allowance] = {}

    def call(self, method: str, tier: int | None) -> int:
        """Count a call of a tier; returns the seconds to wait, 0 when it may pass."""
        if tier is None:
            return 0
        per_minute = CALLS_PER_MINUTE[tier]
        return self._take(method, per_minute / 60, per_minute)

    def post(self, channel: str) -> int:
        """Count a message posted to a channel; returns the seconds to wait, 0 when it may pass."""
        return self._take(f"post to {channel}", self._posts_per_second, self._post_burst)

    def _take(self, name: str, rate: float, size: float) -> int:
        if not self.enabled:
            return 0
        now = self._clock()
        allowance = self._allowances.setdefault(name, Allowance(rate, size, size, now))
        return allowance.take(now)
