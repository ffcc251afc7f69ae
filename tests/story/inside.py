"""The lab and the bot's core in one process, without chat and engine: many whole renewals in little time."""

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from certrenew.app.commands import Approve, Change, Release, Renew
from certrenew.app.moves import End, Wait
from certrenew.app.runner import Runner
from certrenew.cli.demo.configuration import write_configuration
from certrenew.domain.approval import Gate, Person
from certrenew.domain.renewal import Renewal, State
from certrenew.settings import load
from certrenew.store.audit import verify
from certrenew.testing.bench import FakeMailbox
from certrenew.wiring import parts
from certrenew.wiring.application import Application
from certrenew_lab.authority import LabAuthority
from certrenew_lab.cucm import LabCucm
from certrenew_lab.cucm.inspection import state
from certrenew_lab.lab import small
from certrenew_lab.scenario import ClusterScenario, NodeScenario, SshManners

ANA = Person("local:ana", "ana")
CARMEN = Person("local:carmen", "carmen")
SPEED = 1500.0
NO_SLACK = {"bot_token": "x", "app_token": "x", "base_url": "x", "groups": {"g": "g"}, "channels": {"c": "c"}}


class Inside:
    """`scenario` is played at its own speed; `settings` are written into the cluster's table of the configuration;
    `patience` is how many seconds phones are waited for."""

    def __init__(
        self, directory: Path, scenario: ClusterScenario, *, settings: str = "", patience: float = 90.0
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.cucm, self.authority = LabCucm(scenario), LabAuthority()
        for part in (self.cucm, self.authority):
            self._wait(part.start())
        self.directory = directory
        self.config = self._configure(settings, patience)
        self.app = Application(load(self.config)[0].model_copy(update={"slack": None}), runs=False)
        self.app.store._mailbox = FakeMailbox()  # there is no engine to tell: `run` asks the runner itself
        self.runner = self.new_runner()
        self._keys = 0

    def new_runner(self) -> Runner:
        """A process that starts again: nothing is left of the one before but the database."""
        app = self.app
        return Runner(
            units=app.store,
            planner=app.planner,
            sessions=app.sessions,
            authorities=app.authorities,
            clock=app.clock,
            pace=parts.pace(app.settings),
            executor="inside",
        )

    def _configure(self, settings: str, patience: float) -> Path:
        description = {
            "cluster": self.cucm.description(),
            "authority": self.authority.description(),
            "slack": NO_SLACK,
        }
        path = write_configuration(description, self.directory)
        text = path.read_text(encoding="utf-8")
        before, rest = text.split("[slack]")
        text = before + '[approval]\napprovers = ["local:carmen"]\n' + rest[rest.index("[pace]") - 1 :]
        for slow, quick in (("settle = 4.0", "settle = 0.15"), ("phones = 0.5", "phones = 0.1"), ("0.25", "0.05")):
            text = text.replace(slow, quick)
        text = text.replace("phones_timeout = 90.0", f"phones_timeout = {patience}")
        text = text.replace('authority = "enterprise"\n', f'authority = "enterprise"\n{settings}\n', 1)
        path.write_text(text, encoding="utf-8")
        return path

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    # ---- people ----------------------------------------------------------------------------------------------------

    def do(self, command: Change, person: Person = CARMEN) -> str:
        self._keys += 1
        return self.app.service.handle(command, person, key=f"inside-{self._keys}").renewal

    def type(self, text: str) -> str:
        """What Ana types after the slash command; returns the id of the renewal."""
        command = self.app.grammar.parse(text)
        assert isinstance(command, Renew)
        return self.do(command, ANA)

    def renew(self, text: str, *, seconds: float = 110.0) -> Renewal:
        """From the words to the end, or to where it stops: Carmen approves and releases."""
        renewal = self.type(text)
        self.do(Approve(renewal=renewal))
        return self.run(renewal, seconds=seconds)

    def run(self, renewal: str, *, seconds: float = 110.0) -> Renewal:
        deadline = time.monotonic() + seconds
        while True:
            move = self.runner.advance(renewal)
            found = self.get(renewal)
            if isinstance(move, End) or found.state is State.STOPPED:
                return found
            assert time.monotonic() < deadline, f"not within {seconds} s: {found.state}: {found.reason}"
            if found.gate is Gate.RELEASE and not found.released:
                self.do(Release(renewal=renewal))
            elif isinstance(move, Wait):
                time.sleep(min(move.seconds, 1.0))

    # ---- what can be seen --------------------------------------------------------------------------------------

    def get(self, renewal: str) -> Renewal:
        with self.app.store(reading=True) as unit:
            return unit.get(renewal)

    def state(self) -> dict[str, Any]:
        """What the lab itself says of phones, services and broken rules."""
        return state(self.cucm.cluster)

    def audit_is_whole(self) -> bool:
        return not verify(self.app.database).problem

    def stop(self) -> None:
        self.app.stop()
        for part in (self.authority, self.cucm):
            self._wait(part.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


def cluster(version: str, *, subscribers: int = 1, presence: int = 0, **changes: Any) -> ClusterScenario:
    """A small cluster of that release, with so many nodes of IM and Presence."""
    pools = ("Headquarters", "Branch")
    awake = SshManners(idle_timeout=1e9)  # a lab hour is over in seconds
    base = small(1 + subscribers, version=version, phones=12, device_pools=pools, speed=SPEED, ssh=awake, **changes)
    people = [NodeScenario("imp-pub", "presence-publisher"), NodeScenario("imp-sub", "presence-subscriber")]
    return replace(base, nodes=(*base.nodes, *people[:presence]))
