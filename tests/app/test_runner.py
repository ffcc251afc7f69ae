"""Whole renewals on a fake cluster: what the runner does when everything works, and when it does not."""

import json
from typing import Any

import pytest

from certrenew.app.commands import Release, Retry
from certrenew.domain.approval import Gate
from certrenew.domain.model import PhoneInteraction, SecurityMode
from certrenew.domain.renewal import Renewal, State, StepState
from certrenew.testing.bench import ALICE, Bench
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


# ---- when everything works ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(SecurityMode))
def test_every_phone_is_back_and_every_step_has_a_line_in_the_audit(make_bench: MakeBench, mode: SecurityMode) -> None:
    bench = make_bench(CALLMANAGER, cluster={"security_mode": mode})
    renewal = bench.run(bench.approved())
    assert renewal.state is State.SUCCEEDED
    assert all(record.state is StepState.DONE for record in renewal.steps)
    assert bench.told().count("step finished") == len(renewal.steps)
    assert bench.told()[-1] == "succeeded"
    assert [bench.cluster.phones.on(node) for node in bench.cluster.nodes] == [3, 3]
    assert count(bench, "update_ctl") == (mode is SecurityMode.MIXED)


def test_the_locks_are_held_until_the_end_and_not_longer(bench: Bench) -> None:
    renewal = bench.ask()
    assert held_locks(bench)
    bench.approve(renewal)
    bench.run(renewal, release=False)
    assert held_locks(bench)
    bench.run(renewal)
    assert held_locks(bench) == []


def test_nothing_is_installed_before_the_release(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False)
    assert (renewal.state, renewal.gate) == (State.WAITING, Gate.RELEASE)
    assert count(bench, "upload") == 0
    assert bench.told().count("gate reached") == 1
    bench.runner.advance(renewal.id)
    assert bench.told().count("gate reached") == 1, "a gate is announced once"


def test_no_certificate_is_repeated_in_the_evidence_or_the_audit(bench: Bench) -> None:
    renewal = bench.run(bench.approved())
    assert "-----BEGIN" not in json.dumps([dict(record.evidence) for record in renewal.steps])
    assert "-----BEGIN" not in json.dumps([dict(event.details) for event in bench.events()])


def test_a_session_is_closed_when_the_renewal_ends(bench: Bench) -> None:
    bench.run(bench.approved())
    opened = sum(call.startswith("open") for call in bench.cluster.trouble.calls)
    assert bench.cluster.trouble.calls.count("close") == opened


# ---- the certificate authority takes its time -----------------------------------------------------


def test_an_authority_that_takes_days_is_waited_for(make_bench: MakeBench) -> None:
    hour = 3600.0
    bench = make_bench(CALLMANAGER, cluster=SMALL, authority={"pending": 72, "retry_after": hour})
    started = bench.clock.now()
    renewal = bench.run(bench.approved())
    assert renewal.state is State.SUCCEEDED
    assert (bench.clock.now() - started).days >= 2
    assert count(bench, "submit") == 1
    assert bench.told().count("step waiting") < 20, "a wait is told once, not at each look"


def test_a_refusal_by_the_authority_stops_before_any_upload(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster=SMALL, authority={"refuses": "The template is not allowed."})
    renewal = bench.run(bench.approved())
    assert stopped_at(renewal) == "submit"
    assert "The template is not allowed." in renewal.reason
    assert count(bench, "upload") == 0


def test_a_certificate_that_ends_too_soon_is_not_uploaded(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster=SMALL, authority={"days": 0.5})
    renewal = bench.run(bench.approved())
    assert stopped_at(renewal) == "validate"
    assert count(bench, "upload") == 0


# ---- the plan must still hold ---------------------------------------------------------------------


def test_a_change_before_the_preparation_stops_and_says_what_changed(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.phones.add("SEPNEW", "Branch", "cucm-pub")
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "Reset the phones of device pool Branch" in found.reason
    assert bench.told()[-1] == "plan changed"
    assert bench.acts == []


def test_a_change_before_the_installation_stops_and_goes_on_when_it_is_put_back(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    tftp = bench.cluster.nodes["cucm-pub"].services.pop("Cisco Tftp")
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "Restart Cisco Tftp" in found.reason
    assert count(bench, "upload") == 0
    bench.cluster.nodes["cucm-pub"].services["Cisco Tftp"] = tftp
    bench.do(Retry(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_certificate_that_somebody_replaced_meanwhile_stops_it(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    session = bench.cluster.open(bench.cluster.cluster).node("cucm-pub")
    bench.cluster.nodes["cucm-pub"].stored["CallManager"] = bench.authority.roots()[0]
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "stored certificate" in found.reason
    assert session.pending_csr("CallManager") is not None


def test_a_request_that_somebody_generated_anew_is_never_uploaded_over(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    bench.cluster.open(bench.cluster.cluster).node("cucm-pub").generate_csr("CallManager")
    found = bench.run(renewal)
    assert "destroyed our key" in found.reason.replace("\n", " ")
    assert count(bench, "upload") == 0


# ---- phones ---------------------------------------------------------------------------------------


def test_phones_that_stay_away_stop_the_renewal_by_name(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER)
    bench.cluster.phones.stragglers = {"SEP000000000003"}
    renewal = bench.approved()
    found = bench.run(renewal)
    assert stopped_at(found) == "await_phones"
    assert "SEP000000000003" in found.reason
    assert "5 of 6" in found.reason
    phone = bench.cluster.phones.phones[3]
    bench.cluster.phones.stragglers.clear()
    phone.back_at = bench.clock.now()
    bench.do(Retry(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_second_upload_waits_for_the_phones_that_the_first_one_reset(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster={"phone_interaction": PhoneInteraction.AUTOMATIC})
    renewal = bench.approved()
    here: list[int] = []
    original = bench.cluster.uploaded

    def uploaded(purpose: str) -> None:
        here.append(sum(bench.cluster.phones.on(node) for node in bench.cluster.nodes))
        original(purpose)

    bench.cluster.uploaded = uploaded  # type: ignore[method-assign]
    assert bench.run(renewal).state is State.SUCCEEDED
    assert here == [6, 6]


# ---- bugs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["version cucm-pub", "pending_csr cucm-pub", "upload_identity", "security_mode"])
def test_a_bug_becomes_an_incident_and_not_a_traceback(
    bench: Bench, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail(where, ValueError("secret detail"))
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "incident" in found.reason
    assert "secret detail" not in found.reason
    assert found.reason.split("incident ")[1][:8] in caplog.text
    bench.do(Retry(renewal=renewal), ALICE)
    assert bench.run(renewal).state is State.SUCCEEDED


def test_a_bug_that_stays_stops_the_renewal_all_the_same(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    bench.do(Release(renewal=renewal))
    bench.cluster.trouble.fail("identity", RuntimeError("broken adapter"), times=10_000)
    bench.cluster.trouble.fail("identities", RuntimeError("broken adapter"), times=10_000)
    assert bench.run(renewal, turns=50).state is State.STOPPED
    assert "broken adapter" in caplog.text


def test_a_session_that_cannot_even_be_opened_stops_the_renewal(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail("open", RuntimeError("broken adapter"), times=10_000)
    found = bench.run(renewal, turns=50)
    assert found.state is State.STOPPED
    assert "incident" in found.reason
    assert "broken adapter" in caplog.text
