"""Backups and single sign-on are told by the node's own words, and silence is never taken for an answer."""

from datetime import UTC, datetime

import pytest

from certrenew.domain.errors import AnswerLost, StepFailed

from .terminal import Hangup

HISTORY = """2025-12-12-13-44-12.tar   NETWORK        Fri Dec 12 13:45:19 PST 2025  SUCCESS  MANUAL   15.0.1 UCM  ---
2025-12-13-13-44-12.tar   NETWORK        Sat Dec 13 13:45:19 PST 2025  ERROR    MANUAL        15.0.1 UCM          ---
TAR file not created      NETWORK        Sun Dec 14 13:45:19 PST 2025  CANCELED SCHEDULED     15.0.1 UCM          ---
2025-12-11-03-44-12.tar   NETWORK        Thu Dec 11 04:45:19 UTC 2025  SUCCESS  SCHEDULED     15.0.1 UCM,CDR_CAR  ---"""


@pytest.fixture
def node(session_at):
    return session_at(use_rest="never").node("cucm-pub")


def test_successful_backups_are_listed_oldest_first(fake_node, node) -> None:
    fake_node.script = lambda _terminal, _command: HISTORY
    assert node.backup_history() == (
        datetime(2025, 12, 11, 4, 45, 19, tzinfo=UTC),
        datetime(2025, 12, 12, 21, 45, 19, tzinfo=UTC),
    )
    assert fake_node.commands[-1] == "utils disaster_recovery history backup"


@pytest.mark.parametrize(("zone", "hour"), [("-05", 18), ("+0530", 8), ("CET", 12), ("GMT", 13), ("XYZ", 13)])
def test_the_zone_of_the_node_counts_where_it_is_known(fake_node, node, zone: str, hour: int) -> None:
    row = f"x.tar NETWORK Fri Dec 12 13:45:19 {zone} 2025 SUCCESS MANUAL"
    fake_node.script = lambda _terminal, _command: row
    assert node.backup_history()[0].astimezone(UTC).hour == hour


def test_no_backup_yet_is_an_answer(fake_node, node) -> None:
    fake_node.script = lambda _terminal, _command: "drfCliMsg:  No history data is available"
    assert node.backup_history() == ()


@pytest.mark.parametrize(
    "said", ["", "Network request timed out", "drfCliMsg: Unable to connect to Master Agent host: x, Port: 4040."]
)
def test_a_history_that_is_not_told_is_no_empty_history(fake_node, node, said: str) -> None:
    fake_node.script = lambda _terminal, _command: said
    with pytest.raises(StepFailed, match="did not tell its earlier backups"):
        node.backup_history()


@pytest.mark.parametrize(
    "said", ["drfCliMsg: Backup initiated successfully. Please run 'utils disaster_recovery status backup'", "Started"]
)
def test_a_backup_begins(fake_node, node, said: str) -> None:
    fake_node.script = lambda _terminal, _command: said
    node.start_backup("nightly-1", "UCM,CDR_CAR")
    assert fake_node.commands[-1] == "utils disaster_recovery backup network UCM,CDR_CAR nightly-1"


def test_a_backup_that_says_nothing_is_looked_for(fake_node, node) -> None:
    fake_node.script = lambda _terminal, command: "Percentage Complete: 3" if "status" in command else ""
    node.start_backup("nightly", "UCM")
    assert fake_node.commands[-1] == "utils disaster_recovery status backup"


@pytest.mark.parametrize(
    "said",
    [
        "drfCliMsg: Backup device nightly does not exist",
        "drfCliMsg: A backup is already in progress",
        "drfCliMsg: Unable to connect to Master Agent host: x, Port: 4040.",
        "Executed command unsuccessfully",
    ],
)
def test_a_backup_that_is_refused_says_so(fake_node, node, said: str) -> None:
    fake_node.script = lambda _terminal, _command: said
    with pytest.raises(StepFailed, match="did not start a backup to 'nightly'"):
        node.start_backup("nightly", "UCM")


@pytest.mark.parametrize(("device", "features"), [("a b", "UCM"), ("", "UCM"), ("d", ""), ("d;x", "UCM"), ("d", "U M")])
def test_a_name_that_no_command_can_carry_is_refused_unsent(fake_node, node, device: str, features: str) -> None:
    with pytest.raises(StepFailed, match="nothing was sent"):
        node.start_backup(device, features)
    assert fake_node.commands == []


def test_a_backup_cut_off_is_an_answer_lost(fake_node, node) -> None:
    def script(_terminal, _command):
        raise Hangup

    fake_node.script = script
    with pytest.raises(AnswerLost):
        node.start_backup("nightly", "UCM")


@pytest.mark.parametrize(
    ("said", "enabled"),
    [
        ("SSO Status: SAML SSO Enabled\nIdP Metadata Imported Date = Fri Apr 09 09:09:00 EDT 2021", True),
        ("SSO Status: SAML SSO Disabled", False),
        ("\nsso status : disabled.", False),
        ("SAML SSO is disabled", False),
        ("SSO Mode: Not Enabled\nRecovery URL Status = enabled", False),
    ],
)
def test_single_sign_on_is_told(fake_node, node, said: str, enabled: bool) -> None:
    fake_node.script = lambda _terminal, _command: said
    assert node.single_sign_on() is enabled


@pytest.mark.parametrize(
    "said",
    [
        "",
        "SSO Status: SAML SSO Enabled on some nodes",
        "SSO Status: unknown",
        "Recovery URL Status = enabled",
        "SAML SSO is disabled\nSSO Mode: enabled",
        "No valid command entered\nExecuted command unsuccessfully",
    ],
)
def test_other_words_on_single_sign_on_are_no_answer(fake_node, node, said: str) -> None:
    fake_node.script = lambda _terminal, _command: said
    with pytest.raises(StepFailed, match="did not tell whether single sign-on is enabled"):
        node.single_sign_on()
