"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class FixedClock:
    """Implements `Clock`; `advance` also serves as the runner's `pause`, so that nothing ever sleeps."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
