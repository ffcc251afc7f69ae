"""The bot dies: after every act, around every commit, in the middle of a takeover. Nothing happens twice."""

import random
from types import TracebackType
from typing import Self, cast

import pytest

from certrenew.app.commands import Release, Retry, Skip
from certrenew.app.moves import Wait
from certrenew.app.unit import UnitOfWork, Units
from certrenew.domain.errors import DatabaseUnreachable
from certrenew.domain.model import SecurityMode
from certrenew.domain.renewal import State, StepState
from certrenew.store.audit import verify
from certrenew.testing.bench import BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew.testing.trouble import Crash, Fault
from certrenew_plugins.callmanager import CALLMANAGER

SMALL = {"nodes": ("cucm-pub",), "phones": 2, "security_mode": SecurityMode.MIXED}


@pytest.fixture
def smooth(make_bench: MakeBench) -> Bench:
    bench = make_bench(CALLMANAGER, cluster=SMALL)
    bench.run(bench.approved())
    return bench


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, cluster=SMALL)


class FragileUnits:
    """Some commits, always the same ones, do not happen (`before`) or are the last thing that happens."""

    def __init__(self, units: Units, *, before: bool, seed: int) -> None:
        self.units = units
        self.before = before
        self.dice = random.Random(seed)
        self.crashes = 0

    def __call__(self, *, reading: bool = False) -> UnitOfWork:
        unit = self.units(reading=reading)
        return unit if reading else cast("UnitOfWork", FragileUnit(self, unit))


class FragileUnit:
    def __init__(self, fragile: FragileUnits, unit: UnitOfWork) -> None:
        self.fragile = fragile
        self.unit = unit

    def __enter__(self) -> Self:
        self.unit.__enter__()
        return self

    def __getattr__(self, name: str) -> object:
        return getattr(self.unit, name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        struck = kind is None and self.fragile.dice.random() < 0.25
        self.fragile.crashes += struck
        if struck and self.fragile.before:
            crash = Crash("before the commit")
            self.unit.__exit__(Crash, crash, None)
            raise crash
        self.unit.__exit__(kind, error, trace)
        if struck:
            raise Crash("after the commit")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("seed", [1, 2])
def test_crashes_around_commits_change_nothing_in_the_end(bench: Bench, smooth: Bench, before: bool, seed: int) -> None:
    renewal = bench.approved()
    fragile = FragileUnits(bench.store, before=before, seed=seed)
    bench.restart(units=fragile)
    while not bench.get(renewal).state.final:
        try:
            found = bench.run(renewal)
        except Crash:
            bench.restart(units=fragile)
            continue
        if found.state is State.STOPPED:  # the reset leaves no trace, so a person has to look
            assert found.current is not None
            assert found.current.kind == "reset_phones", found.reason
            done = any(act.startswith("reset") for act in bench.acts)
            bench.restart()
            bench.do(Skip(renewal=renewal, reason="seen") if done else Retry(renewal=renewal), BOB)
    found = bench.get(renewal)
    assert found.state is State.SUCCEEDED
    assert fragile.crashes > 20
    assert sorted(bench.acts) == sorted(smooth.acts)
    assert bench.told(renewal).count("succeeded") == 1
    assert bench.told(renewal).count("step finished") + bench.told(renewal).count("step skipped") == len(found.steps)
    assert verify(bench.engine).problem == ""


def test_after_a_crash_in_each_act_the_end_is_the_same(bench: Bench, smooth: Bench) -> None:
    renewal = bench.approved()
    for act in smooth.acts:
        bench.cluster.trouble.crash_after(act)
    found = bench.run_through_crashes(renewal)
    assert found.state is State.SUCCEEDED
    assert bench.acts == smooth.acts
    assert [record.output.keys() for record in found.steps] == [
        record.output.keys() for record in smooth.get(renewal).steps
    ]


def test_a_crash_before_an_act_leads_to_the_act(bench: Bench, smooth: Bench) -> None:
    renewal = bench.approved()
    for act in smooth.acts:
        if not act.startswith("reset"):
            bench.cluster.trouble.crash_before(act)
    assert bench.run_through_crashes(renewal).state is State.SUCCEEDED
    assert sorted(bench.acts) == sorted(smooth.acts)


def test_the_attempt_is_on_record_before_the_act(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.crash_before("upload_identity")
    with pytest.raises(Crash):
        bench.run(renewal)
    found = bench.get(renewal)
    assert found.current is not None
    assert (found.current.kind, found.current.state, found.current.attempts) == (
        "upload_identity",
        StepState.RUNNING,
        1,
    )
    with bench.store() as unit:
        assert len(unit.unknown_attempts(renewal, found.current.number)) == 1


def test_the_database_going_away_after_an_act_never_means_that_nothing_happened(bench: Bench, smooth: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    bench.do(Release(renewal=renewal))
    session = bench.cluster.trouble
    session.faults.clear()
    for act in ("upload_trust", "upload_identity", "restart"):
        for label in smooth.acts:
            if label.startswith(act):
                session.faults.append(Fault(label, DatabaseUnreachable("away"), 1, after=True))
    for _ in range(2000):
        try:
            move = bench.runner.advance(renewal)
        except DatabaseUnreachable:
            continue
        bench.let_pass(move)
        if bench.get(renewal).state in (State.SUCCEEDED, State.STOPPED):
            break
    assert bench.get(renewal).state is State.SUCCEEDED
    assert sorted(bench.acts) == sorted(smooth.acts)


def test_an_executor_that_was_taken_over_does_not_act(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    bench.do(Release(renewal=renewal))
    other = bench.another_runner("other")
    taken: list[str] = []
    original = bench.cluster.trouble.call

    def take_over_while_it_looks(label: str, *, act: bool = False):  # type: ignore[no-untyped-def]
        if label.startswith("trust ") and not taken:
            taken.append(label)
            other.advance(renewal)
        return original(label, act=act)

    bench.cluster.trouble.call = take_over_while_it_looks  # type: ignore[method-assign]
    moves = [bench.runner.advance(renewal)]
    while not taken:
        moves.append(bench.runner.advance(renewal))
        assert len(moves) < 20
    assert isinstance(moves[-1], Wait)
    bench.runner = other
    assert bench.run(renewal).state is State.SUCCEEDED
    assert sum(act.startswith("upload_trust") for act in bench.acts) == 2
    assert bench.told(renewal).count("step finished") == len(bench.get(renewal).steps)


def test_two_executors_at_once_do_each_act_once(bench: Bench, smooth: Bench) -> None:
    """Ownership goes back and forth with every move, as if two replicas could not agree."""
    renewal = bench.approved()
    one, two = bench.another_runner("one"), bench.another_runner("two")
    for turn in range(2000):
        move = (one, two)[turn % 2].advance(renewal)
        found = bench.get(renewal)
        if found.state.final:
            break
        if found.gate is not None and found.state is State.WAITING and not found.released:
            bench.do(Release(renewal=renewal))
        bench.let_pass(move)
    assert bench.get(renewal).state is State.SUCCEEDED
    assert sorted(bench.acts) == sorted(smooth.acts)
