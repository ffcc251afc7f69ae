"""A new ITLRecovery that phones have not learned: until they have, nothing restarts what would sign with it."""

import pytest

from certrenew.app.commands import Abandon, Renew, Settle
from certrenew.domain.errors import CommandRefused, StepFailed
from certrenew.domain.renewal import State
from certrenew.testing.bench import ALICE, BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.ipsec import IPSEC
from certrenew_plugins.itlrecovery import ITLRECOVERY
from certrenew_plugins.tomcat import TOMCAT

SMALL = {"nodes": ("cucm-pub", "cucm-sub1"), "phones": 4}


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(ITLRECOVERY, CALLMANAGER, TOMCAT, IPSEC, cluster=SMALL)


def abandoned(bench: Bench, at: str = "reset_itl_key") -> str:
    """It ended with the new certificate stored, and phones that know only the one before."""
    renewal = bench.approved("itlrecovery")
    bench.cluster.trouble.fail(at, StepFailed("No."))
    assert bench.run(renewal).state is State.STOPPED
    bench.do(Abandon(renewal=renewal, reason="window over"), ALICE)
    assert bench.run(renewal).state is State.ABANDONED
    assert bench.get(renewal).unsettled
    return renewal


@pytest.mark.parametrize("purpose", ["callmanager", "tomcat"])
@pytest.mark.parametrize("at", ["reset_itl_key", "reset_device_pool"])
def test_phones_that_are_registered_have_not_learned_the_new_signer(bench: Bench, purpose: str, at: str) -> None:
    renewal = abandoned(bench, at)
    with pytest.raises(CommandRefused, match="has not settled since") as refusal:
        bench.do(Renew(purpose=purpose, cluster="lab", force="soon"), ALICE)
    assert "ITLRecovery" in str(refusal.value)
    assert f"settle {renewal[:8]}" in str(refusal.value)


def test_what_restarts_no_tftp_does_not_wait(bench: Bench) -> None:
    abandoned(bench)
    assert bench.run(bench.approved("ipsec")).state is State.SUCCEEDED


def test_an_approver_answers_for_it(bench: Bench) -> None:
    renewal = abandoned(bench)
    bench.do(Settle(renewal=renewal, reason="finished by hand"), BOB)
    bench.do(Renew(purpose="tomcat", cluster="lab", force="soon"), ALICE)


def test_lists_that_the_new_certificate_signs_show_that_it_was_finished(bench: Bench) -> None:
    abandoned(bench)
    bench.cluster.trust_lists.write_itl()
    bench.do(Renew(purpose="tomcat", cluster="lab", force="soon"), ALICE)
