"""The command line of a node behaves like the published transcripts."""

from __future__ import annotations

import asyncio
import re

import paramiko
import pytest
from lab_cucm_clients import Cli, on_cli

from certrenew_lab.cucm import LabCucm
from certrenew_lab.scenario import ClusterScenario, SshManners


async def test_login_is_keyboard_interactive_and_the_prompt_is_exactly_admin(lab: LabCucm) -> None:
    def work() -> tuple[str, list[str]]:
        where = lab.description()["nodes"][0]
        transport = paramiko.Transport((where["address"], where["ssh_port"]))
        transport.start_client(timeout=10)
        try:
            transport.auth_none("labadmin")
        except paramiko.BadAuthenticationType as refused:
            offered = refused.allowed_types
        transport.close()
        cli = Cli(lab)
        banner = cli.until("admin:")
        cli.close()
        return banner, offered

    banner, offered = await asyncio.to_thread(work)
    assert offered == ["keyboard-interactive"]
    assert banner.startswith("Command Line Interface is starting up, please wait ...\r\n")
    assert "Welcome to the Platform Command Line Interface" in banner
    assert banner.endswith("\r\nadmin:")


async def test_the_host_key_is_the_described_one(lab: LabCucm) -> None:
    def work() -> str:
        cli = Cli(lab)
        key = cli.transport.get_remote_server_key()
        cli.close()
        return f"{key.get_name()} {key.get_base64()}"

    shown = await asyncio.to_thread(work)
    assert any(key.startswith(shown) for key in lab.description()["nodes"][0]["ssh_host_keys"])


async def test_exec_is_refused(lab: LabCucm) -> None:
    def work() -> None:
        cli = Cli(lab)
        try:
            channel = cli.transport.open_session()
            channel.exec_command("show version active")
        finally:
            cli.close()

    with pytest.raises(paramiko.SSHException):
        await asyncio.to_thread(work)


async def test_three_wrong_passwords_lock_the_account(lab: LabCucm) -> None:
    for _ in range(3):
        with pytest.raises(paramiko.AuthenticationException):
            await asyncio.to_thread(Cli, lab, 0, "wrong")
    with pytest.raises(paramiko.AuthenticationException):
        await asyncio.to_thread(Cli, lab)
    assert lab.cluster.journal.acts("account_locked", realm="platform")


async def test_the_eleventh_session_is_refused(lab: LabCucm) -> None:
    def work() -> None:
        open_sessions = []
        try:
            for _ in range(10):
                cli = Cli(lab)
                open_sessions.append(cli)
                cli.until("please wait ...\r\n")
            with pytest.raises(paramiko.SSHException):
                open_sessions.append(Cli(lab))
        finally:
            for cli in open_sessions:
                cli.close()

    await asyncio.to_thread(work)


async def test_an_early_newline_gives_a_second_prompt(lab: LabCucm) -> None:
    def work() -> str:
        cli = Cli(lab)
        cli.channel.sendall(b"\n")
        text = cli.until("admin:\r\n\radmin:")
        cli.close()
        return text

    assert (await asyncio.to_thread(work)).count("admin:") == 2


async def test_type_ahead_is_dropped_at_a_confirmation(lab: LabCucm) -> None:
    def work() -> str:
        cli = Cli(lab)
        cli.until("admin:")
        cli.channel.sendall(b"set csr gen CallManager\nyes\n")
        asked = cli.until("(yes|no)? ")
        cli.channel.settimeout(0.5)
        with pytest.raises(TimeoutError):
            cli.channel.recv(100)
        cli.channel.settimeout(10)
        cli.channel.sendall(b"no\n")
        answered = cli.until("admin:")
        cli.close()
        return asked + answered

    text = await asyncio.to_thread(work)
    assert " Successfully Generated CSR  for CallManager\r\n" in text
    assert lab.cluster.journal.acts("type_ahead_dropped")


async def test_output_pages_until_pagination_is_off(lab: LabCucm) -> None:
    def work() -> tuple[str, str, str]:
        cli = Cli(lab)
        cli.until("admin:")
        cli.channel.sendall(b"show itl\n")
        first = cli.until("\x1b[K")
        cli.channel.sendall(b"q")
        cli.until("admin:")
        off = cli.run("set cli pagination off")
        whole = cli.run("show itl")
        cli.close()
        return first, off, whole

    first, off, whole = await asyncio.to_thread(work)
    assert first.endswith("\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m\x1b[K")
    assert "Automatic pagination is turned off\r\n" in off
    assert "\x1b" not in whole
    assert "The ITL file was verified successfully." in whole


async def test_an_unknown_command_prints_both_lines(lab: LabCucm) -> None:
    answer = await on_cli(lab, "show me everything")
    assert "No valid command entered\r\nExecuted command unsuccessfully\r\n" in answer


async def test_own_certificates_are_listed_in_the_order_of_a_live_publisher(lab: LabCucm) -> None:
    answer = await on_cli(lab, "show cert list own")
    assert re.findall(r"^(\S+)/\S+\.pem: ", answer.replace("\r", ""), re.MULTILINE) == [
        "tomcat",
        "tomcat-ECDSA",
        "ipsec",
        "ITLRecovery",
        "CallManager-ECDSA",
        "CallManager",
        "CAPF",
        "TVS",
    ]
    assert "CallManager/CallManager.pem: Certificate Signed by Old Lab Issuing CA" in answer
    assert "CAPF" not in await on_cli(lab, "show cert list own", node=1)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("12.5.1.11900-146", "Validity From: "), ("15.0.1.12900-234", "Final Date: ")],
)
async def test_both_certificate_layouts_end_with_the_pem(version: str, expected: str) -> None:
    scenario = ClusterScenario(version=version, speed=120, phones=4, ssh=SshManners(banner_delay=0))
    async with LabCucm(scenario) as lab:
        answer = await on_cli(lab, "show cert own CallManager/CallManager.pem")
        assert expected in answer
        assert answer.replace("\r", "").endswith("-----END CERTIFICATE-----\nadmin:")


