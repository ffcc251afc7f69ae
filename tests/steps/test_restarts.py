"""A restart is proven by when the service started, is never asked for twice in haste, and is not waited for forever."""

from dataclasses import replace
from datetime import timedelta

import pytest

from certrenew.app.commands import Release
from certrenew.domain.approval import Gate
from certrenew.domain.errors import StepFailed
from certrenew.domain.renewal import State
from certrenew.testing.bench import Bench
from certrenew.testing.contract import MakeBench
from certrenew.testing.nodes import FakeNode
from certrenew_plugins.callmanager import CALLMANAGER

TVS = "Cisco Trust Verification Service"
RESTART = f"restart cucm-pub {TVS}"


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, cluster={"nodes": ("cucm-pub",), "phones": 2})


def test_a_service_that_never_restarted_is_not_proven_by_its_running(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node takes the command with words that nobody knows, and does nothing."""
    start = FakeNode.start

    def does_nothing(self: FakeNode, service: str, now: object) -> None:
        if service != TVS:
            start(self, service, bench.clock.now())

    renewal = bench.approved()
    monkeypatch.setattr(FakeNode, "start", does_nothing)
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert found.current is not None
    assert found.current.kind == "restart_service"
    assert "still the one from before" in found.reason


def test_where_nothing_tells_since_when_a_service_runs_its_state_has_to_do(bench: Bench) -> None:
    bench.cluster.trouble.fail("running_for", StepFailed("It does not say."), times=99)
    assert bench.run(bench.approved()).state is State.SUCCEEDED


def test_a_service_that_stays_starting_is_not_waited_for_for_ever(bench: Bench) -> None:
    renewal = bench.approved()
    restarted = bench.cluster.restarted

    def hangs(node: str, service: str) -> None:
        restarted(node, service)
        if service == TVS:
            bench.cluster.nodes[node].services[service].started_at += timedelta(days=1)

    bench.cluster.restarted = hangs  # type: ignore[method-assign]
    bench.pace = replace(bench.pace, service_timeout=60.0)
    bench.restart()
    bench.cluster.trouble.lose_answer(RESTART)
    found = bench.run(renewal, turns=500)
    assert found.state is State.STOPPED
    assert "a retry only looks again" in found.reason


def test_a_restart_that_begins_late_is_not_asked_for_again(bench: Bench) -> None:
    """The line is cut right after the command, and the node stops the service only ten seconds later."""
    renewal = bench.approved()
    trouble, node = bench.cluster.trouble, bench.cluster.nodes["cucm-pub"]
    trouble.lose_request(RESTART)
    asked = None
    for _ in range(500):
        if asked is None and RESTART in trouble.calls:
            asked = bench.clock.now()
        if asked is not None and bench.clock.now() >= asked + timedelta(seconds=10):
            node.start(TVS, bench.clock.now())
            break
        if bench.get(renewal).gate is Gate.RELEASE and not bench.get(renewal).released:
            bench.do(Release(renewal=renewal))
        bench.let_pass(bench.runner.advance(renewal))
    assert bench.run(renewal).state is State.SUCCEEDED
    assert trouble.calls.count(RESTART) == 1
