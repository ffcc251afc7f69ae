"""The unit of work: all or nothing, locks, the inbox, leases, and a database that restarts."""

import threading
from dataclasses import replace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from certrenew.app.unit import Request
from certrenew.domain.errors import CommandRefused, DatabaseUnreachable
from certrenew.domain.renewal import Renewal, State, StepState
from certrenew.store.store import Store
from certrenew.testing.bench import FakeMailbox
from certrenew.testing.clock import FixedClock


def request(key: str, clock: FixedClock) -> Request:
    person = {"id": "local:ann", "name": "Ann", "mention": ""}
    return Request(key=key, command={"kind": "Renew"}, person=person, origin="C1", received_at=clock.now())


def test_a_renewal_is_read_back_as_it_was_written(store: Store, kept: Renewal) -> None:
    with store() as unit:
        found = unit.get(kept.id)
    assert found == kept
    assert found.plan.digest == kept.plan.digest
    assert [type(step) for step in found.plan.steps] == [type(step) for step in kept.plan.steps]


def test_a_unit_that_fails_leaves_nothing_behind(store: Store, mailbox: FakeMailbox, renewal: Renewal) -> None:
    with pytest.raises(KeyError), store() as unit:
        assert unit.take_locks(["cluster:lab"], renewal.id) is None
        unit.add(renewal)
        unit.start(renewal)
        unit.answer("key", "done")
        raise KeyError
    with store() as unit:
        assert unit.open_renewals() == []
        assert unit.answered("key") is None
        assert unit.take_locks(["cluster:lab"], "other") is None
    assert mailbox.told == [], "the engine is nudged after a commit only"


def test_what_changes_is_saved_and_what_does_not_stays(store: Store, kept: Renewal, clock: FixedClock) -> None:
    record = replace(kept.steps[0], state=StepState.WAITING, attempts=2, output={"a": [1, {"b": None}]}, error="x")
    with store() as unit:
        unit.save(replace(kept, state=State.WAITING, reason="r", gate=None, released=True, wake_at=clock.now()))
        unit.save_step(kept.id, record, progress={"low": 3})
    clock.advance(60)
    with store() as unit:
        unit.save_step(kept.id, record, progress={"low": 2})
        progress, since = unit.step_memory(kept.id, 1)
        found = unit.get(kept.id)
    assert (progress, since) == ({"low": 2}, clock.now().replace(minute=clock.now().minute - 1))
    assert found.steps[0] == record
    assert (found.state, found.reason, found.gate, found.released) == (State.WAITING, "r", None, True)
    with store() as unit:
        unit.save_step(kept.id, replace(record, state=StepState.DONE))
        assert unit.step_memory(kept.id, 1)[1] is None


@pytest.mark.parametrize("wanted", ["a1a1", "A1A1A1A1", "a1" * 16, "lab", " LAB "])
def test_a_renewal_is_found_by_the_beginning_of_its_id_or_by_its_cluster(
    store: Store, kept: Renewal, wanted: str
) -> None:
    with store() as unit:
        assert unit.find(wanted).id == kept.id


@pytest.mark.parametrize("wanted", ["", "a1", "____", "%%%%", "a1%1", "a1_1", "a1'1", "zzzz", "la"])
def test_nothing_is_found_by_a_wildcard_or_by_too_little(store: Store, kept: Renewal, wanted: str) -> None:
    with pytest.raises(CommandRefused, match="There is no renewal"), store() as unit:
        unit.find(wanted)


def test_an_id_that_fits_two_renewals_is_refused(store: Store, kept: Renewal) -> None:
    with store() as unit:
        unit.add(replace(kept, id="a1a1ffff" * 4))
    with pytest.raises(CommandRefused, match="More than one"), store() as unit:
        unit.find("a1a1")


def test_a_lock_is_held_by_one_and_names_its_holder(store: Store) -> None:
    with store() as unit:
        assert unit.take_locks(["b", "a"], "first") is None
    with store() as unit:
        assert unit.take_locks(["c", "a"], "second") == "first"
    with store() as unit:
        assert unit.take_locks(["c"], "third") is None, "a refused unit took nothing"
        unit.release_locks("first")
    with store() as unit:
        assert unit.take_locks(["a", "b"], "second") is None


