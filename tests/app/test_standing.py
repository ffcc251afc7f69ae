"""A stop is told soon, however many nodes are away."""

import threading
import time

import pytest

from certrenew.app import standing as module
from certrenew.app.standing import standing
from certrenew.domain.approval import Gate
from certrenew.testing.contract import MakeBench
from certrenew.testing.nodes import FakeNodeSession
from certrenew_plugins.callmanager import CALLMANAGER


def test_nodes_that_hang_share_one_patience(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench(CALLMANAGER, cluster={"nodes": ("cucm-pub", "cucm-sub1", "cucm-sub2"), "phones": 2})
    renewal = bench.run(bench.approved(), release=False)
    assert renewal.gate is Gate.RELEASE
    over = threading.Event()

    def hangs(_self: FakeNodeSession, _purpose: str) -> str:
        over.wait(5)
        return ""

    monkeypatch.setattr(FakeNodeSession, "identity", hangs)
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    began = time.monotonic()
    told = standing(renewal, bench.cluster.open(bench.cluster.cluster))
    took = time.monotonic() - began
    over.set()
    assert len(told) == 3
    assert took < 0.6
