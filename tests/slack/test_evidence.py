"""What the thread says of a finished step."""

from certrenew.domain.events import Event, What
from certrenew.slack.evidence import seen, warned


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
