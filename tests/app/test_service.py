"""What people can do: once under a key, one open renewal per cluster, and only who may."""

import pytest

from certrenew.app.commands import Abandon, Approve, Change, Pause, Reject, Release, Renew, Resume, Retry, Skip
from certrenew.domain.approval import Gate, Policy
from certrenew.domain.errors import CommandRefused, NotAllowed, StepFailed
from certrenew.domain.renewal import State, Want
from certrenew.testing.bench import ALICE, BOB, CAROL, MALLORY, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER

SMALL = {"nodes": ("cucm-pub",), "phones": 2}
RENEW = Renew(purpose="callmanager", cluster="lab")


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, cluster=SMALL)


def stopped(bench: Bench) -> str:
    renewal = bench.approved()
    bench.cluster.trouble.fail("restart", StepFailed("No."))
    assert bench.run(renewal).state is State.STOPPED
    return renewal


# ---- approving ------------------------------------------------------------------------------------------------


def test_two_of_three_must_approve_and_both_are_on_record(make_bench: MakeBench) -> None:
    policy = Policy(approvers=frozenset({BOB.id, CAROL.id}), needed=2)
    bench = make_bench(CALLMANAGER, cluster=SMALL, policy=policy)
    renewal = bench.ask()
    assert "1 of 2" in bench.do(Approve(renewal=renewal), BOB).text
    assert bench.get(renewal).state is State.PLANNED
    with pytest.raises(CommandRefused, match="already approved"):
        bench.do(Approve(renewal=renewal), BOB)
    bench.do(Approve(renewal=renewal), CAROL)
    found = bench.get(renewal)
    assert found.state is State.APPROVED
    assert [vote.person.id for vote in found.approvals] == [BOB.id, CAROL.id]
    assert {vote.digest for vote in found.approvals} == {found.plan.digest}


def test_an_attempt_of_somebody_who_may_not_is_refused_and_on_record(bench: Bench) -> None:
    renewal = bench.ask()
    for person in (ALICE, MALLORY):
        with pytest.raises(NotAllowed):
            bench.do(Approve(renewal=renewal), person)
    refused = [event for event in bench.events(renewal) if event.what == "refused"]
    assert [event.actor for event in refused] == [ALICE.id, MALLORY.id]
    assert bench.get(renewal).state is State.PLANNED


def test_an_approval_of_another_digest_is_refused(bench: Bench) -> None:
    renewal = bench.ask()
    with pytest.raises(CommandRefused, match="not the plan"):
        bench.do(Approve(renewal=renewal, digest="0" * 64))
    bench.do(Approve(renewal=renewal, digest=bench.get(renewal).plan.digest))


def test_a_plan_that_nobody_approves_expires_and_frees_the_cluster(bench: Bench) -> None:
    renewal = bench.ask()
    bench.clock.advance(24 * 3600)
    with pytest.raises(CommandRefused, match="ask for a new plan"):
        bench.do(Approve(renewal=renewal))
    assert bench.run(renewal).state is State.EXPIRED
    bench.ask()


def test_a_rejection_needs_a_reason_and_ends_it(bench: Bench) -> None:
    renewal = bench.ask()
    with pytest.raises(CommandRefused, match="reason"):
        bench.do(Reject(renewal=renewal, reason=" "))
    bench.do(Reject(renewal=renewal, reason="not today"))
    assert bench.get(renewal).state is State.REJECTED
    with pytest.raises(CommandRefused, match="already rejected"):
        bench.do(Approve(renewal=renewal), CAROL)
    bench.ask()


def test_a_release_that_nothing_waits_for_is_refused(bench: Bench) -> None:
    renewal = bench.approved()
    with pytest.raises(CommandRefused, match="does not wait for a release"):
        bench.do(Release(renewal=renewal))
    bench.run(renewal, release=False)
    with pytest.raises(NotAllowed):
        bench.do(Release(renewal=renewal), ALICE)
    bench.do(Release(renewal=renewal))
    with pytest.raises(CommandRefused, match="does not wait for a release"):
        bench.do(Release(renewal=renewal), CAROL)


# ---- while it runs ---------------------------------------------------------------------------------------------


