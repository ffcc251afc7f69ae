"""A poster with a clock that sleeping moves."""

from typing import Any

from certrenew.domain.events import What
from certrenew.slack.poster import Poster
from certrenew.slack.settings import SlackSettings

from .fakes import ANA, NOW, POLICY, Clock, Memory, Store, event, make_renewal


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.at = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def make_poster(settings: SlackSettings, store: Store, memory: Memory, clock: Time) -> Poster:
    return Poster(
        settings=settings,
        units=store,  # type: ignore[arg-type]
        messages=memory,
        policy=lambda _: POLICY,
        clock=Clock(NOW),
        approvers=lambda _: "<!subteam^S0CHANGE01>",
        monotonic=clock,
        sleep=clock.sleep,
    )


def planned(store: Store, **more: Any) -> Any:
    renewal = make_renewal(**more)
    store.add(renewal)
    return renewal, [event(1, What.PLANNED, renewal, ANA)]
