"""Requests carry what was asked for or are refused unsent; only what no authority signs is ever regenerated."""

import json

import pytest

from certrenew.cucm import NodeAddress
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew.domain.model import Node, RequestOptions, Role

from .terminal import Hangup

DONE = "Successfully Regenerated Certificate for ITLRecovery.\nYou must restart the services related to ITLRecovery."
QUESTIONS = [
    "Proceed with regeneration (yes|no)? ",
    "Do you want to continue (yes/no) ? ",
    "Do you wish to proceed (yes|no)?",
    "Continue (y/n)?",
    "Enter (yes/no)? ",
]


@pytest.fixture
def node(session_at):
    return session_at(use_rest="never").node("cucm-pub")


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_regeneration_answers_every_question_with_yes(fake_node, node, question: str) -> None:
    answers = []

    def script(terminal, command):
        assert command == "set cert regen ITLRecovery"
        terminal.say("WARNING: with a tokenless CTL make sure that the endpoints have it.\n")
        answers.append(terminal.ask(question))
        return DONE

    fake_node.script = script
    node.regenerate("ITLRecovery")
    assert answers in (["yes"], ["y"])


def test_a_regeneration_is_understood_byte_by_byte(fake_node, node) -> None:
    def script(terminal, _command):
        for sign in "\x1b[1mWARNING\x1b[0m\r\nProceed with regeneration (yes|no)? ":
            terminal.channel.sendall(sign.encode())
        terminal.line()
        for sign in "\r\n Successfully  regenerated\r\n certificate for ITLRecovery\r\n":
            terminal.channel.sendall(sign.encode())
        return ""

    fake_node.script = script
    node.regenerate("ITLRecovery")


@pytest.mark.parametrize("purpose", ["tomcat", "CallManager", "TVS", "ipsec", "CAPF", "capf", "ITLRecovery tomcat", ""])
def test_nothing_that_an_authority_signs_is_regenerated(fake_node, node, purpose: str) -> None:
    with pytest.raises(StepFailed, match=r"[Nn]othing was sent"):
        node.regenerate(purpose)
    assert fake_node.commands == []


def test_capf_of_a_subscriber_is_regenerated(fake_node, fake_pages, address_of, session_at) -> None:
    fake_node.script = lambda _terminal, _command: "Successfully Regenerated Certificate for CAPF."
    session = session_at(use_rest="never")
    address: NodeAddress = address_of(fake_node.port, fake_pages.port, node=Node("sub", "sub.x", Role.SUBSCRIBER))
    node = session.node("cucm-pub")
    node._address = address
    node.regenerate("CAPF")
    assert fake_node.commands[-1] == "set cert regen CAPF"


@pytest.mark.parametrize("said", ["Regeneration not allowed during upgrade", "Executed command unsuccessfully", ""])
def test_a_regeneration_that_is_not_confirmed_is_none(fake_node, node, said: str) -> None:
    fake_node.script = lambda _terminal, _command: said
    with pytest.raises(StepFailed, match="cucm-pub did not regenerate"):
        node.regenerate("ITLRecovery")


def test_a_regeneration_cut_off_is_an_answer_lost(fake_node, node) -> None:
    def script(terminal, _command):
        terminal.ask("Proceed with regeneration (yes|no)? ")
        raise Hangup

    fake_node.script = script
    with pytest.raises(AnswerLost):
        node.regenerate("ITLRecovery")


def test_a_missing_privilege_is_told_apart(fake_node, node) -> None:
    fake_node.script = lambda _terminal, _command: "You do not have privilege to run this command"
    with pytest.raises(AccessDenied, match="level"):
        node.regenerate("ITLRecovery")


# ---- requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "answer"), [(False, "no"), (True, "yes")])
def test_the_organizational_unit_is_asked_for_over_the_command_line(
    fake_node, node, request_of, wanted: bool, answer: str
) -> None:
    csr = request_of("x")
    answers = []

    def script(terminal, command):
        if command == "set csr gen ipsec":
            answers.append(terminal.ask("Include OU in CSR (yes|no)? "))
            return " Successfully Generated CSR  for ipsec"
        return csr

    fake_node.script = script
    assert node.generate_csr("ipsec", RequestOptions(organizational_unit=wanted)) == csr
    assert answers == [answer]


OPTIONS = [
    RequestOptions(multi_server=True),
    RequestOptions(key_length=3072),
    RequestOptions(hash_algorithm="sha512"),
    RequestOptions(common_name="x.example.com"),
    RequestOptions(names=("a.example.com",)),
    RequestOptions(names=("a.example.com",), organizational_unit=True),
]


@pytest.mark.parametrize("options", OPTIONS)
def test_the_command_line_takes_no_options_and_nothing_is_sent(fake_node, node, options: RequestOptions) -> None:
    with pytest.raises(StepFailed, match=r"release 14 and later.*Nothing was sent; ask for a plain request"):
        node.generate_csr("tomcat", options)
    assert fake_node.commands == []


def test_where_rest_is_absent_the_same_is_said(fake_node, fake_pages, session_at) -> None:
    fake_pages.answers = lambda _request: (404, {}, b"")
    node = session_at().node("cucm-pub")
    for _ in range(2):
        with pytest.raises(StepFailed, match="release 14 and later"):
            node.generate_csr("tomcat", RequestOptions(multi_server=True))
    assert fake_node.commands == []
    assert len(fake_pages.requests) == 1


def test_where_rest_does_not_answer_the_request_waits(fake_pages, session_at) -> None:
    fake_pages.answers = lambda _request: (503, {}, b"")
    with pytest.raises(Unreachable):
        session_at().node("cucm-pub").generate_csr("tomcat", RequestOptions(multi_server=True))


@pytest.mark.parametrize(
    ("purpose", "options", "expected"),
    [
        (
            "tomcat",
            RequestOptions(multi_server=True),
            {
                "distribution": "multi-server",
                "commonName": "cucm-pub-ms.example.com",
                "keyType": "rsa",
                "keyLength": 2048,
                "hashAlgorithm": "sha256",
            },
        ),
        (
            "tomcat-ECDSA",
            RequestOptions(multi_server=True, key_length=384, hash_algorithm="sha384"),
            {
                "distribution": "multi-server",
                "commonName": "cucm-pub-EC-ms.example.com",
                "keyType": "ec",
                "keyLength": 384,
                "hashAlgorithm": "sha384",
            },
        ),
        (
            "CallManager",
            RequestOptions(key_length=3072, common_name="cm.example.com", names=("a.example.com",)),
            {
                "distribution": "this-server",
                "commonName": "cm.example.com",
                "keyType": "rsa",
                "keyLength": 3072,
                "hashAlgorithm": "sha256",
                "altNames": ["a.example.com"],
            },
        ),
        ("TVS-ECDSA", RequestOptions(), {"distribution": "this-server", "commonName": "cucm-pub.example.com"}),
    ],
)
def test_rest_carries_the_options(fake_pages, session_at, request_of, purpose, options, expected) -> None:
    csr = request_of("x")
    fake_pages.answers = lambda _request: (200, {}, json.dumps({"csr": csr}).encode())
    assert session_at().node("cucm-pub").generate_csr(purpose, options) == csr
    assert json.loads(fake_pages.requests[-1].body) == {"service": purpose, **expected}
