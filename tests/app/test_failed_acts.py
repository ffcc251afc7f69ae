"""An act that failed is repeated by a person only, however the bot ends between the failure and its record."""

import pytest

from certrenew.app.moves import Wait
from certrenew.domain.approval import Gate
from certrenew.domain.errors import AnswerLost, CommandRefused, StepFailed
from certrenew.domain.renewal import State
from certrenew.slack.buttons import buttons, read
from certrenew.testing.bench import ALICE, BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew.testing.trouble import Crash, Fault
from certrenew_plugins.callmanager import CALLMANAGER

TFTP = "restart cucm-pub Cisco Tftp"


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, cluster={"nodes": ("cucm-pub",), "phones": 2})


def test_a_crash_while_the_nodes_are_read_for_a_failure_does_not_repeat_the_act(bench: Bench) -> None:
    """The restart goes through, the node then says something strange, and the bot dies before it has stopped."""
    renewal = bench.approved()
    trouble = bench.cluster.trouble
    restarted = bench.cluster.restarted

    def and_then(node: str, service: str) -> None:
        restarted(node, service)
        if service == "Cisco Tftp":
            trouble.crash_after("identity cucm-pub")

    bench.cluster.restarted = and_then  # type: ignore[method-assign]
    trouble.faults.append(Fault(TFTP, StepFailed("The node said something strange."), 1, after=True))
    with pytest.raises(Crash):
        bench.run(renewal)
    bench.restart()
    found = bench.run(renewal)
    assert found.state is State.SUCCEEDED, found.reason
    assert bench.acts.count(TFTP) == 1


def test_the_number_of_attempts_never_goes_back(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail("generate_csr", AnswerLost("The line was cut."))
    while not any(call.startswith("generate_csr") for call in bench.cluster.trouble.calls):
        bench.let_pass(bench.runner.advance(renewal))
    record = bench.get(renewal).current
    assert record is not None
    assert record.kind == "generate_csr"
    assert record.attempts == 1
    assert record.started_at is not None


@pytest.mark.parametrize("retry_after", [0.0, -5.0, float("inf"), 1e12])
def test_an_authority_that_names_no_sensible_time_neither_spins_nor_stops_the_bot(
    make_bench: MakeBench, retry_after: float
) -> None:
    bench = make_bench(CALLMANAGER, cluster={"nodes": ("cucm-pub",), "phones": 2})
    bench.authority.pending, bench.authority.retry_after = 2, retry_after
    renewal = bench.approved()
    waits: list[float] = []
    while (found := bench.get(renewal)).gate is not Gate.RELEASE:
        assert found.state is not State.STOPPED, found.reason
        move = bench.runner.advance(renewal)
        if isinstance(move, Wait) and bench.get(renewal).gate is None:
            waits.append(move.seconds)
        bench.let_pass(move)
    assert waits
    assert all(1.0 <= seconds <= 86_400 for seconds in waits)


def test_two_people_who_retry_the_same_stop_cause_one_attempt(bench: Bench) -> None:
    """The second click comes when the first one's attempt has failed as well: it was not meant for that."""
    renewal = bench.approved()
    bench.cluster.trouble.fail(TFTP, StepFailed("The node is in a bad mood."), times=2)
    stopped = bench.run(renewal)
    policy = bench.policies[stopped.plan.cluster]
    button = buttons(stopped, policy)[0]
    click = read(button["action_id"], button["value"]).command()
    bench.do(click, ALICE)
    assert bench.run(renewal).state is State.STOPPED
    with pytest.raises(CommandRefused, match="has gone on since"):
        bench.do(click, BOB)
    assert bench.cluster.trouble.calls.count(TFTP) == 2
    button = buttons(bench.get(renewal), policy)[0]
    bench.do(read(button["action_id"], button["value"]).command(), BOB)
    assert bench.run(renewal).state is State.SUCCEEDED
