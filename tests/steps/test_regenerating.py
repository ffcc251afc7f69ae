"""A certificate is regenerated once, only over a self-signed one, and the local key is never used twice unasked."""

from datetime import timedelta

import pytest

from certrenew import x509
from certrenew.app.commands import Retry
from certrenew.domain.model import SecurityMode
from certrenew.domain.renewal import State
from certrenew.testing import hierarchy
from certrenew.testing.bench import BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.itlrecovery import ITLRECOVERY

REGENERATE = "regenerate cucm-pub ITLRecovery"


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(ITLRECOVERY, CALLMANAGER, cluster={"phones": 2})


def test_a_line_cut_before_the_command_arrived_regenerates_it_once(bench: Bench) -> None:
    bench.cluster.trouble.lose_request(REGENERATE)
    assert bench.run(bench.approved()).state is State.SUCCEEDED
    assert bench.acts.count(REGENERATE) == 1


def test_a_node_that_falls_silent_right_after_it_is_looked_at_and_not_asked_again(bench: Bench) -> None:
    renewal = bench.approved()
    regenerate = bench.cluster.regenerate

    def then_silent(node: object, purpose: str) -> None:
        regenerate(node, purpose)  # type: ignore[arg-type]
        bench.cluster.trouble.silent("identity cucm-pub ITLRecovery", times=2)

    bench.cluster.regenerate = then_silent  # type: ignore[method-assign]
    assert bench.run(renewal).state is State.SUCCEEDED
    assert bench.acts.count(REGENERATE) == 1


def test_a_certificate_that_an_authority_signed_is_never_overwritten(bench: Bench) -> None:
    key = hierarchy.new_key()
    csr = hierarchy.signing_request("cucm-pub.example.com", ["cucm-pub.example.com"], CALLMANAGER.usages, key)
    for node in bench.cluster.nodes.values():
        node.stored["ITLRecovery"] = hierarchy.issue(csr, now=bench.clock.now(), days=30)
    found = bench.run(bench.approved())
    assert "must not take its place" in found.reason
    assert bench.acts == []


def test_a_node_that_only_says_that_it_did_is_not_believed(bench: Bench) -> None:
    bench.cluster.regenerate = lambda node, purpose: None  # type: ignore[method-assign]
    found = bench.run(bench.approved())
    assert found.state is State.STOPPED
    assert "as before" in found.reason


def test_a_node_whose_clock_is_wrong_is_noticed(bench: Bench) -> None:
    renewal = bench.approved()

    def early(_node: object, purpose: str) -> None:
        start = bench.clock.now() - timedelta(days=9000)
        pem = hierarchy.self_signed("ITLRecovery", hierarchy.new_key(), start=start, days=7300)
        for node in bench.cluster.nodes.values():
            node.stored[purpose] = pem

    bench.cluster.regenerate = early  # type: ignore[method-assign]
    assert "Look at the clock" in bench.run(renewal).reason


@pytest.mark.parametrize("told", [True, False])
def test_after_a_crash_the_signer_of_the_list_tells_whether_the_key_was_used(
    bench: Bench, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = type(bench.cluster.open(bench.cluster.cluster).node("cucm-pub"))
    if not told:
        monkeypatch.setattr(session, "trust_list_signer", lambda self, kind: "")
    bench.cluster.trouble.crash_after("reset_itl_key")
    renewal = bench.approved()
    found = bench.run_through_crashes(renewal)
    if told:
        assert found.state is State.SUCCEEDED
        assert bench.acts.count("reset_itl_key cucm-pub") == 1
        return
    assert "nothing shows whether it went through" in found.reason
    bench.do(Retry(renewal=renewal), BOB)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_the_order_that_skips_the_bridge_stops_when_phones_do_not_come_back(make_bench: MakeBench) -> None:
    """Where TVS does not vouch for a new ITLRecovery certificate, as most likely it does not."""
    bench = make_bench(
        ITLRECOVERY,
        CALLMANAGER,
        cluster={"security_mode": SecurityMode.MIXED, "phones": 4, "device_pools": ("A", "B")},
    )
    without = bench.planner.plan
    bench.planner.plan = lambda command: without(  # type: ignore[method-assign]
        type(command)(purpose=command.purpose, cluster=command.cluster, runbook="cisco-214231")
    )
    found = bench.run(bench.approved())
    assert found.state is State.STOPPED
    assert found.current is not None
    assert found.current.kind == "await_phones"
    assert [act for act in bench.acts if act.startswith("reset_device_pool")] == ["reset_device_pool A"]


def test_what_is_proven_is_that_every_node_stores_the_same_new_one(bench: Bench) -> None:
    bench.run(bench.approved())
    stored = {x509.fingerprint_of(node.stored["ITLRecovery"]) for node in bench.cluster.nodes.values()}
    assert len(stored) == 1
