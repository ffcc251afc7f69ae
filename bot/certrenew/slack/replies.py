"""Answers one person, where only they see it; tries again while Slack is away."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from certrenew.slack.text import POST_LIMIT, escape, pages
from certrenew.slack.web import LIMITED, LOST, direct, retry_after

log = logging.getLogger(__name__)

TRIES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
REMEMBERED = 1000
MOST_PAGES = 8


class Replies:
    """By ephemeral message, else by the interaction's response_url, else by direct message."""

    def __init__(self, client: AsyncWebClient, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self._urls: OrderedDict[str, str] = OrderedDict()

    def remember(self, key: str, response_url: str) -> None:
        """Keep the way back of an interaction: a courtesy that a restart may forget."""
        if response_url:
            self._urls[key] = response_url
            while len(self._urls) > REMEMBERED:
                self._urls.popitem(last=False)

    async def tell(self, user: str, channel: str, text: str, *, key: str = "") -> bool:
        """Say it; False when no way worked. Plain text: several lines are shown in fixed width."""
        return all([await self._page(user, channel, page, key) for page in shown(text)])

    async def _page(self, user: str, channel: str, text: str, key: str) -> bool:
        for wait in (*TRIES, None):
            try:
                return await self._by_some_way(user, channel, text, key)
            except _Later as later:
                if wait is None:
                    break
                await self._sleep(later.seconds or wait)
        log.warning("an answer to %s was not delivered: Slack did not take it", user)
        return False

    async def _by_some_way(self, user: str, channel: str, text: str, key: str) -> bool:
        if channel and await self._try(self._client.chat_postEphemeral(channel=channel, user=user, text=text)):
            return True
        if key in self._urls and await self._respond(self._urls[key], text):
            return True
        return await self._in_person(user, text)

    async def _in_person(self, user: str, text: str) -> bool:
        opened = await self._try(self._client.conversations_open(users=user))
        if not opened:
            return False
        posted = self._client.chat_postMessage(channel=opened["channel"]["id"], text=text, unfurl_links=False)
        return bool(await self._try(posted))

    async def _try(self, call: Awaitable[Any]) -> Any:
        """The answer; None when Slack refuses. Raises _Later when it is worth another try."""
        try:
            return await call
        except SlackApiError as error:
            response: Any = error.response
            code = str(response.get("error", ""))
            if response.status_code == 429 or code in LIMITED:
                raise _Later(retry_after(response.headers)) from error
            if response.status_code >= 500 or code in LOST:
                raise _Later from error
            log.info("Slack does not take this answer: %s", code)
            return None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Later from error

    async def _respond(self, url: str, text: str) -> bool:
        webhook = AsyncWebhookClient(url, retry_handlers=[])
        if direct(url):
            webhook.proxy = None
        try:
            answer = await webhook.send(text=text, response_type="ephemeral", replace_original=False)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        return answer.status_code == 200


class _Later(Exception):
    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds


def shown(text: str) -> list[str]:
    """Plain text as Slack messages: escaped, in pages, and in fixed width when it has several lines."""
    lines = [escape(line).replace("```", "'''") for line in text.splitlines()]
    if len(lines) <= 1:
        return list(pages(lines))[:1]
    found = [f"```\n{page}\n```" for page in pages(lines, POST_LIMIT - 10)]
    if len(found) > MOST_PAGES:
        found = [*found[:MOST_PAGES], "There is more than Slack shows well; the command line shows it all."]
    return found
