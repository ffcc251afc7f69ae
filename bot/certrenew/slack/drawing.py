"""Keeps the card of each renewal in the channel and true: posts it once, edits it in place, replaces a lost one."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from certrenew.domain.approval import Policy
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal
from certrenew.slack.cards import Message, card, plain
from certrenew.slack.messages import SENDING, SENT, UNSENT, Messages, Row
from certrenew.slack.outbox import Outbox
from certrenew.slack.settings import SlackSettings
from certrenew.slack.web import BLOCKS, GONE, SlackRefused, Web

log = logging.getLogger(__name__)


class Drawing:
    """`ensure` and `redraw` are safe to repeat. Errors: Unreachable; what Slack refuses for good is only logged."""

    def __init__(
        self,
        *,
        web: Web,
        outbox: Outbox,
        messages: Messages,
        settings: SlackSettings,
        policy: Callable[[str], Policy],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._web = web
        self._outbox = outbox
        self._messages = messages
        self._settings = settings
        self._policy = policy
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._drawn_at: dict[str, float] = {}
        self._complained: set[str] = set()

    def place(self, renewal: Renewal) -> str:
        """The channel of the card, or the first where it will be tried."""
        row = self._messages.get(_key(renewal))
        return row.channel if row and row.state != UNSENT else next(self._places(renewal), "")

    def find(self, renewal: Renewal) -> Row | None:
        """The card as it was posted; None when there is none yet, or its fate is not known."""
        row = self._messages.get(_key(renewal))
        return row if row and row.state == SENT else None

    def ensure(self, renewal: Renewal) -> Row | None:
        """The row of the card, posted now if it must be; None when no channel takes it."""
        row = self._outbox.settled(_key(renewal), thread="", since=renewal.created_at)
        if row and row.state == SENT:
            return row
        lost = row.digest if row else ""  # the mark of the card that is replaced, if any
        drawn = self._draw(renewal)
        for channel in self._places(renewal):
            fresh = Row(key=_key(renewal), renewal=renewal.id, channel=channel, state=SENDING, digest=lost)
            try:
                sent = self._post(fresh, drawn)
            except SlackRefused as refusal:
                self._complain(channel, refusal)
                continue
            sent = replace(sent, digest=drawn.digest)
            self._messages.put(sent)
            self._drawn_at[renewal.id] = self._monotonic()
            return sent
        return None

    def redraw(self, renewal: Renewal, row: Row, *, must: bool = False) -> Row | None:
        """Make the card tell the truth, unless it was edited a moment ago; `must` waits for its turn."""
        drawn = self._draw(renewal)
        if drawn.digest == row.digest:
            return row
        wait = self._wait(renewal)
        if wait > 0 and not must:
            return row
        if wait > 0:
            self._sleep(wait)
        self._drawn_at[renewal.id] = self._monotonic()
        try:
            self._edit(row, drawn)
        except SlackRefused as refusal:
            if refusal.code not in GONE:
                self._complain(row.channel, refusal)
                return row
            return self.replace(renewal, row)
        row = replace(row, digest=drawn.digest)
        self._messages.put(row)
        return row

    def replace(self, renewal: Renewal, row: Row) -> Row | None:
        """Post a new card instead of one that Slack no longer has."""
        log.info("the card of renewal %s is gone; a new one is posted", renewal.short_id)
        self._messages.put(replace(row, state=UNSENT, ts="", digest=f"instead of {row.ts}"))
        return self.ensure(renewal)

    def _wait(self, renewal: Renewal) -> float:
        last = self._drawn_at.get(renewal.id)
        own = last + self._settings.redraw_interval - self._monotonic() if last is not None else 0.0
        return max(own, self._web.edit_wait())

    def _draw(self, renewal: Renewal) -> Message:
        return card(renewal, self._policy(renewal.plan.cluster), self._clock.now())

    def _post(self, row: Row, drawn: Message) -> Row:
        try:
            return self._outbox.send(row, _body(drawn))
        except SlackRefused as refusal:
            if refusal.code not in BLOCKS:
                raise
            log.warning("Slack refuses the layout of a card (%s); it is posted as plain text", refusal.code)
            return self._outbox.send(row, _body(plain(drawn)))

    def _edit(self, row: Row, drawn: Message) -> None:
        try:
            self._web.update(channel=row.channel, ts=row.ts, **_body(drawn))
        except SlackRefused as refusal:
            if refusal.code not in BLOCKS:
                raise
            log.warning("Slack refuses the layout of a card (%s); it is drawn as plain text", refusal.code)
            self._web.update(channel=row.channel, ts=row.ts, **_body(plain(drawn)))

    def _places(self, renewal: Renewal) -> Iterator[str]:
        """Where it was asked for, if that is a channel; else the channel of the cluster; else the general one."""
        origin = renewal.origin if renewal.origin[:1] in ("C", "G") else ""
        settings = self._settings
        yield from dict.fromkeys(
            place for place in (origin, settings.channel_of(renewal.plan.cluster), settings.channel) if place
        )

    def _complain(self, channel: str, refusal: SlackRefused) -> None:
        """Once a channel and code: the same sentence every second helps nobody."""
        if f"{channel} {refusal.code}" in self._complained:
            return
        self._complained.add(f"{channel} {refusal.code}")
        hint = "Invite the bot to that channel, or name another one in the configuration." * refusal.about_channel
        log.warning("Slack does not take messages for channel %s. %s %s", channel, refusal, hint)


def _key(renewal: Renewal) -> str:
    return f"card:{renewal.id}"


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}
