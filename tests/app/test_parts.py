"""A campaign: each part sees its own outputs only, and may be left out as long as nothing of it was installed."""

from collections import Counter

import pytest

from certrenew.app.answers import renewal_lines
from certrenew.app.commands import Abandon, SkipPart
from certrenew.domain.errors import CommandRefused, NotAllowed, StepFailed
from certrenew.domain.events import What
from certrenew.domain.plan import Phase, Waiting
from certrenew.domain.renewal import Renewal, State, StepState
from certrenew.testing import hierarchy
from certrenew.testing.bench import ALICE, BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.ipsec import IPSEC

SMALL = {"nodes": ("cucm-pub",), "phones": 2}


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, IPSEC, cluster=SMALL)


def stopped_at_callmanager(bench: Bench) -> Renewal:
    """IPsec is installed; CallManager stops when it counts the phones anew, before anything of it changed."""
    renewal = bench.approved("all")
    bench.run(renewal, release=False)
    bench.cluster.trouble.fail("registered_phones", StepFailed("No."))
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert found.current is not None
    assert found.plan.part_of(found.current.number).purpose == "callmanager"
    return found


def test_one_gate_releases_all_parts_and_each_takes_its_own_outputs(bench: Bench) -> None:
    renewal = bench.run(bench.approved("all"))
    assert renewal.state is State.SUCCEEDED, renewal.reason
    assert bench.told(renewal.id).count("released") == 1
    leaves = {part.purpose: renewal.output("leaf", "cucm-pub", number=part.steps[0]) for part in renewal.plan.parts}
    assert len(set(leaves.values())) == len(leaves) == 2
    stored = bench.cluster.nodes["cucm-pub"].stored
    assert {"ipsec": stored["ipsec"], "callmanager": stored["CallManager"]} == leaves


def test_a_part_is_left_out_with_all_its_steps_and_the_rest_goes_on(bench: Bench) -> None:
    renewal = bench.run(bench.approved("all"), release=False)
    assert renewal.phase is Phase.INSTALL
    with pytest.raises(CommandRefused, match="reason"):
        bench.do(SkipPart(renewal=renewal.id, part="callmanager"))
    with pytest.raises(NotAllowed):
        bench.do(SkipPart(renewal=renewal.id, part="callmanager", reason="not tonight"), ALICE)
    command = SkipPart(renewal=renewal.id, part="CallManager", reason="not tonight")
    for _ in range(2):
        said = bench.do(command, BOB, key="once").text
        assert "goes on without CallManager; nothing of it was installed" in said
        assert "requests wait on cucm-pub unused" in said
    assert bench.told(renewal.id).count("part skipped") == 1
    found = bench.run(renewal.id)
    part = next(part for part in found.plan.parts if part.purpose == "callmanager")
    assert found.state is State.SUCCEEDED
    assert found.left_out(part)
    assert found.settled
    later = [one for one in found.records_of(part) if found.plan.steps[one.number - 1].phase is not Phase.PREPARE]
    assert Counter(record.state for record in later) == {StepState.SKIPPED: len(later)}
    assert not any("upload_identity cucm-pub CallManager" in act for act in bench.acts)
    assert any("left out" in line and "CallManager" in line for line in renewal_lines(found))


def test_a_part_that_was_left_out_may_be_renewed_by_hand_without_stopping_the_others(bench: Bench) -> None:
    renewal = bench.run(bench.approved("all"), release=False)
    approved = renewal.plan.digest
    bench.do(SkipPart(renewal=renewal.id, part="callmanager", reason="somebody does it by hand"))
    stored = bench.cluster.nodes["cucm-pub"].stored
    stored["CallManager"] = hierarchy.self_signed("cucm-pub", hierarchy.new_key(), start=bench.clock.now(), days=900)
    found = bench.run(renewal.id)
    assert found.state is State.SUCCEEDED, found.reason
    assert found.plan.digest == approved


def test_a_part_that_remains_still_stops_when_its_certificate_was_replaced(bench: Bench) -> None:
    renewal = bench.run(bench.approved("all"), release=False)
    bench.do(SkipPart(renewal=renewal.id, part="callmanager", reason="not tonight"))
    stored = bench.cluster.nodes["cucm-pub"].stored
    stored["ipsec"] = hierarchy.self_signed("cucm-pub", hierarchy.new_key(), start=bench.clock.now(), days=900)
    found = bench.run(renewal.id)
    assert found.state is State.STOPPED
    assert "cucm-pub stored certificate" in found.reason


