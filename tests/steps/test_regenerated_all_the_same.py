"""A node that regenerates a certificate and answers as if it had not is looked at, not taken for others' work."""

from datetime import timedelta

import pytest

from certrenew.app.commands import Retry
from certrenew.domain.errors import StepFailed
from certrenew.domain.renewal import State
from certrenew.testing.bench import BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.itlrecovery import ITLRECOVERY

REGENERATE = "regenerate cucm-pub ITLRecovery"


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(ITLRECOVERY, CALLMANAGER, cluster={"phones": 2})


def test_a_certificate_that_was_made_although_the_node_said_otherwise_is_taken(bench: Bench) -> None:
    regenerate = bench.cluster.regenerate

    def then_complain(node: object, purpose: str) -> None:
        regenerate(node, purpose)  # type: ignore[arg-type]
        raise StepFailed("The node said something that nobody knows.")

    bench.cluster.regenerate = then_complain  # type: ignore[method-assign]
    found = bench.run(bench.approved())
    assert found.state is State.SUCCEEDED, found.reason
    assert bench.cluster.phones.stragglers == set()


def test_a_refusal_that_changed_nothing_is_told_and_can_be_retried(bench: Bench) -> None:
    bench.cluster.trouble.fail(REGENERATE, StepFailed("The node refused."))
    renewal = bench.approved()
    assert "The node refused" in bench.run(renewal).reason
    bench.do(Retry(renewal=renewal), BOB)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_certificate_that_cannot_be_read_right_after_it_was_made_is_read_later(bench: Bench) -> None:
    regenerate, renewal = bench.cluster.regenerate, bench.approved()

    def then_unreadable(node: object, purpose: str) -> None:
        regenerate(node, purpose)  # type: ignore[arg-type]
        bench.cluster.trouble.fail("identity cucm-pub ITLRecovery", StepFailed("It prints nothing."))

    bench.cluster.regenerate = then_unreadable  # type: ignore[method-assign]
    found = bench.run(renewal)
    if found.state is State.STOPPED:
        bench.clock.advance(timedelta(minutes=5).total_seconds())
        bench.do(Retry(renewal=renewal), BOB)
        found = bench.run(renewal)
    assert found.state is State.SUCCEEDED, found.reason
    assert bench.acts.count(REGENERATE) == 1
