"""Delivery of payloads to the app: envelopes, the three-second ack, redelivery of events."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any

from certrenew_lab.slack.faults import Faults
from certrenew_lab.slack.feed import Feed
from certrenew_lab.slack.journal import Envelope, Journal
from certrenew_lab.slack.problems import Json
from certrenew_lab.slack.sockets import Sockets
from certrenew_lab.slack.timing import Clock, Timing


class DeliveryFailed(Exception):
    """The app did not take a payload; `error` is what Slack tells the user."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Deliveries:
    """Sends payloads over Socket Mode and matches the acks, by envelope id over any socket."""

    def __init__(
        self, sockets: Sockets, faults: Faults, journal: Journal, feed: Feed, clock: Clock, timing: Timing
    ) -> None:
        self._sockets = sockets
        self._faults = faults
        self._journal = journal
        self._feed = feed
        self._clock = clock
        self._timing = timing
        self._sent: dict[str, Envelope] = {}
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._background: set[asyncio.Task[None]] = set()
        sockets.on_ack = self._acked

    async def deliver(self, kind: str, payload: Json, *, accepts_answer: bool, summary: str, user: str) -> Json:
        """Send one payload and return the answer in its ack, empty when none counts; raises DeliveryFailed.

        "dispatch_failed" means that no app is connected, "operation_timeout" that no ack came within three seconds.
        """
        if not self._sockets.connections and await self._sockets.pick() is None:
            raise DeliveryFailed("dispatch_failed")
        envelope = self._record(kind, accepts_answer, summary, user)
        return await self._exchange(envelope, payload)

    def announce(self, payload: Json, summary: str, user: str) -> None:
        """Send an event in the background, again and again as Slack does until it is acked."""
        self._start(self._announce(payload, summary, user))

    async def stop(self) -> None:
        """Abandon what is still under way."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _announce(self, payload: Json, summary: str, user: str) -> None:
        for attempt, pause in enumerate((0.0, *self._timing.event_retries)):
            await asyncio.sleep(pause)
            envelope = self._record("events_api", False, summary, user)
            envelope.retry_attempt = attempt
            try:
                await self._exchange(envelope, payload)
            except DeliveryFailed:
                continue
            return

    async def _exchange(self, envelope: Envelope, payload: Json) -> Json:
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope.id] = answer
        copies = [envelope]
        if self._faults.strike("duplicate_envelopes", envelope.kind):
            twin = self._record(envelope.kind, envelope.accepts_answer, envelope.summary, envelope.user)
            twin.duplicate_of = envelope.id
            self._waiting[twin.id] = answer
            copies.append(twin)
        for copy in copies:
            self._start(self._put_on_the_wire(copy, payload))
        try:
            return await asyncio.wait_for(answer, self._timing.ack)
        except TimeoutError:
            raise DeliveryFailed("operation_timeout") from None
        finally:
            for copy in copies:
                self._waiting.pop(copy.id, None)

    async def _put_on_the_wire(self, envelope: Envelope, payload: Json) -> None:
        if self._faults.strike("drop_envelopes", envelope.kind):
            envelope.dropped = True
            return
        delay = self._faults.strike("delay_envelopes", envelope.kind)
        if delay:
            await asyncio.sleep(delay.amount)
        connection = await self._sockets.pick()
        if connection is None:
            envelope.dropped = True
            return
        envelope.connection = connection.id
        frame: Json = {
            "envelope_id": envelope.id,
            "type": envelope.kind,
            "accepts_response_payload": envelope.accepts_answer,
            "payload": payload,
        }
        if envelope.kind == "events_api":
            frame |= {
                "retry_attempt": envelope.retry_attempt,
                "retry_reason": "timeout" if envelope.retry_attempt else "",
            }
        try:
            await connection.socket.send_json(frame)
        except ConnectionResetError:
            envelope.dropped = True

    def _record(self, kind: str, accepts_answer: bool, summary: str, user: str) -> Envelope:
        envelope = Envelope(str(uuid.uuid4()), kind, summary, user, self._clock(), accepts_answer)
        self._journal.envelopes.append(envelope)
        self._sent[envelope.id] = envelope
        return envelope

    def _acked(self, envelope_id: str, payload: Json, connection: str) -> None:
        envelope = self._sent.get(envelope_id)
        if envelope is None or envelope.acked_at is not None:
            return
        envelope.acked_at = self._clock()
        envelope.acked_over = connection
        answer = self._waiting.get(envelope_id)
        if answer is None:
            envelope.late = envelope.duplicate_of is None
            self._feed.publish("late_ack", envelope.user, envelope_id=envelope.id, summary=envelope.summary)
        elif not answer.done():
            answer.set_result(payload if envelope.accepts_answer else {})

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
