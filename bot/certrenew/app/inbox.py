"""Commands that arrive from a chat: kept in one row, acknowledged, handled once, answered even after a crash."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from certrenew.app import commands
from certrenew.app.commands import Change
from certrenew.app.decisions import Answer
from certrenew.app.service import Service
from certrenew.app.unit import Request, Units
from certrenew.domain.approval import Person
from certrenew.domain.errors import CertrenewError, DatabaseUnreachable
from certrenew.domain.plan import Json
from certrenew.domain.ports import Clock

log = logging.getLogger(__name__)

LEASE = 180.0  # seconds that planning may take; of a replica that died it is freed at once

CHANGES: Mapping[str, type[Change]] = {
    kind.__name__: kind
    for kind in (
        commands.Renew,
        commands.Approve,
        commands.Reject,
        commands.Release,
        commands.Retry,
        commands.Skip,
        commands.SkipPart,
        commands.Tick,
        commands.Settle,
        commands.Pause,
        commands.Resume,
        commands.Abandon,
    )
}


def to_request(command: Change, person: Person, *, key: str, origin: str, at: datetime) -> Request:
    """A command as a row of the inbox."""
    body: dict[str, Json] = {"kind": type(command).__name__, **asdict(command)}
    who: dict[str, Json] = {"id": person.id, "name": person.name, "mention": person.mention}
    return Request(key=key, command=body, person=who, origin=origin, received_at=at)


def _command(request: Request) -> Change:
    """The command of a row; JSON has lists where a command has tuples."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in request.command.items()}
    kind = CHANGES[str(fields.pop("kind"))]
    return cast("Change", cast("Any", kind)(**fields))


Reply = Callable[[Request, Person, Answer | CertrenewError], None]


class Inbox:
    """`receive` is fast and safe to call twice; the work is done by a small pool of threads."""

    def __init__(
        self, *, units: Units, service: Service, clock: Clock, holder: str = "embedded", workers: int = 8
    ) -> None:
        """`holder` names this process: of several replicas only one handles a request at a time."""
        self._holder = holder
        self._units = units
        self._service = service
        self._clock = clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="inbox")
        self._taken: set[str] = set()
        self._lock = threading.Lock()
        self._reply: Reply = lambda *_: None

    def replies_go_to(self, reply: Reply) -> None:
        """Who tells the person how it went; called once for each handled request."""
        self._reply = reply

    def receive(self, command: Change, person: Person, *, key: str, origin: str = "") -> bool:
        """Keep the command under `key` and hand it to a worker; False when the key is known already."""
        request = to_request(command, person, key=key, origin=origin, at=self._clock.now())
        with self._units() as unit:
            fresh = unit.receive(request)
        if fresh:
            self._hand_over(request)
        return fresh

    def sweep(self) -> int:
        """Take up what was left behind by a process that died, or by the command line; returns how many."""
        with self._units(reading=True) as unit:
            found = unit.unanswered(received_before=self._clock.now())
        return sum(self._hand_over(request) for request in found)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, request: Request) -> bool:
        with self._lock:
            if request.key in self._taken:
                return False
            self._taken.add(request.key)
        self._pool.submit(self._handle, request)
        return True

    def _handle(self, request: Request) -> None:
        """Handle one request; what goes wrong becomes a sentence for the person, or waits for the next sweep."""
        person = Person(**cast("dict[str, Any]", dict(request.person)))
        lease = f"request:{request.key}"
        try:
            with self._units() as unit:
                known = unit.answered(request.key) is not None  # a sweep may have read it just before it was answered
                if known or not unit.hold(lease, self._holder, LEASE):
                    self._forget(request.key)
                    return
            command = _command(request)
            result: Answer | CertrenewError = self._service.handle(
                command, person, key=request.key, origin=request.origin
            )
        except DatabaseUnreachable:
            log.warning("the database does not answer; request %s is kept for later", request.key)
            self._forget(request.key)
            return
        except CertrenewError as error:
            result = error
        except Exception:
            incident = request.key[-8:]
            log.exception("request failed; incident %s", incident)
            result = CertrenewError(
                f"Something went wrong inside certrenew (incident {incident}); nothing more was done."
                " The log has the details."
            )
        self._finish(request, person, result)

    def _finish(self, request: Request, person: Person, result: Answer | CertrenewError) -> None:
        text = result.text if isinstance(result, Answer) else str(result)
        try:
            with self._units() as unit:
                unit.answer(request.key, text, refused=not isinstance(result, Answer))
                unit.let_go(f"request:{request.key}")
            self._reply(request, person, result)
        except CertrenewError as error:
            log.warning("request %s is handled, but its answer was not delivered: %s", request.key, error)
        self._forget(request.key)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._taken.discard(key)