def test_a_pause_holds_before_the_next_step_and_resume_goes_on(bench: Bench) -> None:
    renewal = bench.approved()
    bench.runner.advance(renewal)
    bench.do(Pause(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.PAUSED
    before = len(bench.acts)
    bench.run(renewal)
    assert len(bench.acts) == before
    bench.do(Resume(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_after_a_pause_at_the_gate_it_waits_at_the_gate_again(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    bench.do(Pause(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.PAUSED
    bench.do(Resume(renewal=renewal), ALICE)
    found = bench.run(renewal, release=False)
    assert (found.state, found.gate) == (State.WAITING, Gate.RELEASE)
    assert found.reason
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_pause_does_not_undo_what_somebody_abandoned(bench: Bench) -> None:
    renewal = bench.approved()
    bench.runner.advance(renewal)
    bench.do(Abandon(renewal=renewal, reason="stop it"), ALICE)
    with pytest.raises(CommandRefused, match="abandon"):
        bench.do(Pause(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.ABANDONED


def test_resume_does_not_undo_what_somebody_abandoned(bench: Bench) -> None:
    renewal = bench.approved()
    bench.do(Pause(renewal=renewal), ALICE)
    bench.run(renewal)
    bench.do(Abandon(renewal=renewal, reason="stop it"), ALICE)
    with pytest.raises(CommandRefused, match="abandon"):
        bench.do(Resume(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.ABANDONED


@pytest.mark.parametrize("moves", [0, 3, 8, 12, 16, 22, 30])
def test_it_can_be_abandoned_at_every_point_and_nothing_follows(bench: Bench, moves: int) -> None:
    renewal = bench.approved()
    for _ in range(moves):
        bench.let_pass(bench.runner.advance(renewal))
        found = bench.get(renewal)
        if found.gate is Gate.RELEASE and not found.released:
            bench.do(Release(renewal=renewal))
    with pytest.raises(CommandRefused, match="reason"):
        bench.do(Abandon(renewal=renewal), ALICE)
    with pytest.raises(NotAllowed):
        bench.do(Abandon(renewal=renewal, reason="x"), MALLORY)
    bench.do(Abandon(renewal=renewal, reason="the change was withdrawn"), ALICE)
    before = list(bench.acts)
    ended = bench.run(renewal)
    assert ended.state is State.ABANDONED
    assert ended.reason.endswith("abandoned it: the change was withdrawn.")
    assert bench.acts == before
    assert bench.get(renewal).want is Want.NOTHING
    assert bench.told(renewal)[-1] == "abandoned"
    with bench.engine.connect() as connection:
        held = list(connection.exec_driver_sql("select resource from held_lock").scalars())
    assert held == ([] if ended.settled else ["trust-anchor:lab"])


def test_a_skip_needs_an_approver_a_reason_and_the_right_step(bench: Bench) -> None:
    renewal = stopped(bench)
    number = bench.get(renewal).current.number  # type: ignore[union-attr]
    with pytest.raises(CommandRefused, match="reason"):
        bench.do(Skip(renewal=renewal))
    with pytest.raises(NotAllowed):
        bench.do(Skip(renewal=renewal, reason="x"), ALICE)
    with pytest.raises(CommandRefused, match=f"stands at step {number}"):
        bench.do(Skip(renewal=renewal, reason="x", step=number + 1))
    bench.do(Skip(renewal=renewal, reason="restarted by hand", step=number))
    bench.cluster.nodes["cucm-pub"].start("Cisco Trust Verification Service", bench.clock.now())
    found = bench.run(renewal)
    assert found.state is State.SUCCEEDED
    assert found.steps[number - 1].evidence == {"skipped": "restarted by hand"}


@pytest.mark.parametrize("act", ["generate_csr", "submit", "registrations"])
def test_what_a_later_step_needs_cannot_be_skipped(bench: Bench, act: str) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail(act, StepFailed("No."))
    assert bench.run(renewal).state is State.STOPPED
    with pytest.raises(CommandRefused, match="later needs what it makes"):
        bench.do(Skip(renewal=renewal, reason="x"))
    bench.do(Retry(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.SUCCEEDED


@pytest.mark.parametrize(
    "command", [Retry(renewal="lab"), Skip(renewal="lab", reason="x"), Resume(renewal="lab")], ids=type
)
def test_a_running_renewal_can_be_neither_retried_nor_skipped_nor_resumed(bench: Bench, command: Change) -> None:
    renewal = bench.approved()
    bench.runner.advance(renewal)
    with pytest.raises(CommandRefused, match="nothing has changed"):
        bench.do(command)


def test_nobody_else_may_pause_retry_or_resume(bench: Bench) -> None:
    renewal = stopped(bench)
    for command in (Retry(renewal=renewal), Pause(renewal=renewal), Resume(renewal=renewal)):
        with pytest.raises(NotAllowed):
            bench.do(command, MALLORY)


def test_a_decision_is_made_once_under_its_key(bench: Bench) -> None:
    renewal = stopped(bench)
    first = bench.do(Retry(renewal=renewal), ALICE, key="click")
    assert bench.do(Retry(renewal=renewal), ALICE, key="click").text == first.text
    assert bench.told(renewal).count("retried") == 1


def test_every_decision_wakes_the_engine_after_its_commit(bench: Bench) -> None:
    renewal = bench.ask()
    bench.do(Approve(renewal=renewal), key="click")
    assert bench.mailbox.woken[-1] == (renewal, "click")
    assert bench.mailbox.told[-1] == renewal


def test_a_cluster_that_is_no_longer_configured_is_told_in_words(bench: Bench) -> None:
    renewal = bench.ask()
    bench.policies.clear()
    with pytest.raises(CommandRefused, match="not configured"):
        bench.do(Approve(renewal=renewal))
