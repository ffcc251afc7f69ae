"""A signing request that somebody replaces after it was signed: noticed before anything is uploaded anywhere."""

from certrenew.domain.renewal import State
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER


def test_a_request_replaced_on_the_last_node_stops_before_the_first_upload(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER)
    renewal = bench.approved()
    bench.run(renewal, release=False)
    bench.cluster.new_request(bench.cluster.nodes["cucm-sub1"], "CallManager")
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert found.current is not None
    assert found.current.kind == "check_request"
    assert "destroyed our key" in found.current.error
    assert not [act for act in bench.acts if act.startswith("upload")]
