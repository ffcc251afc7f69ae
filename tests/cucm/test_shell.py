"""Over a real SSH connection: one login, no second try, no guess after a cut."""

import base64
import hashlib
import logging

import paramiko
import pytest

from certrenew.cucm import Account
from certrenew.cucm.cli import CommandLine
from certrenew.cucm.shell import Shell
from certrenew.cucm.trust_lists import TrustLists
from certrenew.cucm.upkeep import Upkeep
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable

VERSION = "Active Master Version: 15.0.1.12900-234"


class Cut(EOFError):
    """The scripted node hangs up."""


@pytest.fixture
def shell(fake_node, platform, address_of, fast):
    opened = Shell(address_of(ssh_port=fake_node.port), platform, fast)
    yield opened
    opened.close()


def test_all_commands_of_a_session_share_one_login(fake_node, shell, fast) -> None:
    fake_node.script = lambda _terminal, _command: VERSION
    line = CommandLine(shell, fast)
    assert [line.version(), line.version()] == ["15.0.1.12900-234"] * 2
    assert fake_node.logins == 1
    assert fake_node.commands == ["set cli pagination off", "show version active", "show version active"]


@pytest.mark.parametrize("methods", ["keyboard-interactive", "keyboard-interactive,password", "password"])
def test_it_logs_in_by_what_the_server_offers(fake_node, shell, methods: str) -> None:
    fake_node.methods = methods
    fake_node.script = lambda _terminal, _command: VERSION
    assert shell.run("show version active") == VERSION
    assert len(fake_node.passwords) == 1


def test_any_number_of_login_prompts_is_answered(fake_node, shell) -> None:
    fake_node.prompts = [("login as: ", True), ("Password: ", False)]
    shell.open()
    assert fake_node.passwords[0] == "admin-user"


def test_a_slow_start_is_nudged_once_and_a_second_prompt_is_tolerated(fake_node, shell) -> None:
    fake_node.wait_for_nudge = True
    fake_node.banner += "\r\n\radmin:"
    fake_node.script = lambda _terminal, _command: VERSION
    assert shell.run("show version active") == VERSION


def test_a_node_without_echo_is_understood(fake_node, shell) -> None:
    fake_node.echo = False
    fake_node.script = lambda _terminal, _command: VERSION
    assert shell.run("show version active") == VERSION


def test_a_wrong_password_reaches_the_node_once(fake_node, address_of, fast) -> None:
    account = Account("admin-user", lambda: "wrong", "platform account")
    address = address_of(ssh_port=fake_node.port)
    for _ in range(3):
        with pytest.raises(AccessDenied):
            Shell(address, account, fast).run("show version active")
    assert fake_node.passwords == ["wrong"]


def test_a_foreign_host_key_is_refused_before_any_password(fake_node, platform, address_of, fast) -> None:
    pinned = paramiko.ECDSAKey.generate()
    address = address_of(ssh_port=fake_node.port, ssh_keys=(f"{pinned.get_name()} {pinned.get_base64()}",))
    with pytest.raises(AccessDenied) as refused:
        Shell(address, platform, fast).run("show version active")
    digest = base64.b64encode(hashlib.sha256(pinned.asbytes()).digest()).decode().rstrip("=")
    assert f"SHA256:{digest}" in str(refused.value)
    assert str(refused.value).count("SHA256:") == 2
    assert "cucm-pub" in str(refused.value)
    assert fake_node.passwords == []


@pytest.mark.parametrize("pins", [(), ("nonsense",)])
def test_without_a_usable_pin_nobody_logs_in(fake_node, platform, address_of, fast, pins) -> None:
    with pytest.raises(AccessDenied, match=r"No.*password was sent"):
        Shell(address_of(ssh_port=fake_node.port, ssh_keys=pins), platform, fast).open()
    assert fake_node.passwords == []


def test_a_fingerprint_is_a_pin_too(fake_node, platform, address_of, host_key, fast) -> None:
    digest = base64.b64encode(hashlib.sha256(host_key.asbytes()).digest()).decode()
    opened = Shell(address_of(ssh_port=fake_node.port, ssh_keys=(f"SHA256:{digest}",)), platform, fast)
    opened.open()
    opened.close()
    assert fake_node.logins == 1


def test_a_closed_port_is_unreachable(platform, address_of, fast) -> None:
    with pytest.raises(Unreachable, match="Nothing was sent") as failure:
        Shell(address_of(ssh_port=1), platform, fast).open()
    assert not isinstance(failure.value, AnswerLost)


def test_a_request_is_made_without_an_organisational_unit(fake_node, shell, fast, request_of) -> None:
    answers = []
    csr = request_of("cucm-pub.example.com")

    def script(terminal, command):
        if command == "set csr gen tomcat":
            answers.append(terminal.ask("Include OU in CSR (yes|no)? "))
            return " Successfully Generated CSR  for tomcat"
        return f"[\n{csr}]"

    fake_node.script = script
    assert CommandLine(shell, fast).generate_csr("tomcat") == csr
    assert answers == ["no"]


