"""Trust lists are believed only when the node says so, and signed anew only when it says that it did."""

import pytest

from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed

from .terminal import Hangup

ITL = """The checksum value of the ITL file:
d41d8cd98f00b204e9800998ecf8427e(MD5)
Length of ITL file: 5438
Parse ITL File
Version:        1.2
HeaderLength:   292 (BYTES)
BYTEPOS TAG             LENGTH  VALUE
3       SIGNERID        2       110
4       SIGNERNAME      76      CN=ITLRECOVERY_cucm-pub
5       SERIALNUMBER    8       0A:BC:DE:F0:12:34:56:78
ITL Record #:1
1       RECORDLENGTH    2       717
6       SERIALNUMBER    4       00:11:22:33
This etoken was used to sign the ITL file.
ITL Record #:2
6       SERIALNUMBER    4       44 55 66 77
The ITL file was verified successfully."""
NO_CTL = "Length of CTL file: 0\nCTL File not found . Please run CTLClient plugin.\nError parsing the CTL File."
CTL = ITL.replace("ITL", "CTL")
RESET = """Name is None
Generating the reset ITL file.....
The reset ITL file was generated successfully
Locating active Tftp servers in the cluster.....
Number of Active TFTP servers in the cluster : 1
Transferring new reset ITL file to the TFTP server nodes in the cluster.........
Successfully transferred reset ITL to node cucm-pub"""


@pytest.fixture
def node(session_at):
    return session_at(use_rest="never").node("cucm-pub")


def saying(itl: str, ctl: str = NO_CTL):
    return lambda _terminal, command: {"show itl": itl, "show ctl": ctl}.get(command)


def test_the_serial_numbers_of_records_and_signer_are_read(fake_node, node) -> None:
    fake_node.script = saying(ITL)
    assert node.itl_serials() == {"abcdef012345678", "112233", "44556677"}


@pytest.mark.parametrize("kind", ["ITL", "CTL"])
def test_the_signer_is_the_one_of_the_header(fake_node, node, kind: str) -> None:
    fake_node.script = saying(ITL, CTL)
    assert node.trust_list_signer(kind) == "abcdef012345678"


@pytest.mark.parametrize("said", [NO_CTL, "", "SERIALNUMBER 4 00:11:22:33"])
def test_a_signer_that_is_not_told_is_empty(fake_node, node, said: str) -> None:
    fake_node.script = saying(ITL, said)
    assert node.trust_list_signer("CTL") == ""


@pytest.mark.parametrize("said", ["ITL File not found", "Length of ITL file: 0", "Executed command unsuccessfully", ""])
def test_a_missing_itl_file_is_said(fake_node, node, said: str) -> None:
    fake_node.script = saying(said)
    with pytest.raises(StepFailed, match="ITL file"):
        node.itl_serials()


@pytest.mark.parametrize("ctl", [NO_CTL, CTL])
@pytest.mark.parametrize(
    "verdict",
    [
        "The ITL file was verified successfully.",
        "ITL file was successfully verified",
        "Verification of the ITL file was successful",
        "THE ITL FILE WAS VERIFIED SUCCESSFULLY",
    ],
)
def test_files_that_verify_are_no_problem(fake_node, node, verdict: str, ctl: str) -> None:
    fake_node.script = saying(ITL.replace("The ITL file was verified successfully.", verdict), ctl)
    assert node.trust_list_problems() == ()


@pytest.mark.parametrize(
    "verdict",
    [
        "Verification of the ITL file failed.",
        "The ITL file was not verified successfully.",
        "The ITL file could not be verified",
        "Unable to verify the ITL file",
        "Error parsing the ITL File.",
        "The ITL file was verified unsuccessfully",
        "",
    ],
)
def test_a_file_that_does_not_verify_or_says_nothing_is_a_problem(fake_node, node, verdict: str) -> None:
    fake_node.script = saying(ITL.replace("The ITL file was verified successfully.", verdict), CTL)
    (problem,) = node.trust_list_problems()
    assert problem.startswith(("The ITL file of cucm-pub does not verify", "cucm-pub does not say whether its ITL"))


def test_a_missing_itl_file_and_a_bad_ctl_file_are_two_problems(fake_node, node) -> None:
    fake_node.script = saying("ITL File not found", CTL.replace("was verified", "was not verified"))
    assert len(node.trust_list_problems()) == 2


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("itl", RESET),
        ("ctl", RESET.replace("ITL", "CTL")),
        ("ctl", "CTL file Updated"),
        ("itl", "Operation Successful."),
        ("ctl", "Successfully reset the CTL file"),
    ],
)
@pytest.mark.parametrize("question", ["", "Do you want to continue? (y/n):"])
def test_a_reset_key_is_recognised(fake_node, node, kind: str, said: str, question: str) -> None:
    def script(terminal, command):
        assert command == f"utils {kind} reset localkey"
        if question:
            assert terminal.ask(question) == "y"
        return said

    fake_node.script = script
    (node.reset_itl_key if kind == "itl" else node.reset_ctl_key)()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Executed command unsuccessfully",
        RESET.replace("Successfully transferred reset ITL to node cucm-pub", "Failed to transfer reset ITL to node x"),
        "Could not locate any active Tftp server",
        "Name is None",
    ],
)
def test_a_reset_that_is_not_confirmed_everywhere_stops(fake_node, node, said: str) -> None:
    fake_node.script = lambda _terminal, _command: said
    with pytest.raises(StepFailed, match="look at `show itl` on each"):
        node.reset_itl_key()


def test_a_reset_without_the_privilege_says_which(fake_node, node) -> None:
    fake_node.script = lambda _terminal, _command: "Insufficient privilege\nExecuted command unsuccessfully"
    with pytest.raises(AccessDenied, match="level 4"):
        node.reset_ctl_key()


def test_a_reset_cut_off_is_an_answer_lost(fake_node, node) -> None:
    def script(terminal, _command):
        terminal.say("Generating the reset ITL file.....\n")
        raise Hangup

    fake_node.script = script
    with pytest.raises(AnswerLost):
        node.reset_itl_key()
