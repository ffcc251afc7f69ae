"""Posts a message once: it is written down before it is sent, and looked for after a lost answer."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from certrenew.domain.errors import AnswerLost, Unreachable
from certrenew.slack.messages import SENDING, SENT, UNSENT, Messages, Row
from certrenew.slack.web import SlackRefused, Web

log = logging.getLogger(__name__)

EVENT_TYPE = "certrenew_message"
PAGES = 20
SKEW = timedelta(minutes=10)


class Outbox:
    """Slack has no idempotency key, so every message carries our key and mark in its metadata."""

    def __init__(self, web: Web, messages: Messages) -> None:
        self._web = web
        self._messages = messages

    def settled(self, key: str, *, thread: str, since: datetime) -> Row | None:
        """The row under `key`, never in state "sending": a message whose fate is unknown is looked for first."""
        row = self._messages.get(key)
        if row is None or row.state != SENDING:
            return row
        ts = self._find(row, thread, since)
        row = replace(row, state=SENT, ts=ts) if ts else replace(row, state=UNSENT)
        self._messages.put(row)
        return row

    def send(self, row: Row, body: Mapping[str, Any], *, thread: str = "", broadcast: bool = False) -> Row:
        """Post `body` under `row.key` with the mark `row.digest`; returns the row, sent.

        Raises SlackRefused (it is certainly not there), Unreachable, or AnswerLost (`settled` will look).
        """
        sending = replace(row, state=SENDING, ts="")
        self._messages.put(sending)
        arguments: dict[str, Any] = {**body, "metadata": _metadata(sending)}
        if thread:
            arguments |= {"thread_ts": thread, "reply_broadcast": broadcast}
        try:
            answer = self._web.post(row.channel, **arguments)
        except AnswerLost:
            raise
        except (SlackRefused, Unreachable):
            self._messages.put(replace(sending, state=UNSENT))
            raise
        sent = replace(sending, state=SENT, ts=str(answer["ts"]), channel=str(answer.get("channel") or row.channel))
        self._messages.put(sent)
        return sent

    def _find(self, row: Row, thread: str, since: datetime) -> str:
        """The timestamp of the message with the row's key and mark; empty when it is not there."""
        wanted = _metadata(row)["event_payload"]
        try:
            for message in self._history(row.channel, thread, since):
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload") == wanted:
                    return str(message["ts"])
        except SlackRefused as refusal:
            if not refusal.about_channel and refusal.code != "thread_not_found":
                log.warning("cannot tell whether message %s arrived, so it is posted again: %s", row.key, refusal)
        return ""

    def _history(self, channel: str, thread: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        arguments: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": 200}
        ask: Callable[..., Mapping[str, Any]] = self._web.call
        method = "conversations_replies" if thread else "conversations_history"
        arguments |= {"ts": thread} if thread else {"oldest": f"{(since - SKEW).timestamp():.6f}"}
        for _ in range(PAGES):
            answer = ask(method, **arguments)
            yield from answer.get("messages", ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            arguments["cursor"] = cursor


def _metadata(row: Row) -> dict[str, Any]:
    key = f"{row.key}:{row.digest}" if row.digest else row.key
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
