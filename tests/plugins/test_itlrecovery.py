"""ITLRecovery: phones know the signer of every list that they are offered, in both modes and whatever breaks."""

from dataclasses import replace

import pytest

from certrenew.app.commands import Skip
from certrenew.certificates import Options
from certrenew.domain.errors import CommandRefused, PlanRefused
from certrenew.domain.model import SecurityMode, Snapshot
from certrenew.domain.plan import Phase, Plan
from certrenew.domain.renewal import State
from certrenew.testing.bench import BOB, Bench
from certrenew.testing.contract import CertificateTypeContract, MakeBench
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.itlrecovery import ITLRECOVERY

NODES = ("cucm-pub", "cucm-sub1", "cucm-sub2")
POOLS = ("Branch", "Default")


class TestItlRecovery(CertificateTypeContract):
    kind = ITLRECOVERY
    others = (CALLMANAGER,)
    cluster = {"nodes": NODES, "device_pools": POOLS}


def planned(mode: SecurityMode, **asked: str) -> Plan:
    return ITLRECOVERY.plan(TestItlRecovery().snapshot(mode), Options(**asked))


def kinds(plan: Plan, *wanted: str) -> list[str]:
    """The steps of these kinds in order, each followed by the pool or service that it is about."""
    named = [(step.kind, getattr(step, "device_pool", "") or getattr(step, "service", "")) for step in plan.steps]
    return [f"{kind} {about}".strip() for kind, about in named if kind in wanted]


WATCHED = (
    "regenerate_certificate",
    "sign_with_callmanager",
    "check_bridge",
    "reset_phones",
    "await_new_list",
    "sign_ctl",
    "restart_service",
)
POOLED = [f"reset_phones {pool}" for pool in POOLS]
TFTP = ["restart_service Cisco Tftp"] * 3


def test_without_mixed_mode_tftp_signs_anew_only_when_every_phone_has_the_list_in_between() -> None:
    assert kinds(planned(SecurityMode.NON_SECURE), *WATCHED) == [
        "regenerate_certificate",
        "sign_with_callmanager",
        "check_bridge",
        *POOLED,
        "await_new_list",
        *TFTP,
        *POOLED,
    ]


def test_in_mixed_mode_the_ctl_is_updated_between_the_two_rounds_of_resets() -> None:
    plan = planned(SecurityMode.MIXED)
    assert kinds(plan, *WATCHED) == [
        "regenerate_certificate",
        "sign_with_callmanager",
        "check_bridge",
        *POOLED,
        "await_new_list",
        "sign_ctl",
        *TFTP,
        *POOLED,
    ]
    assert {getattr(step, "file", "CTL") for step in plan.steps} == {"CTL"}


def test_the_field_notice_restarts_call_processing_between_but_never_tftp_before_the_phones_are_ready() -> None:
    plan = planned(SecurityMode.MIXED, runbook="cisco-fn70613")
    order = kinds(plan, *WATCHED)
    ready = order.index("await_new_list")
    assert [line for line in order[:ready] if "restart" in line] == [
        *["restart_service Cisco CallManager"] * 3,
        *["restart_service Cisco CTIManager"] * 3,
    ]
    assert "Cisco FN70613" in plan.sources


def test_the_order_without_the_bridge_is_there_to_choose_and_says_what_it_lacks() -> None:
    plan = planned(SecurityMode.MIXED, runbook="cisco-214231")
    tvs = ["restart_service Cisco Trust Verification Service"] * 3
    assert kinds(plan, *WATCHED) == ["regenerate_certificate", "sign_ctl", *tvs, *TFTP, *POOLED]
    assert any("deleted by hand" in line and "TVS" in line for line in plan.cautions)
    assert plan.sources[0] == "Cisco 214231"


def test_each_pool_is_back_before_the_next_one_is_reset() -> None:
    steps = planned(SecurityMode.NON_SECURE).steps
    resets = [number for number, step in enumerate(steps) if step.kind == "reset_phones"]
    assert [steps[number + 1].kind for number in resets] == ["await_phones"] * 4


def test_no_request_is_made_and_no_authority_takes_part() -> None:
    plan = planned(SecurityMode.NON_SECURE, authority="lab-ca")
    assert plan.authority == ""
    assert not {"generate_csr", "submit", "upload_identity"} & {step.kind for step in plan.steps}
    assert ITLRECOVERY.order == 0


def test_the_new_certificate_is_on_every_node_before_any_list_is_signed() -> None:
    steps = planned(SecurityMode.MIXED).steps
    waiting = [number for number, step in enumerate(steps) if step.kind == "await_regenerated"]
    assert [steps[number].node for number in waiting] == ["cucm-sub1", "cucm-sub2"]
    assert max(waiting) < next(number for number, step in enumerate(steps) if step.phase is Phase.ACTIVATE)


