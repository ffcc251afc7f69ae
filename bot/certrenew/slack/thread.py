"""Tells a renewal's story in the thread under its card, each line once, and its end to the requester in person."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from certrenew.domain.events import Event, What
from certrenew.domain.renewal import Renewal
from certrenew.slack.cards import step_list
from certrenew.slack.messages import SENDING, SENT, UNSENT, Messages, Row
from certrenew.slack.outbox import Outbox
from certrenew.slack.people import user_of
from certrenew.slack.posts import Post, outcome, posts
from certrenew.slack.tasks import task_list
from certrenew.slack.web import GONE, SlackRefused, Web

log = logging.getLogger(__name__)


class CardGone(Exception):
    """Slack no longer has the message that the thread hangs from."""


class Thread:
    """The row `lines:<renewal>` remembers the numbers of the last events told, so that none is told twice."""

    def __init__(self, *, web: Web, outbox: Outbox, messages: Messages, approvers: Callable[[str], str]) -> None:
        self._web = web
        self._outbox = outbox
        self._messages = messages
        self._approvers = approvers
        self._direct: dict[str, str] = {}

    def tell(self, renewal: Renewal, card: Row, events: Sequence[Event]) -> None:
        """Post what these events say. Errors: CardGone, Unreachable; then the same events may come again."""
        if any(event.what == What.PLANNED for event in events):
            self._list_steps(renewal, card)
        key = f"lines:{renewal.id}"
        row = self._outbox.settled(key, thread=card.ts, since=renewal.created_at)
        told = _last(row)
        fresh = [event for event in events if event.number > told]
        for post in posts(renewal, fresh, approvers=self._approvers(renewal.plan.cluster)):
            mark = f"{post.first}-{post.last}"
            line = Row(key=key, renewal=renewal.id, channel=card.channel, state=SENDING, digest=mark)
            self._post(line, post, card)

    def show_tasks(self, renewal: Renewal, card: Row) -> None:
        """The list of what is left for people: posted once, edited in place as it is ticked off.

        Errors: CardGone, Unreachable; then it may be called again.
        """
        drawn = task_list(renewal)
        if drawn is None:
            return
        key, body = f"tasks:{renewal.id}", {"text": drawn.text, "blocks": list(drawn.blocks)}
        row = self._outbox.settled(key, thread=card.ts, since=renewal.created_at)
        if row and row.state == SENT and row.digest == drawn.digest:
            return
        try:
            if row and row.state == SENT:
                try:
                    self._web.update(channel=row.channel, ts=row.ts, **body)
                    self._messages.put(replace(row, digest=drawn.digest))
                    return
                except SlackRefused as refusal:
                    if refusal.code not in GONE:
                        raise
            mark = f"instead of {row.ts}" if row else ""
            sent = self._outbox.send(
                Row(key=key, renewal=renewal.id, channel=card.channel, digest=mark), body, thread=card.ts
            )
            self._messages.put(replace(sent, digest=drawn.digest))
        except SlackRefused as refusal:
            if refusal.code in GONE:
                raise CardGone from refusal
            log.warning("the tasks of renewal %s are not shown: %s", renewal.short_id, refusal)

    def tell_outcome(self, renewal: Renewal) -> None:
        """A direct message to the requester about the end, once."""
        user, text = user_of(renewal.requester), outcome(renewal)
        if not user or not text:
            return
        key = f"outcome:{renewal.id}"
        row = self._outbox.settled(key, thread="", since=renewal.ended_at or renewal.created_at)
        if row and row.state == SENT:
            return
        try:
            channel = self._direct.get(user) or str(self._web.call("conversations_open", users=user)["channel"]["id"])
            self._direct[user] = channel
            self._outbox.send(Row(key=key, renewal=renewal.id, channel=channel), {"text": text})
        except SlackRefused as refusal:
            log.warning("the requester of renewal %s gets no direct message: %s", renewal.short_id, refusal)

    def _list_steps(self, renewal: Renewal, card: Row) -> None:
        for number, text in enumerate(step_list(renewal), start=1):
            key = f"steps:{renewal.id}:{number}"
            row = self._outbox.settled(key, thread=card.ts, since=renewal.created_at)
            if row and row.state == SENT:
                continue
            fresh = Row(key=key, renewal=renewal.id, channel=card.channel)
            self._post(fresh, Post(0, 0, text), card)

    def _post(self, row: Row, post: Post, card: Row) -> None:
        """One message in the thread; what Slack refuses for good is logged and left out, so that the rest follows."""
        try:
            self._outbox.send(row, {"text": post.text}, thread=card.ts, broadcast=post.broadcast)
        except SlackRefused as refusal:
            if refusal.code in GONE:
                raise CardGone from refusal
            log.warning("a line about renewal %s is not shown: %s", row.renewal[:8], refusal)
            self._messages.put(replace(row, state=SENT))


def _last(row: Row | None) -> int:
    """The number of the last event that was told."""
    if row is None:
        return 0
    first, _, last = row.digest.partition("-")
    if row.state == UNSENT:  # this batch did not arrive: everything before it did
        return int(first) - 1 if first.isdigit() else 0
    return int(last) if last.isdigit() else 0
