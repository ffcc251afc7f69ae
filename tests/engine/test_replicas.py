"""Several replicas on one PostgreSQL: any of them may die, sleep or leave, and nothing is lost or done twice."""

import signal

import sqlalchemy as sa

from certrenew.engine.presence import somebody_runs
from certrenew.engine.takeover import LOCK

from .conftest import LEASE, Replica, World


def test_another_replica_takes_over_within_seconds_of_a_kill(shared: World) -> None:
    replicas = [shared.replica(), shared.replica()]
    shared.start("r1", acts=20, seconds=0.3)
    shared.until(lambda: len(shared.acts("r1")) >= 3)
    worker, other = _by_work(shared, replicas, "r1")
    worker.kill()
    before = len(shared.acts("r1"))
    took = shared.until(lambda: len(shared.acts("r1")) > before)
    assert took < LEASE + 3.0
    assert shared.acts("r1")[-1][1] == other.executor
    shared.until(lambda: len(shared.acts("r1")) == 20)
    assert [number for number, _ in shared.acts("r1")] == list(range(1, 21))


def test_a_replica_that_leaves_hands_its_renewals_over_at_once(shared: World) -> None:
    leaving = shared.replica()
    shared.start("r1", acts=12, seconds=0.3)
    shared.until(lambda: len(shared.acts("r1")) >= 2)
    staying = shared.replica()
    leaving.send(signal.SIGTERM)
    took = shared.until(lambda: any(executor == staying.executor for _, executor in shared.acts("r1")))
    assert took < 4.0
    assert leaving.ended(5.0) == 0
    shared.until(lambda: len(shared.acts("r1")) == 12)


def test_a_replica_that_slept_longer_than_its_lease_ends_itself(shared: World) -> None:
    replicas = [shared.replica(), shared.replica()]
    shared.start("r1", acts=30, seconds=0.2)
    shared.until(lambda: len(shared.acts("r1")) >= 2)
    sleeper, other = _by_work(shared, replicas, "r1")
    sleeper.send(signal.SIGSTOP)
    shared.until(lambda: shared.acts("r1")[-1][1] == other.executor)
    sleeper.send(signal.SIGCONT)
    assert sleeper.ended(2.0) == 70
    shared.until(lambda: len(shared.acts("r1")) >= 30)


def test_a_replica_that_freezes_inside_a_transaction_keeps_nobody_from_taking_over(shared: World) -> None:
    frozen = shared.database.connect()  # as a process that is stopped in the middle of its own look
    frozen.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    try:
        replicas = [shared.replica(), shared.replica()]
        shared.start("r1", acts=30, seconds=0.2)
        shared.until(lambda: len(shared.acts("r1")) >= 2)
        worker, other = _by_work(shared, replicas, "r1")
        worker.kill()
        shared.until(lambda: shared.acts("r1")[-1][1] == other.executor)
    finally:
        frozen.invalidate()
        frozen.close()


def test_a_click_at_one_replica_wakes_the_renewal_in_the_other(shared: World) -> None:
    shared.replica()
    shared.start("r1", acts=1, woken=False)
    shared.until(lambda: _waits(shared))
    shared.wake("r1")
    assert shared.until(lambda: shared.acts("r1")) < 1.0


def test_a_renewal_that_waits_is_taken_over_and_still_hears_its_click(shared: World) -> None:
    first = shared.replica()
    shared.start("r1", acts=1, woken=False)
    shared.until(lambda: _waits(shared))
    first.kill()
    shared.wake("r1")
    second = shared.replica()
    shared.until(lambda: shared.acts("r1"))
    assert shared.acts("r1") == [(1, second.executor)]


def test_executors_have_names_of_their_own_and_are_seen_by_commands(shared: World) -> None:
    first, second = shared.replica(), shared.replica()
    assert first.executor != second.executor
    assert somebody_runs(shared.database)
    first.kill()
    second.send(signal.SIGTERM)
    second.ended(5.0)
    shared.until(lambda: not somebody_runs(shared.database), LEASE + 1.0)


def _by_work(world: World, replicas: list[Replica], renewal: str) -> tuple[Replica, Replica]:
    """(the one that works on the renewal, the other)."""
    working = world.acts(renewal)[-1][1]
    first, second = replicas
    return (first, second) if first.executor == working else (second, first)


def _waits(world: World) -> bool:
    with world.database.connect() as connection:
        return bool(connection.exec_driver_sql("select 1 from dbos.operation_outputs").first())