def test_of_many_who_lock_at_once_one_succeeds(store: Store) -> None:
    got: list[str | None] = []
    ready = threading.Barrier(5)

    def take(name: str) -> None:
        ready.wait()
        with store.with_patience(20)() as unit:
            got.append(unit.take_locks(["cluster:lab"], name))

    threads = [threading.Thread(target=take, args=(f"r{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count(None) == 1
    assert len({holder for holder in got if holder}) == 1


def test_a_request_is_kept_once_and_answered_once(store: Store, clock: FixedClock) -> None:
    with store() as unit:
        assert unit.receive(request("k1", clock))
        assert not unit.receive(request("k1", clock))
        assert unit.receive(request("k2", clock))
    with store() as unit:
        assert [found.key for found in unit.unanswered(received_before=clock.now())] == ["k1", "k2"]
        assert unit.answer("k1", "done")
        assert not unit.answer("k1", "again")
        assert unit.answer("k2", "no", refused=True)
    with store() as unit:
        assert (unit.answered("k1"), unit.answered("k2"), unit.answered("k3")) == ("done", "no", None)
        assert (unit.was_refused("k1"), unit.was_refused("k2")) == (False, True)
        assert unit.unanswered(received_before=clock.now()) == []


def test_the_ledger_remembers_what_nobody_knows(store: Store, kept: Renewal, clock: FixedClock) -> None:
    with store() as unit:
        assert [unit.begin_attempt(kept.id, 3, "x", clock.now()) for _ in range(3)] == [1, 2, 3]
        unit.end_attempt(kept.id, 3, 2, "failed")
    with store() as unit:
        assert [found.try_number for found in unit.unknown_attempts(kept.id, 3)] == [1, 3]
        unit.forget_unknown(kept.id, 3, "slack:T1/U2")
        assert unit.unknown_attempts(kept.id, 3) == []
        assert unit.newest_attempt(kept.id, 3) == 3
        assert unit.newest_attempt(kept.id, 4) == 0


def test_a_lease_is_for_one_holder_until_it_runs_out(store: Store, clock: FixedClock) -> None:
    def hold(who: str) -> bool:
        with store() as unit:
            return unit.hold("observer:slack", who, 30)

    assert [hold("one"), hold("two"), hold("one")] == [True, False, True]
    clock.advance(31)
    assert [hold("two"), hold("one")] == [True, False]
    with store() as unit:
        unit.let_go("observer:slack")
    assert hold("one")


def test_only_who_took_a_renewal_up_last_owns_it(store: Store, kept: Renewal) -> None:
    with store() as unit:
        assert not unit.owns(kept.id, "one")
        assert unit.take_up(kept.id, "one")
        assert unit.owns(kept.id, "one")
    with store() as unit:
        assert unit.take_up(kept.id, "two")
    with store() as unit:
        assert (unit.owns(kept.id, "one"), unit.owns(kept.id, "two")) == (False, True)


def test_a_cursor_never_goes_back(store: Store) -> None:
    for number in (5, 9, 7):
        with store() as unit:
            unit.set_cursor("slack", number)
    with store() as unit:
        assert (unit.cursor("slack"), unit.cursor("other")) == (9, 0)


def test_a_reader_sees_the_last_commit_and_keeps_nobody_waiting(store: Store, kept: Renewal) -> None:
    with store(reading=True) as reader:
        assert reader.get(kept.id).state is State.PLANNED
        with store() as writer:
            writer.save(replace(kept, state=State.APPROVED))
    with store(reading=True) as reader:
        assert reader.get(kept.id).state is State.APPROVED


def test_work_goes_on_after_the_database_restarts(
    engine: sa.Engine, store: Store, kept: Renewal, clock: FixedClock
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("a file does not restart")
    with store() as unit:
        unit.get(kept.id)
    with engine.connect() as connection:
        mine = connection.scalar(sa.text("select pg_backend_pid()"))
        connection.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> :mine"
            ),
            {"mine": mine},
        )
    with store() as unit:
        assert unit.get(kept.id).id == kept.id


def test_a_connection_that_dies_in_the_middle_is_told_kindly_and_nothing_is_kept(
    engine: sa.Engine, store: Store, kept: Renewal
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("a file does not restart")
    with pytest.raises(DatabaseUnreachable), store() as unit:
        unit.save(replace(kept, state=State.APPROVED))
        with engine.connect() as connection:
            pid = unit.session.scalar(sa.text("select pg_backend_pid()"))
            connection.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": pid})
        unit.get(kept.id)
    with store() as unit:
        assert unit.get(kept.id).state is State.PLANNED


def test_a_renewal_is_read_without_its_steps_and_a_step_alone(store: Store, kept: Renewal) -> None:
    with store() as unit:
        assert unit.get(kept.id, steps=False) == replace(kept, steps=(), approvals=())
        assert unit.step(kept.id, 1) == kept.steps[0]
        with pytest.raises(CommandRefused):
            unit.step(kept.id, 9999)


def test_a_lock_that_is_given_back_while_it_is_looked_at_is_taken(store: Store) -> None:
    """The insert meets the lock, and a moment later nobody holds it: that is not the same as having it."""
    with store() as unit:
        assert unit.take_locks(["cluster:lab"], "one") is None
    with store() as unit:
        engine = cast("sa.Connection", cast("Any", unit).session.connection())
        given_back = False

        def give_back(connection: sa.Connection, clause: object, *_: object) -> None:
            nonlocal given_back
            if not given_back and str(clause).lower().startswith("select held_lock"):
                given_back = True
                connection.exec_driver_sql("delete from held_lock")

        sa.event.listen(engine, "before_execute", give_back)
        assert unit.take_locks(["cluster:lab"], "two") is None
        assert given_back
    with store() as unit:
        assert unit.take_locks(["cluster:lab"], "three") == "two"


def test_the_open_renewal_of_one_cluster_is_read_alone(store: Store, kept: Renewal) -> None:
    with store() as unit:
        assert [found.id for found in unit.open_renewals(cluster=kept.plan.cluster)] == [kept.id]
        assert unit.open_renewals(cluster="elsewhere") == []
