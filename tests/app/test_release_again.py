"""A release is for the cluster as it was seen: when that has changed, somebody must release again."""

import pytest

from certrenew.app.commands import Release, Retry, Skip
from certrenew.domain.approval import Gate
from certrenew.domain.errors import CommandRefused, Unreachable
from certrenew.domain.model import SecurityMode
from certrenew.domain.renewal import State
from certrenew.testing.bench import ALICE, BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER

SMALL = {"nodes": ("cucm-pub",), "phones": 2, "security_mode": SecurityMode.MIXED}


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, cluster=SMALL)


def test_a_retry_after_the_cluster_changed_at_the_gate_needs_a_new_release(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False)
    service = bench.cluster.nodes["cucm-pub"].services["Cisco CTIManager"]
    service.active = False
    bench.do(Release(renewal=renewal.id), BOB)
    assert bench.run(renewal.id, release=False).state is State.STOPPED
    service.active = True
    bench.do(Retry(renewal=renewal.id), ALICE)
    waiting = bench.run(renewal.id, release=False)
    assert (waiting.state, waiting.gate, waiting.released) == (State.WAITING, Gate.RELEASE, False)
    bench.do(Release(renewal=renewal.id), BOB)
    assert bench.run(renewal.id, release=False).state is State.SUCCEEDED


def test_the_ctl_update_of_a_mixed_cluster_cannot_be_skipped(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail("update_ctl cucm-pub", Unreachable("cucm-pub does not answer."), times=99)
    stopped = bench.run(renewal)
    assert stopped.state is State.STOPPED
    with pytest.raises(CommandRefused, match="cannot be skipped: after the restarts secure phones"):
        bench.do(Skip(renewal=renewal, reason="in a hurry"), BOB)
