"""What does not answer, and what answers too late: asked again a bounded number of times."""

from typing import Any

import pytest

from certrenew.app.commands import Retry, Skip
from certrenew.app.moves import Wait
from certrenew.app.runner import BACKOFF
from certrenew.domain.approval import Gate
from certrenew.domain.errors import CommandRefused, StepFailed
from certrenew.domain.renewal import Renewal, State
from certrenew.testing.bench import ALICE, BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER

SMALL = {"nodes": ("cucm-pub",), "phones": 2}


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, cluster=SMALL)


def count(bench: Bench, prefix: str) -> int:
    return sum(act.startswith(prefix) for act in bench.acts)


def stopped_at(renewal: Renewal) -> str:
    assert renewal.state is State.STOPPED, (renewal.state, renewal.reason)
    return renewal.current.kind if renewal.current else ""


def held_locks(bench: Bench) -> list[Any]:
    with bench.engine.connect() as connection:
        return list(connection.exec_driver_sql("select renewal from held_lock"))


# ---- what does not answer -------------------------------------------------------------------------


def test_a_node_that_is_away_for_a_while_is_asked_again(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.silent("generate_csr", times=len(BACKOFF))
    assert bench.run(renewal).state is State.SUCCEEDED
    assert count(bench, "generate_csr") == 1


def test_a_node_that_stays_away_stops_the_renewal_and_says_for_how_long(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.silent("generate_csr", times=99)
    found = bench.run(renewal)
    assert stopped_at(found) == "generate_csr"
    assert f"{len(BACKOFF) + 1} times" in found.reason
    assert bench.cluster.trouble.calls.count("generate_csr cucm-pub CallManager") == len(BACKOFF) + 1


def test_the_waits_between_tries_grow(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.silent("generate_csr", times=3)
    waits: list[float] = []
    while bench.get(renewal).gate is not Gate.RELEASE:
        move = bench.runner.advance(renewal)
        if isinstance(move, Wait):
            waits.append(move.seconds)
            bench.let_pass(move)
    assert waits[:3] == [1.0, 2.0, 4.0]


def test_tries_of_an_earlier_look_do_not_count_against_the_first_step(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.silent("version", times=8)
    bench.cluster.trouble.silent("replication_problems", times=8)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_refused_act_stops_and_can_be_retried(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail("upload_identity", StepFailed("The node is in a bad mood."))
    assert stopped_at(bench.run(renewal)) == "upload_identity"
    bench.do(Retry(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.SUCCEEDED
    assert count(bench, "upload_identity") == 1


def test_a_lost_answer_is_looked_up_and_the_act_not_repeated(bench: Bench) -> None:
    renewal = bench.approved()
    for act in ("generate_csr", "submit", "upload_identity", "restart cucm-pub Cisco Tftp"):
        bench.cluster.trouble.lose_answer(act)
    assert bench.run(renewal).state is State.SUCCEEDED
    assert [count(bench, act) for act in ("generate_csr", "submit", "upload_identity", "restart")] == [1, 1, 1, 5]


def test_a_lost_request_is_repeated_once_the_node_shows_that_nothing_happened(bench: Bench) -> None:
    renewal = bench.approved()
    for act in ("generate_csr", "submit", "upload_identity", "restart cucm-pub Cisco Tftp"):
        bench.cluster.trouble.lose_request(act)
    assert bench.run(renewal).state is State.SUCCEEDED
    assert [count(bench, act) for act in ("generate_csr", "submit", "upload_identity", "restart")] == [1, 1, 1, 5]


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_person_decides_when_nothing_shows_whether_the_act_went_through(bench: Bench, took_effect: bool) -> None:
    renewal = bench.approved()
    trouble = bench.cluster.trouble
    (trouble.lose_answer if took_effect else trouble.lose_request)("reset_device_pool")
    found = bench.run(renewal)
    assert stopped_at(found) == "reset_phones"
    assert "skip" in found.reason
    assert "retry" in found.reason
    with pytest.raises(CommandRefused, match="approvers"):
        bench.do(Retry(renewal=renewal), ALICE)
    bench.do(Skip(renewal=renewal, reason="seen on the phones") if took_effect else Retry(renewal=renewal), BOB)
    assert bench.run(renewal).state is State.SUCCEEDED
    assert count(bench, "reset_device_pool") == 1
