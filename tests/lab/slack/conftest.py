"""A running workspace, a real slack_bolt app in it, and a person who acts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from certrenew_lab.slack import LabSlack, Timing, Workspace

EVENTS = ("app_home_opened", "app_mention", "message.channels", "message.im")


class Clock:
    """The time of day, which a test may move."""

    def __init__(self) -> None:
        import time

        self._time = time.time
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._time() + self.ahead


class Person:
    """Acts through the control API, as the page does."""

    def __init__(self, slack: LabSlack, session: aiohttp.ClientSession) -> None:
        self._control = slack.description()["control_url"]
        self._session = session

    async def does(self, act: str, **body: Any) -> dict[str, Any]:
        async with self._session.post(self._control + act, json=body) as answer:
            return await answer.json()

    async def looks(self, at: str, **query: str) -> Any:
        async with self._session.get(self._control + at, params=query) as answer:
            return await answer.json()

    async def runs(
        self, user: str, text: str = "/certrenew status", channel: str = "uc-certificates"
    ) -> dict[str, Any]:
        return await self.does("command", user=user, channel=channel, text=text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timing() -> Timing:
    return Timing()


@pytest.fixture
def workspace() -> Workspace:
    return replace(Workspace(), events=EVENTS)


@pytest.fixture
async def slack(workspace: Workspace, timing: Timing, clock: Clock) -> AsyncIterator[LabSlack]:
    server = LabSlack(workspace, timing, clock)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def person(slack: LabSlack, session: aiohttp.ClientSession) -> Person:
    return Person(slack, session)


@pytest.fixture
async def client(slack: LabSlack) -> AsyncWebClient:
    described = slack.description()
    return AsyncWebClient(token=described["bot_token"], base_url=described["base_url"])


@pytest.fixture
def channel(slack: LabSlack) -> str:
    return slack.description()["channels"]["uc-certificates"]


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client)


Connect = Callable[..., Awaitable[AsyncSocketModeHandler]]


@pytest.fixture
async def connect(slack: LabSlack, app: AsyncApp) -> AsyncIterator[Connect]:
    """Connect an app (the fixture's by default) over Socket Mode; returns once the server knows the socket."""
    handlers: list[AsyncSocketModeHandler] = []

    async def connect(which: AsyncApp = app, ping_interval: float = 5) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(which, slack.description()["app_token"], ping_interval=ping_interval)
        handlers.append(handler)
        await handler.connect_async()
        wanted = len(handlers)
        await slack.feed.wait_for(lambda change: change["kind"] == "connections" and change["count"] >= wanted)
        return handler

    yield connect
    for handler in handlers:
        await handler.close_async()
