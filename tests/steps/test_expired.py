"""A certificate that expired while everybody waited for the release is not installed."""

import pytest

from certrenew.domain.approval import Gate
from certrenew.domain.renewal import State
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER


@pytest.mark.parametrize("nodes", [("cucm-pub",), ("cucm-pub", "cucm-sub1")])
def test_nothing_is_uploaded(make_bench: MakeBench, nodes: tuple[str, ...]) -> None:
    bench = make_bench(CALLMANAGER, cluster={"nodes": nodes, "phones": 2})
    renewal = bench.approved()
    assert bench.run(renewal, release=False).gate is Gate.RELEASE
    bench.clock.advance(400 * 86_400)
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "expired" in found.reason
    assert not any(act.startswith("upload") for act in bench.acts)
