"""A lab workspace for each test, and the settings that reach it."""

from collections.abc import Iterator

import pytest

from certrenew.slack.poster import Poster
from certrenew.slack.settings import SlackSettings

from .fakes import CHANNEL, Lab, Memory, Store
from .posting import Time, make_poster


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab().running() as found:
        yield found


@pytest.fixture
def settings(lab: Lab) -> SlackSettings:
    return settings_for(lab)


def settings_for(lab: Lab, **more: object) -> SlackSettings:
    told = lab.slack.description()
    return SlackSettings(
        **{
            "bot_token": lambda: told["bot_token"],
            "app_token": lambda: told["app_token"],
            "channel": CHANNEL,
            "base_url": told["base_url"],
            "redraw_interval": 0.0,
            "post_interval": 0.0,
            "edit_interval": 0.0,
            "timeout": 3.0,
        }
        | more
    )


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def poster(settings: SlackSettings, store: Store, memory: Memory, clock: Time) -> Iterator[Poster]:
    found = make_poster(settings, store, memory, clock)
    yield found
    found.close()
