"""What the engine is told after each call of the runner."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Go:
    """There is more to do at once."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds, unless a message comes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """The renewal is over."""


Move = Go | Wait | End