def test_leaving_out_the_part_at_which_it_stopped_goes_on_by_itself(bench: Bench) -> None:
    found = stopped_at_callmanager(bench)
    bench.do(SkipPart(renewal=found.id, part="callmanager", reason="phones cannot be counted"))
    assert bench.run(found.id).state is State.SUCCEEDED


def test_a_part_that_was_begun_cannot_be_left_out(bench: Bench) -> None:
    renewal = bench.approved("all")
    bench.run(renewal, release=False)
    bench.cluster.trouble.fail("upload_identity cucm-pub CallManager", StepFailed("No."))
    assert bench.run(renewal).state is State.STOPPED
    with pytest.raises(CommandRefused, match="installation of CallManager has begun"):
        bench.do(SkipPart(renewal=renewal, part="callmanager", reason="enough"))
    with pytest.raises(CommandRefused, match="is finished"):
        bench.do(SkipPart(renewal=renewal, part="ipsec", reason="enough"))
    assert bench.get(renewal).state is State.STOPPED


@pytest.mark.parametrize(
    ("part", "said"), [("calmanager", "did you mean callmanager"), ("zzz", "it renews")], ids=["near", "far"]
)
def test_an_unknown_part_is_answered_with_the_nearest_right_one(bench: Bench, part: str, said: str) -> None:
    renewal = bench.run(bench.approved("all"), release=False).id
    with pytest.raises(CommandRefused, match=said):
        bench.do(SkipPart(renewal=renewal, part=part, reason="x"))


def test_what_cannot_be_left_out_is_refused_with_what_to_do_instead(bench: Bench) -> None:
    renewal = bench.ask("all")
    with pytest.raises(CommandRefused, match="not approved yet"):
        bench.do(SkipPart(renewal=renewal, part="ipsec", reason="x"))
    bench.approve(renewal)
    bench.run(renewal, release=False)
    bench.do(SkipPart(renewal=renewal, part="ipsec", reason="x"))
    with pytest.raises(CommandRefused, match="left out already"):
        bench.do(SkipPart(renewal=renewal, part="ipsec", reason="x"))
    with pytest.raises(CommandRefused, match="Nothing else is left"):
        bench.do(SkipPart(renewal=renewal, part="callmanager", reason="x"))
    bench.do(Abandon(renewal=renewal, reason="x"), ALICE)
    assert bench.run(renewal).state is State.ABANDONED
    with pytest.raises(CommandRefused, match="already abandoned"):
        bench.do(SkipPart(renewal=renewal, part="callmanager", reason="x"))
    single = bench.ask("ipsec", replace_csr=True)
    bench.approve(single)
    with pytest.raises(CommandRefused, match="abandon it instead"):
        bench.do(SkipPart(renewal=single, part="ipsec", reason="x"))


def test_a_stop_says_for_each_purpose_what_is_true(bench: Bench) -> None:
    found = stopped_at_callmanager(bench)
    stop = next(event for event in reversed(bench.events(found.id)) if event.what == "stopped")
    now = stop.details["now"]
    assert isinstance(now, list)
    assert "CallManager: nothing was uploaded or restarted yet." in now
    assert any(str(line).startswith("cucm-pub stores the new certificate") for line in now)


def test_a_step_that_is_left_out_while_it_waits_stays_left_out(bench: Bench) -> None:
    bench.authority.pending = 50
    renewal = bench.approved("all")
    for _ in range(200):
        bench.runner.advance(renewal)
        found = bench.get(renewal)
        if found.state is State.WAITING:
            break
    assert found.current is not None
    waiting = found.current
    part = found.plan.part_of(waiting.number)
    step = found.plan.steps[waiting.number - 1]
    bench.do(SkipPart(renewal=renewal, part=part.purpose, reason="the authority is away"))
    assert not bench.runner._ledger.wait(found, waiting, step, Waiting("still", 5.0))
    bench.runner._ledger.stop(found, waiting, "late", [], What.STOPPED)
    assert bench.get(renewal).steps[waiting.number - 1].state is StepState.SKIPPED
    assert bench.get(renewal).state is State.WAITING
