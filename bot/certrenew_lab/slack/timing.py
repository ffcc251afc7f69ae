"""How long Slack waits, retries and remembers, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Slack's published times; a test may shorten them, a demo never should."""

    ack: float = 3.0
    trigger: float = 3.0
    response_url: float = 1800.0
    response_url_uses: int = 5
    event_retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    handover: float = 1.0
    posts_per_second: float = 1.0
    post_burst: int = 5
