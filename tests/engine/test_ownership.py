"""Only the executor that took a renewal up last may act on it or write to it, whatever an older one still believes."""

from typing import Any

import pytest

from certrenew.app.context import LostOwnership
from certrenew.domain.renewal import State
from certrenew_plugins.callmanager import CALLMANAGER


def test_an_executor_that_was_replaced_before_its_act_does_not_act(make_bench: Any) -> None:
    bench = make_bench(CALLMANAGER)
    renewal = bench.approved()
    old, new = bench.another_runner("old"), bench.another_runner("new")
    asked: list[int] = []
    owns = old._ledger.owns

    def replaced(*given: Any) -> bool:
        asked.append(1)
        new.advance(renewal)
        return bool(owns(*given))

    old._ledger.owns = replaced
    while not asked:
        old.advance(renewal)
    assert len(bench.acts) == 1  # the new one's; the old one held its intent, and was stopped at the last moment
    bench.runner = new
    assert bench.run(renewal).state is State.SUCCEEDED
    assert sorted(bench.acts) == sorted(set(bench.acts))


def test_an_executor_that_was_replaced_writes_nothing(make_bench: Any) -> None:
    bench = make_bench(CALLMANAGER)
    renewal = bench.approved()
    old, new = bench.another_runner("old"), bench.another_runner("new")
    old.advance(renewal)
    new.advance(renewal)
    before = bench.get(renewal), len(bench.events())
    with pytest.raises(LostOwnership):
        old._ledger.notice(bench.get(renewal), "I am still here")
    with pytest.raises(LostOwnership):
        old._ledger.begin_phase(bench.get(renewal))
    assert (bench.get(renewal), len(bench.events())) == before


def test_an_executor_whose_lease_has_run_out_cannot_take_anything_up(make_bench: Any) -> None:
    bench = make_bench(CALLMANAGER)
    renewal = bench.approved()
    with bench.store() as unit:
        assert unit.take_up(renewal, "replica-without-lease")  # a process that has none, as on SQLite
        assert unit.owns(renewal, "replica-without-lease")
        unit.hold("executor:replica-dead", "replica-dead", -60.0)
        assert not unit.take_up(renewal, "replica-dead")
        assert not unit.owns(renewal, "replica-dead")
        assert unit.owns(renewal, "replica-without-lease")
