"""Asking for a renewal: once under a key, and one open renewal per cluster."""

import threading

import pytest

from certrenew.app.commands import Abandon, Renew
from certrenew.app.decisions import Answer
from certrenew.domain.errors import CertrenewError, CommandRefused, PlanRefused, StepFailed
from certrenew.domain.renewal import State
from certrenew.testing.bench import ALICE, Bench
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


# ---- asking -----------------------------------------------------------------------------------------------


def test_the_same_key_makes_one_renewal_and_gives_the_same_answer(bench: Bench) -> None:
    first = bench.do(RENEW, ALICE, key="k")
    second = bench.do(RENEW, ALICE, key="k")
    assert second.text == first.text
    assert bench.told() == ["planned"]
    assert bench.mailbox.started == [first.renewal]


def test_a_second_renewal_of_a_cluster_is_refused_and_the_one_in_the_way_is_named(bench: Bench) -> None:
    first = bench.ask()
    with pytest.raises(CommandRefused, match=rf"{first[:8]}.*asked for by Alice.*nothing has changed"):
        bench.ask()
    bench.do(Abandon(renewal=first, reason="wrong cluster"), ALICE)
    bench.run(first)
    assert bench.ask() != first


@pytest.mark.parametrize("same_key", [True, False])
def test_of_two_requests_at_once_one_succeeds(bench: Bench, same_key: bool) -> None:
    answers: list[Answer | CertrenewError] = []
    ready = threading.Barrier(2)

    def ask(number: int) -> None:
        ready.wait()
        try:
            answers.append(bench.service.handle(RENEW, ALICE, key="k" if same_key else f"k{number}"))
        except CertrenewError as error:
            answers.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [answer for answer in answers if isinstance(answer, Answer)]
    assert bench.told() == ["planned"]
    if same_key:
        assert len({answer.text for answer in good}) == 1
        assert len(good) == 2
    else:
        assert len(good) == 1
        assert "already has an open renewal" in str(next(a for a in answers if not isinstance(a, Answer)))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Renew(purpose="nonsense", cluster="lab"), "No plugin renews"),
        (Renew(purpose="callmanager", cluster="nowhere"), "not configured"),
        (Renew(purpose="callmanager", cluster="lab", authority="other"), "no certificate authority"),
    ],
)
def test_what_does_not_exist_is_refused_in_words(bench: Bench, command: Renew, words: str) -> None:
    with pytest.raises(CommandRefused, match=words):
        bench.do(command, ALICE)
    assert bench.told() == []


def test_a_waiting_request_is_not_destroyed_unasked(bench: Bench) -> None:
    bench.cluster.open(bench.cluster.cluster).node("cucm-pub").generate_csr("CallManager")
    with pytest.raises(PlanRefused, match="--replace-csr"):
        bench.ask()
    renewal = bench.ask(replace_csr=True)
    assert any("replaced" in caution for caution in bench.get(renewal).plan.cautions)
    bench.approve(renewal)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_cluster_that_cannot_be_read_gets_no_plan(bench: Bench) -> None:
    bench.cluster.trouble.silent("services", times=5)
    with pytest.raises(PlanRefused, match="Nothing has changed"):
        bench.ask()
