"""A whole bot on a fake cluster: the real service, runner and store, with a clock that a test moves."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from certrenew.app.commands import Approve, Change, Release, Renew
from certrenew.app.decisions import Answer
from certrenew.app.moves import End, Go, Move, Wait
from certrenew.app.planner import Habits, Planner
from certrenew.app.runner import Runner
from certrenew.app.service import Service
from certrenew.app.sessions import Sessions
from certrenew.app.settling import Settling
from certrenew.app.unit import Units
from certrenew.certificates import CertificateType
from certrenew.domain.approval import Gate, Person, Policy
from certrenew.domain.events import Event
from certrenew.domain.ports import Clusters, Pace
from certrenew.domain.renewal import Renewal, State
from certrenew.store.database import database_url, open_engine, upgrade
from certrenew.store.store import Store
from certrenew.testing.fakes import FakeAuthority, FakeCluster
from certrenew.testing.trouble import Crash

ALICE = Person("slack:T1/U1", "Alice", "<@U1>")  # asks
BOB = Person("slack:T1/U2", "Bob", "<@U2>")  # approves
CAROL = Person("slack:T1/U3", "Carol", "<@U3>")  # approves as well
MALLORY = Person("slack:T1/U9", "Mallory", "<@U9>")  # nobody
QUIET = (State.STOPPED, State.PAUSED)


class FakeMailbox:
    """Implements the store's `Mailbox`: remembers what the engine was told, also what was rolled back."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.woken: list[tuple[str, str]] = []
        self.told: list[str] = []

    def start(self, connection: sa.Connection, renewal: str, digest: str) -> None:
        self.started.append(renewal)

    def wake(self, connection: sa.Connection, renewal: str, key: str) -> None:
        self.woken.append((renewal, key))

    def committed(self, renewals: Sequence[str]) -> None:
        self.told += renewals


def sqlite_engine(file: Path, template: Path | None = None) -> sa.Engine:
    """A migrated SQLite database, copied from `template` when there is one; without waiting for the disk."""
    if template is not None:
        shutil.copy(template, file)
    engine = open_engine(database_url(f"sqlite:///{file}"))

    @sa.event.listens_for(engine, "connect")
    def careless(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    if template is None:
        upgrade(engine)
    return engine


class Bench:
    """`restart` is a bot that starts again on the same database; `run` goes on until something has to be decided."""

    def __init__(
        self,
        engine: sa.Engine,
        cluster: FakeCluster,
        authority: FakeAuthority,
        types: Sequence[CertificateType],
        *,
        policy: Policy | None = None,
        pace: Pace | None = None,
        clusters: Clusters | None = None,
    ) -> None:
        self.engine = engine
        self.cluster = cluster
        self.authority = authority
        self.types = {kind.name: kind for kind in types}
        self.clock = cluster.clock
        self.pace = pace or Pace()
        self.policies: dict[str, Policy] = {
            cluster.cluster.name: policy or Policy(approvers=frozenset({BOB.id, CAROL.id}))
        }
        self.mailbox = FakeMailbox()
        self.store = Store(engine, self.mailbox, now=self.clock.now)
        self.changed: list[str] = []
        self.clusters: Clusters = clusters or cluster
        self.units: Units = self.store
        self._keys = 0
        self.restart()

    def restart(self, *, units: Units | None = None) -> None:
        """A new process: nothing is left but the database and the outside world."""
        self.units = units or self.store
        self.sessions = Sessions(self.clusters, {self.cluster.cluster.name: self.cluster.cluster})
        self.planner = Planner(
            types=self.types,
            sessions=self.sessions,
            habits={self.cluster.cluster.name: Habits(authority="lab-ca")},
            choices=frozenset({"lab-ca"}),
            now=self.clock.now,
        )
        settling = Settling(units=self.units, sessions=self.sessions, clock=self.clock, pace=self.pace)
        self.service = Service(
            units=self.units,
            planner=self.planner,
            settling=settling,
            policies=self.policies,
            clock=self.clock,
            changed=self.changed.append,
        )
        self.runner = self.another_runner("bench")

    def another_runner(self, executor: str, pause: Callable[[float], None] | None = None) -> Runner:
        return Runner(
            units=self.units,
            planner=self.planner,
            sessions=Sessions(self.clusters, {self.cluster.cluster.name: self.cluster.cluster}),
            authorities=self.authorities,
            clock=self.clock,
            pace=self.pace,
            executor=executor,
            pause=pause or self.clock.advance,
        )

    @property
    def authorities(self) -> Mapping[str, FakeAuthority]:
        return {"lab-ca": self.authority}

    # ---- people ----------------------------------------------------------------------------------------------------

    def do(self, command: Change, person: Person = BOB, *, key: str = "") -> Answer:
        """Any command, under a fresh key unless one is given."""
        self._keys += 1
        return self.service.handle(command, person, key=key or f"key-{self._keys}")

    def ask(self, purpose: str = "", *, key: str = "", replace_csr: bool = False) -> str:
        """Alice asks for a renewal; returns its id."""
        wanted = purpose or next(iter(self.types))
        command = Renew(purpose=wanted, cluster=self.cluster.cluster.name, replace_csr=replace_csr)
        return self.do(command, ALICE, key=key).renewal

    def approve(self, renewal: str) -> None:
        self.do(Approve(renewal=renewal))

    def approved(self, purpose: str = "") -> str:
        renewal = self.ask(purpose)
        self.approve(renewal)
        return renewal

    # ---- the engine --------------------------------------------------------------------------------------------------

    def run(self, renewal: str, *, release: bool = True, turns: int = 2000) -> Renewal:
        """Do what the engine does: go on, or let the time pass, until the renewal ends, stops, pauses or waits at
        a gate that nobody passes. `release` lets Bob pass the second gate."""
        for _ in range(turns):
            move = self.runner.advance(renewal)
            if isinstance(move, Go):
                continue
            found = self.get(renewal)
            if isinstance(move, End) or found.state in QUIET or found.state is State.PLANNED:
                return found
            if found.gate is Gate.RELEASE and not found.released:
                if not release:
                    return found
                self.do(Release(renewal=renewal))
                continue
            self.let_pass(move)
        raise AssertionError(f"no end after {turns} moves: {self.get(renewal)}")

    def run_through_crashes(self, renewal: str, *, units: Units | None = None, most: int = 500) -> Renewal:
        """`run`, starting the bot again each time it dies."""
        for _ in range(most):
            try:
                return self.run(renewal)
            except Crash:
                self.restart(units=units)
        raise AssertionError(f"the bot died {most} times")

    def let_pass(self, move: Move) -> None:
        if isinstance(move, Wait):
            self.clock.advance(move.seconds)

    # ---- what can be seen ------------------------------------------------------------------------------------

    def get(self, renewal: str) -> Renewal:
        with self.store() as unit:
            return unit.get(renewal)

    def events(self, renewal: str = "") -> Sequence[Event]:
        with self.store() as unit:
            return unit.events(renewal=renewal)

    def told(self, renewal: str = "") -> list[str]:
        return [event.what for event in self.events(renewal)]

    @property
    def acts(self) -> list[str]:
        """What was done to the cluster and ordered at the authority, each as often as it took effect."""
        return self.cluster.trouble.acts

    def close(self) -> None:
        self.engine.dispose()
