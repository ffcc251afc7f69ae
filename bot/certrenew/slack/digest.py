"""Messages with a Renew button a line: for whoever finds what expires soon."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from certrenew.domain.ports import Clock
from certrenew.slack.buttons import renew_button
from certrenew.slack.messages import SENT, Messages, Row
from certrenew.slack.outbox import Outbox
from certrenew.slack.text import SECTION_LIMIT, cut, escape, line_of
from certrenew.slack.web import SlackRefused, Web

log = logging.getLogger(__name__)

MOST = 45  # lines with a button in one message; Slack takes 50 blocks
REPEATED = timedelta(hours=12)  # the same words within this time are the same message


class DigestPoster:
    """Safe to repeat: the same text and items are in the channel once in half a day, also after a crash."""

    def __init__(self, *, web: Web, messages: Messages, clock: Clock) -> None:
        self._outbox = Outbox(web, messages)
        self._clock = clock

    def post(self, channel: str, text: str, items: Sequence[tuple[str, str, str]]) -> None:
        """`text`, then a line each of (line, purpose, cluster) with a button that plans that renewal; none without a
        purpose. What Slack refuses for good is only logged.

        Raises Unreachable, also when the answer was lost: call again, the message is looked for first.
        """
        now = self._clock.now()
        half_day = int(now.timestamp() // REPEATED.total_seconds())
        mark = hashlib.sha256(repr((channel, text, list(items), half_day)).encode()).hexdigest()[:40]
        key = f"digest:{mark}"
        row = self._outbox.settled(key, thread="", since=now - REPEATED)
        if row and row.state == SENT:
            return
        body = {"text": cut(escape(text), SECTION_LIMIT), "blocks": _blocks(text, items)}
        try:
            self._outbox.send(Row(key=key, renewal="", channel=channel), body)
        except SlackRefused as refusal:
            log.warning("Slack does not take what falls due for channel %s: %s", channel, refusal)


def _blocks(text: str, items: Sequence[tuple[str, str, str]]) -> list[dict[str, Any]]:
    blocks = [_section(cut(escape(text), SECTION_LIMIT))]
    for line, purpose, cluster in items[:MOST]:
        button = {"accessory": renew_button(purpose, cluster)} if purpose else {}
        blocks.append(_section(line_of(line, 900)) | button)
    if len(items) > MOST:
        blocks.append(_section(f"and {len(items) - MOST} more."))
    return blocks


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
