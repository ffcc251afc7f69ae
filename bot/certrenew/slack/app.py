"""The bot in Slack: a thread of its own with the socket, the listeners and the answers to single people."""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from certrenew.app.decisions import Answer
from certrenew.app.grammar import Grammar
from certrenew.app.inbox import Inbox
from certrenew.app.unit import Request
from certrenew.domain.approval import Person
from certrenew.domain.errors import CertrenewError, Unreachable
from certrenew.slack.connection import BACKOFF, Connection, Health
from certrenew.slack.listeners import Listeners, Questions
from certrenew.slack.people import ApproverGroups, user_of
from certrenew.slack.replies import Replies
from certrenew.slack.settings import SlackSettings
from certrenew.slack.web import direct

log = logging.getLogger(__name__)

SOON = 15.0  # seconds until approver groups that could not be read are tried again


class SlackBot:
    """Starts even while Slack is away, and connects when it is back."""

    def __init__(
        self,
        *,
        settings: SlackSettings,
        inbox: Inbox,
        grammar: Grammar,
        questions: Questions,
        groups: ApproverGroups | None = None,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._grammar = grammar
        self._questions = questions
        self._groups = groups
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._replies: Replies | None = None
        self._connection: Connection | None = None
        self._identity: AuthorizeResult | None = None

    def start(self) -> None:
        """Returns at once; answers of the inbox go to Slack from here on."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="slack", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        self._inbox.replies_go_to(self.reply)

    def stop(self, timeout: float = 10.0) -> None:
        loop, main = self._loop, self._main
        if loop and main and not loop.is_closed():
            loop.call_soon_threadsafe(main.cancel)
        if self._thread:
            self._thread.join(timeout)

    def reply(self, request: Request, person: Person, result: Answer | CertrenewError) -> None:
        """Tell the person how their request went. Returns at once; delivery goes on by itself."""
        user = user_of(person)
        if not user or self._replies is None:
            return
        text = result.text if isinstance(result, Answer) else str(result)
        self._hand_over(self._replies.tell(user, request.origin, text, key=request.key))

    def health(self) -> Health:
        if self._connection is None:
            return Health(connected=False, heard=None, connections=0, problem="not started")
        return self._connection.health()

    # ---- inside the thread ------------------------------------------------------------------------------------

    async def _run(self) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        client = self._client(self._settings.bot_token())
        self._replies = Replies(client)
        listeners = Listeners(
            settings=self._settings,
            inbox=self._inbox,
            grammar=self._grammar,
            questions=self._questions,
            replies=self._replies,
            client=client,
        )

        async def authorize() -> AuthorizeResult:
            if self._identity is None:
                raise Unreachable("Slack has not said yet who the bot is.")
            return self._identity

        app = AsyncApp(client=self._client(), authorize=authorize, raise_error_for_unhandled_request=True)
        listeners.register(app)
        self._connection = Connection(app, self._settings)
        self._ready.set()
        refreshing = asyncio.create_task(self._refresh_groups())
        try:
            await self._introduce(client)
            await self._connection.run()
        except asyncio.CancelledError:
            log.info("leaving Slack")
        finally:
            refreshing.cancel()
            listeners.close()

    async def _introduce(self, client: AsyncWebClient) -> None:
        """Ask once who the bot is, before anything can arrive; each listener would ask again otherwise."""
        failures = 0
        while self._identity is None:
            try:
                answer = await client.auth_test()
                self._identity = AuthorizeResult.from_auth_test_response(
                    bot_token=self._settings.bot_token(), auth_test_response=answer
                )
            except asyncio.CancelledError:
                raise
            except Exception as error:  # away or refusing: the bot starts all the same
                wait = BACKOFF[min(failures, len(BACKOFF) - 1)]
                failures += 1
                log.warning("Slack does not know the bot yet (%s); trying again in %.0f s", error, wait)
                await asyncio.sleep(wait)

    def _client(self, token: str | None = None) -> AsyncWebClient:
        settings = self._settings
        client = AsyncWebClient(
            token=token, base_url=settings.base_url, timeout=int(settings.timeout), retry_handlers=[]
        )
        if direct(settings.base_url):
            client.proxy = None
        return client

    async def _refresh_groups(self) -> None:
        while self._groups is not None:
            whole = await asyncio.to_thread(self._groups.refresh)
            await asyncio.sleep(self._settings.groups_interval if whole else min(SOON, self._settings.groups_interval))

    def _hand_over(self, work: Coroutine[Any, Any, Any]) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            work.close()
            return
        asyncio.run_coroutine_threadsafe(work, loop)