def test_the_ctl_file_is_updated_after_a_y(fake_node, shell, fast) -> None:
    answers = []

    def script(terminal, _command):
        answers.append(terminal.ask("This operation updates the CTLFile. Do you want to continue? (y/n):"))
        return "Updating CTL file\nCTL file Updated\nPlease Restart the TFTP and Cisco CallManager services"

    fake_node.script = script
    TrustLists(shell, fast).update_ctl()
    assert answers == ["y"]


def test_a_question_nobody_expected_while_reading_is_answered_no(fake_node, shell) -> None:
    answers = []

    def script(terminal, _command):
        answers.append(terminal.ask("Do you want to continue (yes/no) ? "))
        return "aborted"

    fake_node.script = script
    assert shell.run("show status").endswith("aborted")
    assert answers == ["no"]


@pytest.mark.parametrize("blank_line", [False, True])
def test_a_certificate_is_pasted_and_its_success_read(fake_node, shell, fast, certificate_of, blank_line) -> None:
    leaf = certificate_of("cucm-pub.example.com")[0]
    pasted = []

    def script(terminal, _command):
        terminal.say("Paste the Certificate and Hit Enter\n")
        pasted.append(terminal.paste())
        while blank_line and terminal.line():
            pass
        return "Successfully imported certificate for tomcat.\nPlease restart services related to tomcat"

    fake_node.script = script
    CommandLine(shell, fast).upload("own", "tomcat", leaf)
    assert pasted == [leaf]
    assert "MII" not in shell.transcript.text()


def test_a_refused_certificate_says_what_cucm_said_and_what_to_do(fake_node, shell, fast, certificate_of) -> None:
    def script(terminal, _command):
        terminal.say("Paste the Certificate and Hit Enter")
        terminal.paste()
        return "CA certificate is not available in the trust-store\nExecuted command unsuccessfully"

    fake_node.script = script
    with pytest.raises(StepFailed, match=r"cucm-pub.*CA certificate is not available.*upload the whole chain"):
        CommandLine(shell, fast).upload("own", "tomcat", certificate_of("x.example.com")[0])


def test_a_restart_that_returns_without_started_is_accepted(fake_node, shell, fast) -> None:
    fake_node.script = lambda _t, _c: " Don't press Ctrl-c\nService Manager is running\nCisco Tomcat[STARTING]"
    Upkeep(shell, fast).restart("Cisco Tomcat")


def test_a_restart_cut_off_is_an_answer_lost(fake_node, shell, fast) -> None:
    def script(terminal, _command):
        terminal.say("Cisco Tomcat[STOPPING]\n")
        raise Cut

    fake_node.script = script
    with pytest.raises(AnswerLost, match="nothing is repeated before"):
        Upkeep(shell, fast).restart("Cisco Tomcat")
    assert fake_node.commands.count("utils service restart Cisco Tomcat") == 1


def test_a_silent_restart_is_an_answer_lost_and_never_interrupted(fake_node, shell) -> None:
    fake_node.script = lambda terminal, _command: terminal.line() and None
    with pytest.raises(AnswerLost, match="silent"):
        shell.run("utils service restart Cisco Tomcat", changes=True, timeout=0.3)
    assert "\x03" not in shell.transcript.text()


def test_a_drop_while_reading_opens_a_new_session(fake_node, shell) -> None:
    def script(_terminal, _command):
        if fake_node.logins == 1:
            raise Cut
        return VERSION

    fake_node.script = script
    assert shell.run("show version active") == VERSION
    assert fake_node.logins == 2


def test_a_drop_before_the_certificate_was_pasted_changed_nothing(fake_node, shell, certificate_of) -> None:
    def script(_terminal, _command):
        raise Cut

    fake_node.script = script
    with pytest.raises(Unreachable) as failure:
        shell.run("set cert import own tomcat", changes=True, paste=certificate_of("x.example.com")[0])
    assert not isinstance(failure.value, AnswerLost)


def test_a_dropped_question_is_typed_again_slowly(fake_node, shell, fast) -> None:
    received = []

    def script(terminal, _command):
        terminal.say("Do you want to continue (yes/no) ? ")
        terminal.echo = False
        terminal.line()  # what was typed at once is lost
        terminal.echo = True
        received.append(terminal.line())
        return "CTL file Updated"

    fake_node.script = script
    TrustLists(shell, fast).update_ctl()
    assert received == ["yes"]


def test_the_password_is_in_no_log_and_no_transcript(fake_node, shell, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    fake_node.script = lambda _t, _c: "your password is Only-For-Tests-1"
    shell.run("show status")
    assert "Only-For-Tests-1" not in shell.transcript.text() + caplog.text + repr(shell.transcript)


def test_a_forbidden_command_does_not_even_open_a_session(fake_node, shell) -> None:
    with pytest.raises(StepFailed, match="Nothing was sent"):
        shell.run("utils system restart", changes=True)
    assert fake_node.logins == 0
