"""A migrated store on each database that we support."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from certrenew.app.inventory import read_snapshot
from certrenew.certificates import Options
from certrenew.domain.plan import Plan
from certrenew.domain.renewal import Renewal, State, StepRecord, TaskRecord
from certrenew.store.database import database_url, open_engine, upgrade
from certrenew.store.store import Store
from certrenew.testing.bench import ALICE, FakeMailbox
from certrenew.testing.clock import FixedClock
from certrenew.testing.fakes import FakeCluster
from certrenew_plugins.callmanager import CALLMANAGER


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database of this test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return make()


@pytest.fixture
def empty(url: str) -> Iterator[sa.Engine]:
    engine = open_engine(database_url(url))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty: sa.Engine) -> sa.Engine:
    upgrade(empty)
    return empty


@pytest.fixture
def mailbox() -> FakeMailbox:
    return FakeMailbox()


@pytest.fixture
def store(engine: sa.Engine, mailbox: FakeMailbox, clock: FixedClock) -> Store:
    return Store(engine, mailbox, now=clock.now)


@pytest.fixture(scope="session")
def plan() -> Plan:
    fake = FakeCluster(CALLMANAGER, nodes=("cucm-pub",), phones=2)
    snapshot = read_snapshot(fake.open(fake.cluster), [CALLMANAGER])
    return CALLMANAGER.plan(snapshot, Options(authority="lab-ca"))


@pytest.fixture
def renewal(plan: Plan, clock: FixedClock) -> Renewal:
    now = clock.now()
    steps = tuple(StepRecord(number=n, kind=step.kind, node=step.node) for n, step in enumerate(plan.steps, 1))
    return Renewal(
        id="a1" * 16,
        plan=plan,
        state=State.PLANNED,
        requester=ALICE,
        created_at=now,
        approve_by=now,
        steps=steps,
        tasks=tuple(TaskRecord(key=task.key, text=task.text) for task in plan.tasks),
    )


@pytest.fixture
def kept(store: Store, renewal: Renewal) -> Renewal:
    with store() as unit:
        unit.add(renewal)
    return replace(renewal)
