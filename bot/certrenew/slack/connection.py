"""Keeps one Socket Mode connection alive for ever: it notices a deaf one, and comes back after any outage."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from certrenew.slack.settings import SlackSettings
from certrenew.slack.web import direct

log = logging.getLogger(__name__)

PING = 5.0
CONNECTING = 15.0  # seconds until an attempt to connect is given up
APART = 20.0  # seconds without a connection that the SDK gets to reconnect by itself
CLOSING = 3.0
BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class Health:
    """`heard` is how many seconds ago Slack last answered a ping; None before the first."""

    connected: bool
    heard: float | None
    connections: int
    problem: str = ""


class Connection:
    """`run` never ends by itself; cancel it."""

    def __init__(self, app: AsyncApp, settings: SlackSettings, now: Callable[[], float] = time.time) -> None:
        self._app = app
        self._settings = settings
        self._now = now
        self._client: SocketModeClient | None = None
        self._connections = 0
        self._heard_at = now()
        self._problem = "not connected yet"

    async def run(self) -> None:
        failures = 0
        while True:
            handler = self._handler()
            try:
                await asyncio.wait_for(self._connect(handler), CONNECTING)
                self._connections += 1
                self._problem, failures = "", 0
                log.info("connected to Slack")
                self._problem = await self._watch(handler.client)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # Slack is away, or says no: neither may end this loop
                self._problem = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                failures += 1
            finally:
                self._client = None
                await self._close(handler)
            wait = BACKOFF[min(failures, len(BACKOFF) - 1)]
            log.warning("no connection to Slack (%s); trying again in %.1f s", self._problem, wait)
            await asyncio.sleep(wait)

    def health(self) -> Health:
        client = self._client
        session = client.current_session if client else None
        return Health(
            connected=session is not None and not session.closed,
            heard=self._silence(client) if client else None,
            connections=self._connections,
            problem=self._problem,
        )

    def _handler(self) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(self._app, self._settings.app_token(), ping_interval=PING)
        if direct(self._settings.base_url):
            handler.client.proxy = None
        return handler

    async def _connect(self, handler: AsyncSocketModeHandler) -> None:
        """With a fresh address each time: its ticket is good for one use, and the SDK would keep a used one."""
        client = handler.client
        client.wss_uri = await client.issue_new_wss_url()
        await handler.connect_async()  # type: ignore[no-untyped-call]
        client.last_ping_pong_time = self._now()
        self._client = client

    async def _watch(self, client: SocketModeClient) -> str:
        """Returns why the connection is to be replaced. The SDK's own word is not enough: it can be deaf."""
        apart_since: float | None = None
        while True:
            await asyncio.sleep(1.0)
            now = self._now()
            if self._silence(client) > self._settings.deaf_after:
                return f"deaf for {self._silence(client):.0f} s"
            session = client.current_session
            if session is not None and not session.closed:
                apart_since = None
                continue
            apart_since = apart_since or now
            if now - apart_since > APART:
                return "disconnected"

    def _silence(self, client: SocketModeClient) -> float:
        """Seconds since an answered ping; while the SDK starts afresh, since it began to."""
        if client.last_ping_pong_time is not None:
            self._heard_at = client.last_ping_pong_time
        return self._now() - self._heard_at

    @staticmethod
    async def _close(handler: AsyncSocketModeHandler) -> None:
        try:
            await asyncio.wait_for(handler.close_async(), CLOSING)  # type: ignore[no-untyped-call]
        except Exception as error:
            log.debug("the old connection did not close in order: %s", error)
        await handler.client.aiohttp_client_session.close()