async def test_the_pre_check_commands_answer(lab: LabCucm) -> None:
    assert "Active Master Version: 15.0.1.12900-234" in await on_cli(lab, "show version active")
    assert "Host Name          : cucm-pub" in await on_cli(lab, "show status")
    assert "cucm-sub1 Subscriber callmanager DBSub authenticated" in await on_cli(lab, "show network cluster")
    assert (await on_cli(lab, "utils dbreplication runtimestate")).count("(2) Setup Completed") == 3
    assert "SSO Status: SAML SSO Disabled" in await on_cli(lab, "utils sso status")
    assert "drfCliMsg: No backup status available" in await on_cli(lab, "utils disaster_recovery status backup")
    assert "drfCliMsg: No restore status available" in await on_cli(lab, "utils disaster_recovery status restore")
    assert "SUCCESS" in await on_cli(lab, "utils disaster_recovery history backup")
    assert "Export-Controlled Functionality: Allowed" in await on_cli(lab, "show license status")
    assert "test - disk_space" in await on_cli(lab, "utils diagnose test")
    assert "Total count 30" in await on_cli(lab, "show risdb query phone")


async def test_the_two_parameter_queries_tolerate_spacing(lab: LabCucm) -> None:
    query = "run sql select paramname, paramvalue  from processconfig where paramname = '{}'"
    mode = await on_cli(lab, query.format("ClusterSecurityMode"))
    assert "paramname           paramvalue\r\n=================== ==========\r\nClusterSecurityMode 0" in mode
    assert "RollBackToPreGrayback F" in await on_cli(lab, query.format("RollBackToPreGrayback"))


async def test_the_service_list_shows_states_and_legends(lab: LabCucm) -> None:
    answer = await on_cli(lab, "utils service list", node=1)
    assert "System SSH [STARTED]" in answer
    assert "Cisco CallManager[STARTED]" in answer
    assert "Cisco DRF Master[STOPPED]  Commanded Out of Service" in answer
    assert "Cisco WebDialer Web Service[STOPPED]  Service Not Activated" in answer


async def test_a_restart_prints_its_states(lab: LabCucm) -> None:
    answer = await on_cli(lab, "utils service restart Cisco Tftp")
    states = re.findall(r"Cisco Tftp\[(\w+)\]", answer)
    assert states[0] == "STOPPING"
    assert "STARTING" in states
    assert states[-1] == "STARTED"
    assert len(lab.cluster.journal.acts("service_restarted", service="Cisco Tftp")) == 1


async def test_a_restart_may_come_back_without_started() -> None:
    manners = SshManners(banner_delay=0, silent_restarts=("cucm-sub1",))
    async with LabCucm(ClusterScenario(speed=120, phones=4, ssh=manners)) as lab:
        answer = await on_cli(lab, "utils service restart Cisco Tftp", node=1)
        assert "[STARTING]" in answer
        assert "[STARTED]" not in answer


async def test_service_names_are_exact(lab: LabCucm) -> None:
    answer = await on_cli(lab, "utils service restart Cisco TFTP")
    assert "Cisco TFTP not found" in answer
    assert "Executed command unsuccessfully" in answer


async def test_system_commands_are_recorded_as_traps(lab: LabCucm) -> None:
    def work() -> None:
        cli = Cli(lab)
        cli.until("admin:")
        cli.run("utils system restart", ("(yes/no)? ", "no\n"))
        cli.close()

    await asyncio.to_thread(work)
    assert lab.cluster.journal.acts("trap", what="utils system restart")


async def test_ctrl_c_during_a_restart_is_a_trap(lab: LabCucm) -> None:
    def work() -> None:
        cli = Cli(lab)
        cli.until("admin:")
        cli.channel.sendall(b"utils service restart Cisco Tftp\n")
        cli.until("[STOPPING]  \r\n")
        cli.channel.sendall(b"\x03")
        cli.until("admin:")
        cli.close()

    await asyncio.to_thread(work)
    assert lab.cluster.journal.acts("trap", what="Ctrl-C during a restart")


@pytest.mark.parametrize("allowed", [True, False])
async def test_plain_passwords_are_accepted_only_when_the_knob_says_so(allowed: bool) -> None:
    manners = SshManners(banner_delay=0, password_auth=allowed)
    async with LabCucm(ClusterScenario(phones=4, ssh=manners)) as lab:

        def work() -> bool:
            where = lab.description()["nodes"][0]
            transport = paramiko.Transport((where["address"], where["ssh_port"]))
            transport.start_client(timeout=10)
            try:
                transport.auth_password("labadmin", lab.scenario.platform_password, fallback=False)
            except paramiko.BadAuthenticationType:
                return False
            finally:
                transport.close()
            return True

        assert await asyncio.to_thread(work) is allowed


async def test_a_low_privilege_account_cannot_touch_certificates() -> None:
    manners = SshManners(banner_delay=0, privilege=0)
    async with LabCucm(ClusterScenario(phones=4, ssh=manners)) as lab:
        assert "No valid command entered" in await on_cli(lab, "show cert list own")
        assert "Active Master Version" in await on_cli(lab, "show version active")
