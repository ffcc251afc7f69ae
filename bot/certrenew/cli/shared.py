"""What every command shares: the configuration, the person at the keyboard, the way to the bot."""

import getpass
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

from certrenew import logs
from certrenew.app.commands import Change
from certrenew.app.decisions import Answer
from certrenew.app.inbox import to_request
from certrenew.domain.approval import Person
from certrenew.domain.errors import CommandRefused, Unreachable
from certrenew.engine.presence import alone, somebody_runs
from certrenew.settings import Settings, load
from certrenew.wiring.application import Application
from certrenew.wiring.parts import secrets_of

ANSWER_WITHIN = 300.0  # seconds; planning logs in to every node


class Shell:
    """The context object of the command line."""

    def __init__(self, config: Path | None, *, verbose: bool) -> None:
        self.config = config
        self.verbose = verbose

    def settings(self, *, level: str | None = None) -> Settings:
        """The checked configuration; logging follows it."""
        settings, _ = load(self.config)
        shown = "info" if self.verbose else level or settings.log.level
        logs.configure(level=shown, style=settings.log.format, secrets=secrets_of(settings))
        return settings

    @contextmanager
    def reading(self) -> Iterator[Application]:
        """An application that only reads."""
        app = Application(self.settings(level="error"), runs=False)
        try:
            yield app
        finally:
            app.stop()

    @contextmanager
    def acting(self, *, stay: bool = False) -> Iterator[tuple[Application, Callable[[Change], Answer]]]:
        """An application, and a way to have a change done: by the running bot, or by this process when none runs.

        `stay` says that the command follows what it started, so this process may run it itself. A decision is only
        written down when no bot runs: the next one acts on it.
        """
        settings = self.settings(level="error")
        app = Application(settings, runs=False)
        if somebody_runs(app.database):
            try:
                yield app, lambda change: leave(app, change)
            finally:
                app.stop()
            return
        app.stop()
        app = Application(settings, runs=True)
        try:
            with nullcontext() if stay else alone(app.database):
                if stay:
                    app.start()
                yield app, lambda change: app.service.handle(change, me(), key=f"cli-{uuid4().hex}")
        finally:
            app.stop()
            if app.busy:
                os._exit(130)  # an act that hangs in a node must not go on beside the next process


def me() -> Person:
    """The person at the keyboard, by login name; approvers name them as local:LOGIN in the configuration."""
    login = getpass.getuser()
    return Person(id=f"local:{login}", name=login)


def leave(app: Application, change: Change) -> Answer:
    """Leave a request for the running bot and wait for its answer."""
    request = to_request(change, me(), key=f"cli-{uuid4().hex}", origin="", at=app.clock.now())
    with app.store() as unit:
        unit.receive(request)
    deadline = time.monotonic() + ANSWER_WITHIN
    while time.monotonic() < deadline:
        time.sleep(0.1)
        with app.store() as unit:
            text = unit.answered(request.key)
            refused = unit.was_refused(request.key)
        if text is not None:
            if refused:
                raise CommandRefused(text)
            return Answer(text)
    raise Unreachable("The running bot has not answered; it will still handle the request when it can.")
