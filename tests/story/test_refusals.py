"""What would do harm is refused or stopped before it does, with a sentence that is true."""

import datetime
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certrenew.app.commands import Abandon, Approve, Release, Retry, Skip
from certrenew.domain.errors import CommandRefused
from certrenew.domain.renewal import Renewal, State
from certrenew_lab.cucm.faults import Fault

from .inside import Inside, cluster

FORCE = '--force "a test"'


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Inside]]:
    made: list[Inside] = []

    def make(version: str = "15.0.1.12900-234", *, patience: float = 90.0, **changes: Any) -> Inside:
        made.append(Inside(tmp_path, cluster(version, **changes), patience=patience))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def uploads(stage: Inside) -> list[dict[str, Any]]:
    return stage.cucm.cluster.journal.acts("identity_uploaded")


def stops(renewal: Renewal, kind: str) -> str:
    """Its reason; the renewal has stopped at such a step."""
    assert renewal.state is State.STOPPED, renewal
    assert renewal.current is not None
    assert renewal.current.kind == kind, renewal.reason
    return renewal.reason


def spoil(stage: Inside, kind: str) -> None:
    stage.authority.faults.set(kind)


def test_tomcat_with_single_sign_on_waits_for_a_person_and_then_says_how_it_is_switched_on_again(
    stage: Callable[..., Inside],
) -> None:
    here = stage(sso_enabled=True)
    renewal = here.renew(f"tomcat cluster-a {FORCE}")
    assert "cucm-pub still uses single sign-on" in stops(renewal, "check_single_sign_on")
    assert uploads(here) == []
    assert {task.key for task in renewal.plan.tasks} >= {"sp-metadata", "sso-on"}
    here.cucm.cluster.sso_disabled_on.update(node.name for node in here.cucm.cluster.nodes)  # on its page
    here.do(Retry(renewal=renewal.id))
    assert here.run(renewal.id).state is State.SUCCEEDED
    assert here.state()["violations"] == []


def test_ipsec_waits_while_a_backup_runs(stage: Callable[..., Inside]) -> None:
    here = stage(drs_running=True)
    reason = stops(here.renew(f"ipsec cluster-a {FORCE}"), "check_no_backup")
    assert "backup or restore is running" in reason
    assert uploads(here) == []


def test_capf_is_not_renewed_on_a_subscriber(stage: Callable[..., Inside]) -> None:
    here = stage()
    with pytest.raises(CommandRefused, match="publisher only: not on cucm-sub1"):
        here.type(f"capf cluster-a --node cucm-sub1 {FORCE}")


def test_what_is_not_due_is_renewed_only_with_a_reason(stage: Callable[..., Inside]) -> None:
    here = stage()
    with pytest.raises(CommandRefused, match="not due"):
        here.type("tvs cluster-a")
    with pytest.raises(CommandRefused, match="--force needs a value"):
        here.type("tvs cluster-a --force")


def test_a_forgotten_ctl_keeps_the_next_trust_anchor_away(stage: Callable[..., Inside]) -> None:
    here = stage(mixed_mode=True)
    held = here.cucm.cluster.nodes[1].store
    held.identities["CallManager"] = here.cucm.cluster.nodes[1].store.identities[
        "TVS"
    ]  # renewed by hand, CTL forgotten
    reason = stops(here.renew(f"tvs cluster-a {FORCE}"), "check_anchors")
    assert "the CTL file does not name the CallManager certificate" in reason
    assert "cucm-sub1" in reason
    assert uploads(here) == []


def test_a_name_that_the_authority_adds_is_caught_before_the_upload(stage: Callable[..., Inside]) -> None:
    here = stage()
    spoil(here, "adds_www")
    reason = stops(here.renew("callmanager cluster-a"), "validate")
    assert "www." in reason
    assert "still stores and serves its old certificate" in reason
    assert uploads(here) == []


def test_a_request_made_behind_the_bots_back_stops_before_any_upload(stage: Callable[..., Inside]) -> None:
    here = stage()
    renewal = here.type("callmanager cluster-a")
    here.do(Approve(renewal=renewal))
    until_gate(here, renewal)
    somebody_makes_a_request(here, "cucm-sub1", "CallManager")
    here.do(Release(renewal=renewal))
    reason = stops(here.run(renewal), "check_request")
    assert "another CallManager signing request on cucm-sub1" in reason
    assert uploads(here) == []


def test_a_newer_root_of_the_same_name_is_noticed_before_any_upload(stage: Callable[..., Inside]) -> None:
    here = stage()
    root = x509.load_pem_x509_certificate(here.authority.description()["root"].encode())
    for node in here.cucm.cluster.nodes:
        node.store.trust["CallManager-trust"].offer(namesake(root))
    reason = stops(here.renew("callmanager cluster-a"), "validate")
    assert "trust store has a CA certificate Lab Enterprise Root CA G2" in reason
    assert "Put the trust store in order, then retry" in reason
    assert uploads(here) == []


def test_tvs_waits_until_the_phones_of_callmanager_are_back(stage: Callable[..., Inside]) -> None:
    here = stage()
    renewal = here.type("callmanager cluster-a")
    here.do(Approve(renewal=renewal))
    until_gate(here, renewal)
    here.do(Release(renewal=renewal))
    while not uploads(here):
        here.runner.advance(renewal)
    here.do(Abandon(renewal=renewal, reason="the window closes"))
    assert here.run(renewal).state is State.ABANDONED
    with pytest.raises(CommandRefused, match=f"has not settled since renewal {renewal[:8]}"):
        here.type(f"tvs cluster-a {FORCE}")
    assert here.state()["violations"] == []


def test_phones_that_are_not_back_cannot_be_skipped_before_the_next_trust_anchor(stage: Callable[..., Inside]) -> None:
    here = stage(patience=3.0, expires_in_days={"CallManager": 20.0, "TVS": 20.0})
    here.cucm.cluster.faults.arm(Fault("phones_never_return", count=2))
    renewal = here.type("all cluster-a")
    here.do(Approve(renewal=renewal))
    found = here.run(renewal)
    while found.current is not None and found.current.kind != "prove_phones":
        assert found.state is State.STOPPED
        here.do(Skip(renewal=renewal, reason="go on"))
        found = here.run(renewal)
    assert found.plan.part_of(found.current.number).purpose == "callmanager"
    with pytest.raises(CommandRefused, match="TVS comes next and would strand phones"):
        here.do(Skip(renewal=renewal, reason="go on"))


# ---- what others do meanwhile ----------------------------------------------------------------------------------


def until_gate(here: Inside, renewal: str) -> None:
    deadline = time.monotonic() + 60
    while here.get(renewal).gate is None or here.get(renewal).state is not State.WAITING:
        here.runner.advance(renewal)
        assert time.monotonic() < deadline, here.get(renewal).reason


def somebody_makes_a_request(here: Inside, node: str, purpose: str) -> None:
    with_session = here.app.sessions.open("cluster-a")
    try:
        with_session.node(node).generate_csr(purpose)
    finally:
        with_session.close()


def namesake(root: x509.Certificate) -> x509.Certificate:
    """Another root of the same name that starts later: CUCM keeps it, and refuses ours without a word."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(root.subject)
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
