"""Trust anchors in the middle of a change are seen on every node and port, and again right before the first upload."""

import pytest

from certrenew import x509
from certrenew.app.commands import Skip
from certrenew.domain.errors import CommandRefused, StepFailed
from certrenew.domain.renewal import Renewal, State
from certrenew.testing import hierarchy
from certrenew.testing.bench import BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.tvs import TVS

SMALL = {"nodes": ("cucm-pub", "cucm-sub1"), "phones": 4}


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, TVS, cluster=SMALL)


def replaced_by_hand(bench: Bench, node: str, purpose: str) -> None:
    """It is stored, and nothing was restarted."""
    name = f"{node}.example.com"
    bench.cluster.nodes[node].stored[purpose] = hierarchy.self_signed(
        name, hierarchy.new_key(), start=bench.clock.now(), days=700
    )


def stops_untouched(bench: Bench, found: Renewal, said: str) -> None:
    assert found.state is State.STOPPED
    assert said in found.reason
    assert not [act for act in bench.acts if "upload" in act]
    with pytest.raises(CommandRefused, match="lost for good"):
        bench.do(Skip(renewal=found.id, reason="never mind"), BOB)


def test_a_publisher_that_registers_no_phones_is_looked_at_as_well(bench: Bench) -> None:
    bench.cluster.nodes["cucm-pub"].services["Cisco CallManager"].active = False
    replaced_by_hand(bench, "cucm-pub", "TVS")
    stops_untouched(bench, bench.run(bench.approved("callmanager")), "cucm-pub stores TVS certificate")


def test_one_port_that_shows_the_old_certificate_is_enough(bench: Bench) -> None:
    node = bench.cluster.nodes["cucm-sub1"]
    replaced_by_hand(bench, "cucm-sub1", "CallManager")
    node.served[6972] = node.stored["CallManager"]
    found = bench.run(bench.approved("tvs"))
    stops_untouched(bench, found, f"still serves {x509.serial_of(node.served[5061])}")


def test_what_somebody_changed_while_the_release_was_waited_for_is_seen(bench: Bench) -> None:
    renewal = bench.approved("callmanager")
    assert not bench.run(renewal, release=False).released
    replaced_by_hand(bench, "cucm-sub1", "TVS")
    stops_untouched(bench, bench.run(renewal), "cucm-sub1 stores TVS certificate")


def test_within_a_campaign_the_next_anchor_waits_for_what_was_skipped_before_it(bench: Bench) -> None:
    renewal = bench.approved("all")
    bench.cluster.trouble.fail("restart cucm-sub1 Cisco Tftp", StepFailed("No."))
    found = bench.run(renewal)
    skipped: list[str] = []
    while found.current is not None and found.current.kind in ("restart_service", "prove_served"):
        skipped.append(found.current.kind)
        bench.do(Skip(renewal=renewal, reason="in a hurry"), BOB)
        found = bench.run(renewal)
    assert skipped == ["restart_service", "prove_served"]
    assert found.state is State.STOPPED, found.reason
    assert "cucm-sub1 stores CallManager certificate" in found.reason
    assert not [act for act in bench.acts if act.startswith("upload_identity") and act.endswith("TVS")]
