"""What the thread says of a finished step."""

from dataclasses import replace

import pytest

from certrenew.domain.events import Event, What
from certrenew.slack.evidence import done, seen, warned
from certrenew.steps import VOCABULARY


def finished(**evidence: object) -> Event:
    return Event(what=What.STEP_FINISHED, actor="certrenew", actor_name="certrenew", details={"evidence": evidence})


def test_counts_are_named_and_moments_are_days() -> None:
    event = finished(baseline={"pub": 250, "sub": 0}, expires="2027-12-25T16:07:00+00:00")
    assert seen(event) == "baseline pub 250, sub 0; expires 2027-12-25"


def test_a_long_serial_is_cut_to_its_end() -> None:
    assert seen(finished(serial="6999a3eac4936ca3b0adb20455fa0e909bf758a1")) == "serial …9bf758a1"


def test_nothing_worth_a_word_is_silent() -> None:
    assert seen(finished(pending_before="", warnings=["x"], stragglers=[])) == ""


def test_a_line_never_grows_beyond_a_glance() -> None:
    assert len(seen(finished(**{f"name {number}": "word " * 50 for number in range(9)}))) <= 181


def test_every_warning_is_a_line_of_its_own_and_harmless() -> None:
    text = warned(finished(warnings=["TTL was <capped>.", "Subject changed."]))
    assert text.count("⚠️ Warning:") == 2
    assert "<capped>" not in text


def test_a_wait_that_found_nothing_to_wait_for_is_short() -> None:
    summary = "Wait until the phones are back after the restart of Cisco Tftp on pub"
    details = {"step": 39, "kind": "await_phones", "summary": summary, "evidence": {"registered": 5, "before": 5}}
    event = finished()
    quiet = replace(event, details={**details, "note": "no phone left after the restart of Cisco Tftp on pub"})
    assert done(quiet) == "Step 39 done: No phone left after the restart of Cisco Tftp on pub."


@pytest.mark.parametrize(
    ("kind", "evidence", "said"),
    [
        ("check_security_mode", {"security mode": "mixed"}, ""),
        ("check_node", {"release": "15.0", "stored serial": "ab" * 12, "expires": "2026-12-13T16:00:00+00:00"},
         "release 15.0; certificate …abababab, valid until 2026-12-13"),
        ("prove_served", {"serial": "01", "served": {"port 2443": "01", "port 5061": "01"}},
         "certificate 01, on ports 2443, 5061"),
        ("prove_services", {f"Service {number}": "STARTED" for number in range(5)},
         "Service 0, Service 1, Service 2, Service 3, Service 4: all run"),
        ("prove_phones", {"registered": 38, "baseline": 40, "stragglers": ["SEP1: gone", "SEP2: gone"]},
         "38 of 40 are registered; missing: SEP1: gone, SEP2: gone"),
        ("update_ctl", {"in the CTL": ["pub 0a", "sub 0b"]}, "it names the new certificate of pub, sub"),
        ("delete_trust", {"deleted": "tomcat-trust/a.pem", "subject": "CN=A", "serial": "01"}, "CN=A is gone"),
        ("await_new_list", {"fetched it": 5, "of": 5}, "5 of 5 phones have it"),
        ("check_bridge", {"registered_since": ["SEP1 2026"], "names": "01"}, "it names 01"),
        ("of_a_plugin", {"seen": 3}, "seen 3"),
    ],
)  # fmt: skip
def test_what_was_seen_is_said_in_words(kind: str, evidence: dict[str, object], said: str) -> None:
    event = finished()
    assert seen(replace(event, details={"kind": kind, "evidence": evidence})) == said


def test_every_step_of_ours_with_evidence_missing_still_has_a_line() -> None:
    for kind in VOCABULARY:
        event = replace(finished(), details={"step": 1, "kind": kind, "summary": "Do it", "evidence": {}})
        assert done(event) == "Step 1 done: Do it."