def older(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, nodes=tuple(replace(node, version="11.5.1.18900-97") for node in snapshot.nodes))


def test_a_release_where_each_node_has_its_own_is_refused() -> None:
    with pytest.raises(PlanRefused, match=r"Before release 12\.5 each node has a ITLRecovery|Before release 12\.5"):
        ITLRECOVERY.plan(older(TestItlRecovery().snapshot(SecurityMode.NON_SECURE)), Options())


def test_a_subscriber_is_not_where_it_is_renewed() -> None:
    with pytest.raises(PlanRefused, match="not on cucm-sub1"):
        ITLRECOVERY.plan(TestItlRecovery().snapshot(SecurityMode.NON_SECURE), Options(nodes=("cucm-sub1",)))


@pytest.fixture(params=[SecurityMode.NON_SECURE, SecurityMode.MIXED], ids=str)
def bench(request: pytest.FixtureRequest, make_bench: MakeBench) -> Bench:
    return TestItlRecovery().bench(make_bench, request.param)


def test_trust_lists_that_do_not_verify_stop_it_before_anything_changes(bench: Bench) -> None:
    bench.cluster.nodes["cucm-sub1"].trust_list_problems = ("The ITL file of cucm-sub1 does not verify.",)
    found = bench.run(bench.approved())
    assert found.state is State.STOPPED
    assert "does not verify" in found.reason
    assert bench.acts == []


def test_no_phone_is_lost(bench: Bench) -> None:
    assert bench.run(bench.approved()).state is State.SUCCEEDED
    assert bench.cluster.phones.stragglers == set()


def test_a_node_that_keeps_the_old_certificate_stops_it_while_phones_notice_nothing(bench: Bench) -> None:
    regenerate, old = bench.cluster.regenerate, bench.cluster.nodes["cucm-sub2"].stored["ITLRecovery"]

    def forgets(node: object, purpose: str) -> None:
        regenerate(node, purpose)  # type: ignore[arg-type]
        bench.cluster.nodes["cucm-sub2"].stored["ITLRecovery"] = old

    bench.cluster.regenerate = forgets  # type: ignore[method-assign]
    renewal = bench.approved()
    found = bench.run(renewal)
    assert "cucm-sub2 still stores" in found.reason
    with pytest.raises(CommandRefused, match="cannot be skipped"):
        bench.do(Skip(renewal=renewal, reason="never mind"), BOB)
    assert [act for act in bench.acts if "reset" in act] == []


def test_a_phone_that_did_not_fetch_the_list_keeps_tftp_from_restarting(bench: Bench) -> None:
    """Somebody says that a pool was reset when it was not, and skips it."""
    bench.cluster.phones.reset_pool = lambda name: None  # type: ignore[method-assign]
    renewal = bench.approved()
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "have not registered anew" in found.reason
    with pytest.raises(CommandRefused, match="cannot be skipped"):
        bench.do(Skip(renewal=renewal, reason="never mind"), BOB)
    assert [act for act in bench.acts if "Cisco Tftp" in act] == []


def test_a_local_key_that_was_not_used_keeps_phones_from_being_reset(bench: Bench) -> None:
    bench.cluster.trust_lists.write_itl = lambda signer="": None  # type: ignore[method-assign]
    bench.cluster.trust_lists.write_ctl = lambda signer="": None  # type: ignore[method-assign]
    found = bench.run(bench.approved())
    assert "not by CallManager" in found.reason
    assert [act for act in bench.acts if "reset_device_pool" in act] == []


def test_somebody_else_regenerated_it_meanwhile(bench: Bench) -> None:
    renewal = bench.approved()
    bench.run(renewal, release=False)
    bench.cluster.regenerate(bench.cluster.nodes["cucm-pub"], "ITLRecovery")
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "regenerate cucm-pub ITLRecovery" not in bench.acts


def test_a_node_that_stores_no_copy_is_found_before_anything_is_regenerated(make_bench: MakeBench) -> None:
    bench = make_bench(ITLRECOVERY, CALLMANAGER, cluster={"nodes": NODES})
    del bench.cluster.nodes["cucm-sub2"].stored["ITLRecovery"]
    before = bench.cluster.nodes["cucm-pub"].stored["ITLRecovery"]
    found = bench.run(bench.approved())
    assert "cucm-sub2 shows no ITLRecovery certificate" in found.reason
    assert "Nothing was regenerated" in found.reason
    assert bench.cluster.nodes["cucm-pub"].stored["ITLRecovery"] == before
