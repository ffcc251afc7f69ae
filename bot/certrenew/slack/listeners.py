"""What arrives from Slack: checked, kept in one row, acknowledged; the work is done elsewhere."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from certrenew.app.campaign import ALL
from certrenew.app.commands import Certificates, Change, Expiring, Help, ListRenewals, Question, Renew, Status
from certrenew.app.grammar import Grammar
from certrenew.app.inbox import Inbox
from certrenew.domain.approval import Person
from certrenew.domain.errors import CertrenewError, CommandRefused, NotAllowed
from certrenew.slack import modals
from certrenew.slack.buttons import ACTIONS, Click, Do, read
from certrenew.slack.people import person, user_of
from certrenew.slack.replies import Replies, shown
from certrenew.slack.settings import SlackSettings
from certrenew.slack.text import escape, unescape

log = logging.getLogger(__name__)

KEEPING = 2.0  # seconds for the row to be written; Slack gives three for the whole answer


class Questions(Protocol):
    """Answers what changes nothing. May take a while: it is called in a thread, after the acknowledgement."""

    def answer(self, question: Question, person: Person) -> str:
        """Plain text for one person; several lines are shown in fixed width. Raises CertrenewError."""
        ...


class Listeners:
    """One command, one router for all buttons, one for the dialog, and an error handler that always answers."""

    def __init__(
        self,
        *,
        settings: SlackSettings,
        inbox: Inbox,
        grammar: Grammar,
        questions: Questions,
        replies: Replies,
        client: AsyncWebClient,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._grammar = grammar
        self._questions = questions
        self._replies = replies
        self._client = client
        self._keepers = ThreadPoolExecutor(4, thread_name_prefix="slack-inbox")
        self._askers = ThreadPoolExecutor(4, thread_name_prefix="slack-question")
        self._tasks: set[asyncio.Task[Any]] = set()

    def register(self, app: AsyncApp) -> None:
        app.command(self._settings.command)(self.command)
        app.action(ACTIONS)(self.click)
        app.view(re.compile(f"^{re.escape(modals.CALLBACK)}$"))(self.submission)
        app.error(self.failed)

    def close(self) -> None:
        for pool in (self._keepers, self._askers):
            pool.shutdown(wait=False, cancel_futures=True)

    # ---- the slash command ------------------------------------------------------------------------------------

    async def command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        try:
            who = self._welcome(person(body))
            command = self._grammar.parse(unescape(str(body.get("text") or "")))
        except CommandRefused as refusal:
            await ack(escape(str(refusal)))
            return
        key, channel = _key("slash", body["trigger_id"]), str(body.get("channel_id") or "")
        self._replies.remember(key, str(body.get("response_url") or ""))
        if isinstance(command, Help):
            await ack("\n".join(shown(self._grammar.help_text(self._settings.command))))
        elif isinstance(command, Status | ListRenewals | Certificates | Expiring):
            await ack(_asking(command))
            self._spawn(self._answer(command, who, channel, key))
        else:
            await ack(await self._keep(command, who, key, channel) or _planning(command))

    async def _answer(self, question: Question, who: Person, channel: str, key: str) -> None:
        try:
            ask = self._questions.answer
            text = await asyncio.get_running_loop().run_in_executor(self._askers, ask, question, who)
        except CertrenewError as error:
            text = str(error)
        except Exception:
            text = self._incident("a question could not be answered")
        await self._replies.tell(user_of(who), channel, text, key=key)

    # ---- buttons and the dialog -------------------------------------------------------------------------------

    async def click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        container = body.get("container") or {}
        channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
        action = body["actions"][0]
        try:
            who = self._welcome(person(body))
            click = read(str(action["action_id"]), str(action.get("value") or ""))
            command = self._command(click)
        except CommandRefused as refusal:
            await ack()
            await self._replies.tell(body["user"]["id"], channel, str(refusal))
            return
        if click.ask:
            await ack()
            await self._open(click, str(body["trigger_id"]), channel, who)
            return
        shown_at = str(container.get("message_ts") or "")
        about = click.renewal or f"{click.purpose} {click.cluster}"
        key = _key("click", about, click.do, who.id, action.get("action_ts", ""), channel, shown_at)
        self._replies.remember(key, str(body.get("response_url") or ""))
        problem = await self._keep(command, who, key, channel)
        await ack()
        if told := problem or _planning(command):
            await self._replies.tell(user_of(who), channel, told, key=key)

    def _command(self, click: Click) -> Change:
        """A renewal that a button asks for is checked like one that is typed: the configuration may have changed."""
        if click.do is not Do.RENEW:
            return click.command()
        purpose, cluster = self._grammar.purpose(click.purpose), self._grammar.cluster(click.cluster)
        return replace(click, purpose=purpose, cluster=cluster).command()

    async def _open(self, click: Click, trigger: str, channel: str, who: Person) -> None:
        """At once: the trigger lives for three seconds, so nothing is read before."""
        try:
            await self._client.views_open(trigger_id=trigger, view=modals.reason_dialog(click, channel))
        except SlackApiError as error:
            log.warning("Slack did not open a dialog: %s", error.response.get("error"))
            text = (
                "Slack did not open the dialog; nothing has changed. Click again, or write:"
                f" {self._settings.command} {click.do} {click.renewal[:8]} <reason>"
            )
            await self._replies.tell(user_of(who), channel, text)

    async def submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        view = body["view"]
        try:
            who = self._welcome(person(body))
            command, channel, _ = modals.submitted(view)
        except CommandRefused as refusal:
            await ack(response_action="errors", errors={"reason": str(refusal)})
            return
        key = _key("view", view["id"], view.get("hash", ""))
        problem = await self._keep(command, who, key, channel)
        if problem:
            await ack(response_action="errors", errors={"reason": problem})
        else:
            await ack()

    # ---- common to all ------------------------------------------------------------------------------------------

    async def failed(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Always acknowledge: without it the person sees only that Slack gave up."""
        if isinstance(error, BoltUnhandledRequestError):
            log.info("Slack sent something that certrenew has no use for: %s", body.get("type") or body.get("command"))
            return BoltResponse(status=200)
        text = self._incident("a request from Slack could not be read", error)
        if "command" in body:
            return BoltResponse(status=200, body=text)
        user, channel = (body.get("user") or {}).get("id"), (body.get("channel") or {}).get("id", "")
        if user:
            self._spawn(self._replies.tell(str(user), str(channel), text))
        return BoltResponse(status=200)

    async def _keep(self, command: Change, who: Person, key: str, channel: str) -> str:
        """Write the row. Empty when it is kept or still being written; else what to tell the person."""
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(
            self._keepers, lambda: self._inbox.receive(command, who, key=key, origin=channel)
        )
        try:
            await asyncio.wait_for(asyncio.shield(writing), KEEPING)
        except TimeoutError:
            self._spawn(self._follow(writing, who, channel, key))
        except CertrenewError as error:
            return f"{error} Your request was not kept; nothing has changed. Try again in a minute."
        except Exception:
            return self._incident("a request could not be kept") + " Nothing has changed."
        return ""

    async def _follow(self, writing: "asyncio.Future[bool]", who: Person, channel: str, key: str) -> None:
        """The database was slow: the answer was sent without it, so a failure is told afterwards."""
        try:
            await writing
        except CertrenewError as error:
            text = f"{error} Your request was not kept; nothing has changed. Try again in a minute."
            await self._replies.tell(user_of(who), channel, text, key=key)
        except Exception:
            text = self._incident("a request could not be kept") + " Nothing has changed; try again."
            await self._replies.tell(user_of(who), channel, text, key=key)

    def _welcome(self, who: Person) -> Person:
        team = self._settings.team_id
        if team and not who.id.startswith(f"slack:{team}/"):
            raise NotAllowed("certrenew takes requests from its own workspace only; nothing has changed.")
        return who

    def _incident(self, what: str, error: Exception | None = None) -> str:
        incident = uuid4().hex[:8]
        log.error("%s; incident %s", what, incident, exc_info=error or True)
        return f"Something went wrong inside certrenew (incident {incident}). The log has the details."

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _key(kind: str, *parts: object) -> str:
    """The same for a repeated delivery, different for everything else; short enough for any column."""
    return f"slack-{kind}-{hashlib.sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:40]}"


def _asking(question: Question) -> str:
    if isinstance(question, Certificates):
        return escape(f"Asking every node of {question.cluster} for its certificates; this takes a moment.")
    return ""


def _planning(command: Change) -> str:
    if not isinstance(command, Renew):
        return ""
    what = "everything that is due" if command.purpose == ALL else f"the renewal of {command.purpose}"
    return escape(
        f"Reading {command.cluster} to plan {what}; this takes a moment. Nothing changes before the plan is approved."
    )
