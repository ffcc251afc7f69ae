"""The observer that shows renewals in Slack: one card each, its thread, and word to the requester."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from certrenew.app.unit import Units
from certrenew.domain.approval import Policy
from certrenew.domain.errors import CommandRefused
from certrenew.domain.events import Event
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal
from certrenew.slack.drawing import Drawing
from certrenew.slack.messages import Messages, Row
from certrenew.slack.outbox import Outbox
from certrenew.slack.settings import SlackSettings
from certrenew.slack.thread import CardGone, Thread
from certrenew.slack.web import Web

log = logging.getLogger(__name__)

OLD_NEWS = timedelta(days=1)  # a renewal that ended longer ago and was never shown gets no card any more
TRY_AGAIN = 60.0  # seconds between tries to post a card that no channel took
NEWEST = 50


class Poster:
    """Implements `Observer`. Each channel is served in order, channels beside each other.

    Raises Unreachable when Slack is away: the notifier shows the same events again, and nothing is told twice.
    """

    name = "slack"

    def __init__(
        self,
        *,
        settings: SlackSettings,
        units: Units,
        messages: Messages,
        policy: Callable[[str], Policy],
        clock: Clock,
        approvers: Callable[[str], str] = lambda _: "",
        web: Web | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`policy` and `approvers` are asked by cluster; `approvers` says whom to mention, such as `<!subteam^S1>`."""
        web = web or Web(settings, clock=monotonic, sleep=sleep)
        outbox = Outbox(web, messages)
        self._settings = settings
        self._units = units
        self._clock = clock
        self._monotonic = monotonic
        self._drawing = Drawing(
            web=web,
            outbox=outbox,
            messages=messages,
            settings=settings,
            policy=policy,
            clock=clock,
            monotonic=monotonic,
            sleep=sleep,
        )
        self._thread = Thread(web=web, outbox=outbox, messages=messages, approvers=approvers)
        self._channels = ThreadPoolExecutor(8, thread_name_prefix="slack-channel")
        self._looked_at = float("-inf")
        self._looked_back = False
        self._try_at: dict[str, float] = {}

    def saw(self, events: Sequence[Event]) -> None:
        """Show what happened. Events that were shown before change nothing."""
        by_renewal: dict[str, list[Event]] = {}
        for event in events:
            if event.renewal:
                by_renewal.setdefault(event.renewal, []).append(event)
        renewals = self._read(by_renewal)
        self._each(renewals, lambda renewal: self._show(renewal, by_renewal[renewal.id]))

    def tick(self) -> None:
        """Redraw what changed without an event, and what an outage left behind."""
        now = self._monotonic()
        if now - self._looked_at < self._settings.redraw_interval:
            return
        self._looked_at = now
        with self._units(reading=True) as unit:
            renewals = list(unit.open_renewals())
            if not self._looked_back:
                known = {renewal.id for renewal in renewals}
                renewals += [found for found in unit.newest(limit=NEWEST) if found.id not in known]
        self._each(renewals, self._refresh)
        self._looked_back = True

    def close(self) -> None:
        self._channels.shutdown(wait=False, cancel_futures=True)

    def _read(self, ids: Iterable[str]) -> list[Renewal]:
        found: list[Renewal] = []
        for renewal_id in ids:
            with self._units(reading=True) as unit:
                try:
                    found.append(unit.find(renewal_id))
                except CommandRefused:
                    log.warning("renewal %s has events but is not stored; it is not shown", renewal_id[:8])
        return found

    def _each(self, renewals: Sequence[Renewal], work: Callable[[Renewal], None]) -> None:
        """Do the work for every renewal; one failure does not keep the others from being shown."""
        lanes: dict[str, list[Renewal]] = {}
        for renewal in renewals:
            lanes.setdefault(self._drawing.place(renewal), []).append(renewal)

        def serve(lane: list[Renewal]) -> Exception | None:
            failure: Exception | None = None
            for renewal in lane:
                try:
                    work(renewal)
                except Exception as error:  # raised below, when everybody had their turn
                    failure = failure or error
            return failure

        failures = [found for found in self._channels.map(serve, lanes.values()) if found]
        if failures:
            raise failures[0]

    def _show(self, renewal: Renewal, events: Sequence[Event]) -> None:
        if self._is_old_news(renewal):
            return
        card = self._drawing.ensure(renewal)
        if card is None:
            self._try_at[renewal.id] = self._monotonic() + TRY_AGAIN
        else:
            card = self._drawing.redraw(renewal, card, must=renewal.state.final) or card
            self._tell(renewal, card, events)
        if renewal.state.final:
            self._thread.tell_outcome(renewal)

    def _tell(self, renewal: Renewal, card: Row, events: Sequence[Event]) -> None:
        try:
            self._thread.tell(renewal, card, events)
            self._thread.show_tasks(renewal, card)
        except CardGone:
            if fresh := self._drawing.replace(renewal, card):
                self._thread.tell(renewal, fresh, events)
                self._thread.show_tasks(renewal, fresh)

    def _refresh(self, renewal: Renewal) -> None:
        card = self._drawing.find(renewal)
        if card is None:
            if renewal.state.final or self._monotonic() < self._try_at.get(renewal.id, 0.0):
                return
            self._try_at[renewal.id] = self._monotonic() + TRY_AGAIN
            card = self._drawing.ensure(renewal)
        if card:
            self._drawing.redraw(renewal, card, must=renewal.state.final)

    def _is_old_news(self, renewal: Renewal) -> bool:
        ended = renewal.ended_at
        return ended is not None and self._clock.now() - ended > OLD_NEWS and self._drawing.find(renewal) is None
