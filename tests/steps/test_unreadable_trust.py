"""Trust stores that a node lists but does not print: the renewal goes on, and says what it could not see."""

import pytest

from certrenew.domain.errors import Unreadable
from certrenew.domain.renewal import State
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER


@pytest.mark.parametrize("node", ["cucm-pub", "cucm-sub1"])
def test_a_renewal_succeeds_although_a_node_does_not_print_its_trust_store(make_bench: MakeBench, node: str) -> None:
    bench = make_bench(CALLMANAGER)
    bench.cluster.trouble.fail(f"trust {node}", Unreadable("It lists a file but does not print it."), times=100)
    renewal = bench.run(bench.approved())
    assert renewal.state is State.SUCCEEDED, renewal.reason
    uploads = [act for act in bench.acts if act.startswith(f"upload_trust {node}")]
    assert len(uploads) == 2, "root and intermediate are uploaded, because nobody can tell whether they are there"
