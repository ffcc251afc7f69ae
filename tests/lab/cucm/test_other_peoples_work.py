"""Backups, single sign-on, upgrades and mistakes: what others do to the cluster, and what the lab says about it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import requests
from lab_cucm_clients import Cli, axl, on_cli, until

from certrenew_lab.cucm import LabCucm, desk
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.services import ServiceRefused
from certrenew_lab.scenario import ClusterScenario, SshManners

QUICK = SshManners(banner_delay=0)


@pytest.fixture
def scenario() -> ClusterScenario:
    """Prompt and quick."""
    return ClusterScenario(speed=200.0, phones=12, ssh=QUICK, phone_interaction="manual")


async def fault(lab: LabCucm, **body: Any) -> None:
    url = lab.description()["control_url"] + "/fault"
    answer = await asyncio.to_thread(requests.post, url, json=body, timeout=10)
    assert answer.status_code == 200, answer.text


async def state(lab: LabCucm) -> Any:
    url = lab.description()["control_url"] + "/state"
    return (await asyncio.to_thread(requests.get, url, timeout=10)).json()


async def type_in(lab: LabCucm, line: str, *answers: tuple[str, str], node: int = 0) -> str:
    def work() -> str:
        cli = Cli(lab, node)
        cli.until("admin:")
        cli.run("set cli pagination off")
        answer = cli.run(line, *answers)
        cli.close()
        return answer

    return await asyncio.to_thread(work)


async def renew(lab: LabCucm, ca: LabAuthority, unit: str) -> None:
    node = lab.cluster.publisher
    request = await desk.generate_request(lab.cluster, node, unit, desk.RequestOptions(), "test")
    for certificate in reversed(ca.chain()):
        desk.upload_trust(lab.cluster, node, unit, certificate, "test")
    desk.upload_identity(lab.cluster, node, unit, ca.sign(request), "test")


async def broken(lab: LabCucm) -> list[str]:
    return [violation["rule"] for violation in (await state(lab))["violations"]]


async def test_a_backup_runs_for_a_while_and_is_listed_afterwards(lab: LabCucm, new_ca: LabAuthority) -> None:
    assert "No backup status available" in await on_cli(lab, "utils disaster_recovery status backup")
    before = (await on_cli(lab, "utils disaster_recovery history backup")).count("SUCCESS")
    told = await on_cli(lab, "utils disaster_recovery backup network UCM,CDR_CAR bkpdev")
    assert "initiated successfully" in told
    shown = await on_cli(lab, "utils disaster_recovery status backup")
    assert "IN PROGRESS" in shown
    assert "Percentage Complete: 100" not in shown
    assert "already in progress" in await on_cli(lab, "utils disaster_recovery backup network UCM bkpdev")
    await renew(lab, new_ca, "ipsec")
    assert await broken(lab) == ["drs_running"]
    await until(lambda: lab.cluster.journal.acts("backup_finished"))
    assert "SUCCESS :Backup Completed..." in await on_cli(lab, "utils disaster_recovery status backup")
    listed = await on_cli(lab, "utils disaster_recovery history backup")
    assert listed.count("SUCCESS") == before + 1
    assert "MANUAL" in listed


async def test_backups_need_the_ipsec_trust_entry_of_the_host(lab: LabCucm) -> None:
    assert "Successfully deleted" in await on_cli(lab, "set cert delete ipsec-trust cucm-pub.pem")
    assert "Unable to connect to Master Agent" in await on_cli(lab, "utils disaster_recovery status backup", node=1)
    assert await broken(lab) == ["drs_certificate_deleted"]
    publisher = lab.cluster.publisher
    own = publisher.store.identities["ipsec"].certificate
    desk.upload_trust(lab.cluster, publisher, "ipsec", own, "test")
    assert "No backup status available" in await on_cli(lab, "utils disaster_recovery status backup", node=1)


async def test_sso_is_switched_off_on_each_node_and_on_again_only_by_a_person(new_ca: LabAuthority) -> None:
    async with LabCucm(ClusterScenario(speed=200, phones=2, sso_enabled=True, ssh=QUICK)) as lab:
        assert "SSO Status: SAML SSO Enabled" in await on_cli(lab, "utils sso status")
        assert "SSO cannot be enabled using CLI command" in await on_cli(lab, "utils sso enable")
        await renew(lab, new_ca, "tomcat")
        assert await broken(lab) == ["sso_enabled"]
        await type_in(lab, "utils sso disable", ("(yes/no) ? ", "yes\n"))
        assert "SAML SSO Disabled" in await on_cli(lab, "utils sso status")
        assert "SAML SSO Enabled" in await on_cli(lab, "utils sso status", node=1)
        await renew(lab, new_ca, "tomcat")
        assert await broken(lab) == ["sso_enabled"]
        await fault(lab, kind="sso_enabled")
        assert "SAML SSO Enabled" in await on_cli(lab, "utils sso status")
        assert lab.cluster.journal.acts("sso_enabled", via="browser")


async def test_an_upgrade_forbids_requests_and_regeneration_but_not_deletion(lab: LabCucm) -> None:
    await fault(lab, kind="condition", name="upgrading", value=True)
    for line in ("set csr gen tomcat", "set cert regen ITLRecovery"):
        assert "Executed command unsuccessfully" in await on_cli(lab, line)
    spare = next(iter(lab.cluster.publisher.store.trust["tomcat-trust"].files))
    assert "Successfully deleted" in await on_cli(lab, f"set cert delete tomcat-trust {spare}")
    assert not lab.cluster.publisher.store.pending


@pytest.mark.parametrize("scope", ["node", "cluster"])
async def test_a_deletion_counts_for_one_node_or_for_all(scope: Any, new_ca: LabAuthority) -> None:
    async with LabCucm(ClusterScenario(phones=2, ssh=QUICK, trust_deletes=scope, trust_replicates=True)) as lab:
        desk.upload_trust(lab.cluster, lab.cluster.publisher, "tomcat", new_ca.certificate, "test")
        name = next(n for n in lab.cluster.publisher.store.trust["tomcat-trust"].files if "New_Lab" in n)
        await on_cli(lab, f"set cert delete tomcat-trust {name}")
        holders = [node.name for node in lab.cluster.nodes if name in node.store.trust["tomcat-trust"].files]
        assert holders == ([] if scope == "cluster" else ["cucm-sub1", "cucm-sub2"])


async def test_base_certificates_cannot_be_deleted(lab: LabCucm) -> None:
    told = await on_cli(lab, "set cert delete CallManager CallManager.pem")
    assert "Only trust certificates can be deleted" in told
    assert "CallManager" in lab.cluster.publisher.store.identities


async def test_web_security_shows_its_fields_and_its_name_enters_later_requests(lab: LabCucm) -> None:
    await on_cli(lab, 'set web-security "Voice, Video" Lab London London GB other.lab.example')
    shown = await on_cli(lab, "show web-security")
    assert "Organization Unit: Voice, Video" in shown
    assert "Alternate Host Name: other.lab.example" in shown
    publisher = lab.cluster.publisher
    request = await desk.generate_request(lab.cluster, publisher, "ipsec", desk.RequestOptions(), "test")
    assert "other.lab.example" in str(list(request.extensions))
    assert "ca_signed_overwritten" in await broken(lab)


async def test_a_restart_can_be_refused_or_return_early(lab: LabCucm) -> None:
    await fault(lab, kind="restart_refused", match="Tftp", node="cucm-sub1")
    with pytest.raises(ServiceRefused):
        lab.cluster.nodes[1].services.start_restart("Cisco Tftp", "test")
    await fault(lab, kind="restart_returns_early", match="Tftp")
    assert "[STARTED]" not in await on_cli(lab, "utils service restart Cisco Tftp")
    await until(lambda: lab.cluster.publisher.services.started("Cisco Tftp"))


async def test_an_account_can_be_locked_from_outside(lab: LabCucm, tmp_path: Path) -> None:
    await fault(lab, kind="account_locked", realm="application", seconds=1000)
    assert (await axl(lab, "getCCMVersion", tmp=tmp_path)).status_code == 401


async def test_a_fault_may_wait_for_a_time_or_for_an_act(lab: LabCucm) -> None:
    await fault(lab, kind="condition", name="replication_healthy", value=False, after_seconds=100)
    await fault(lab, kind="phones_reset", pool="Headquarters", at_act="service_started", at_node="cucm-sub1")
    assert lab.cluster.conditions.replication_healthy
    await lab.cluster.publisher.services.start_restart("Cisco Tftp", "test")
    assert not lab.cluster.journal.acts("phones_reset")
    await lab.cluster.nodes[1].services.start_restart("Cisco Tftp", "test")
    await until(lambda: lab.cluster.journal.acts("phones_reset", scope="device pool Headquarters"))
    await until(lambda: not lab.cluster.conditions.replication_healthy)


async def test_a_waiting_fault_that_makes_no_sense_any_more_is_written_down(lab: LabCucm) -> None:
    await fault(lab, kind="trust_file_damaged", file="CTL", after_seconds=1)
    await until(lambda: lab.cluster.journal.acts("fault_failed"))


async def test_a_damaged_trust_file_is_shown_as_such_and_leaves_the_phones_alone(lab: LabCucm) -> None:
    await fault(lab, kind="trust_file_damaged", node="cucm-pub")
    shown = await on_cli(lab, "show itl")
    assert "Verification of the ITL file failed." in shown
    assert "verified successfully" not in shown
    lab.cluster.fleet.reset(lab.cluster.fleet.phones.values(), "all", "test")
    await until(lambda: not lab.cluster.fleet.missing())
    await lab.cluster.publisher.services.start_restart("Cisco Tftp", "test")
    assert "verified successfully" in await on_cli(lab, "show itl")


async def test_two_trust_certificates_at_once_break_a_rule(lab: LabCucm, new_ca: LabAuthority) -> None:
    await renew(lab, new_ca, "CallManager")
    lab.cluster.fleet.reset(lab.cluster.fleet.phones.values(), "all", "test")
    await renew(lab, new_ca, "TVS")
    assert await broken(lab) == ["phones_not_back"]


async def test_a_service_on_two_nodes_at_once_breaks_a_rule(lab: LabCucm) -> None:
    first = lab.cluster.nodes[0].services.start_restart("Cisco CallManager", "test")
    second = lab.cluster.nodes[1].services.start_restart("Cisco CallManager", "test")
    await asyncio.gather(first, second)
    assert await broken(lab) == ["two_nodes_at_once"]


async def test_system_commands_and_parameter_resets_break_rules(lab: LabCucm, tmp_path: Path) -> None:
    await type_in(lab, "utils system shutdown", ("(yes/no)? ", "no\n"))
    await axl(lab, "doEnterpriseParametersReset", tmp=tmp_path)
    assert await broken(lab) == ["system_command", "parameters_reset"]
