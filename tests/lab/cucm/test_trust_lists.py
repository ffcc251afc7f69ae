"""Phones believe a new trust list only from a signer they know, so ITLRecovery has an order of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lab_cucm_clients import Cli, on_cli, until

from certrenew_lab.cucm import LabCucm, desk
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.inspection import state
from certrenew_lab.cucm.x509 import serial
from certrenew_lab.scenario import ClusterScenario, PhoneManners, SshManners

QUICK = SshManners(banner_delay=0)


@pytest.fixture
def scenario() -> ClusterScenario:
    """Several resets per test, so time runs faster here."""
    return ClusterScenario(speed=300.0, phones=24, phone_interaction="manual", ssh=QUICK)


async def type_in(lab: LabCucm, line: str, *answers: tuple[str, str], node: int = 0) -> str:
    def work() -> str:
        cli = Cli(lab, node)
        cli.until("admin:")
        cli.run("set cli pagination off")
        answer = cli.run(line, *answers)
        cli.close()
        return answer

    return await asyncio.to_thread(work)


async def regenerate(lab: LabCucm) -> str:
    return await type_in(lab, "set cert regen ITLRecovery", ("(yes|no)? ", "yes\n"))


async def restart(lab: LabCucm, service: str) -> None:
    for node in lab.cluster.nodes:
        await node.services.start_restart(service, "test")


async def reset_all(lab: LabCucm) -> None:
    fleet = lab.cluster.fleet
    fleet.reset(fleet.phones.values(), "all", "test")
    await until(lambda: all(phone.lost for phone in fleet.missing()))


def rules(lab: LabCucm) -> list[str]:
    return [entry["detail"]["rule"] for entry in lab.cluster.journal.acts("violation")]


async def test_the_localkey_reset_keeps_every_phone_through_a_new_itlrecovery(lab: LabCucm) -> None:
    old = lab.cluster.publisher.store.identities["ITLRecovery"]
    text = await regenerate(lab)
    assert "WARNING" in text
    assert "Successfully Regenerated Certificate for ITLRecovery." in text
    new = lab.cluster.publisher.store.identities["ITLRecovery"]
    assert new != old
    assert {node.store.identities["ITLRecovery"] for node in lab.cluster.nodes} == {new}
    told = await type_in(lab, "utils itl reset localkey")
    assert "Number of Active TFTP servers in the cluster : 3" in told
    assert "Successfully transferred reset ITL to node cucm-sub2" in told
    await reset_all(lab)
    await restart(lab, "Cisco Tftp")
    await reset_all(lab)
    assert lab.cluster.fleet.missing() == []
    assert not lab.cluster.journal.acts("trap")
    assert rules(lab) == []


async def test_without_the_localkey_reset_a_new_itlrecovery_strands_the_phones_for_good(lab: LabCucm) -> None:
    await regenerate(lab)
    await restart(lab, "Cisco Tftp")
    await reset_all(lab)
    found = state(lab.cluster)
    assert len(found["stranded"]) == 24
    await restart(lab, "Cisco Trust Verification Service")
    await restart(lab, "Cisco Tftp")
    assert len(lab.cluster.fleet.missing()) == 24
    assert lab.cluster.fleet.unlock(24) == 24
    await until(lambda: not lab.cluster.fleet.missing())


async def test_a_tvs_that_vouches_for_itlrecovery_saves_them() -> None:
    manners = PhoneManners(tvs_vouches_for_recovery=True)
    async with LabCucm(ClusterScenario(speed=300, phones=8, ssh=QUICK, phone=manners)) as lab:
        await regenerate(lab)
        await restart(lab, "Cisco Tftp")
        await reset_all(lab)
        assert lab.cluster.fleet.missing() == []


async def test_itlrecovery_together_with_callmanager_strands_the_phones(lab: LabCucm, new_ca: LabAuthority) -> None:
    await regenerate(lab)
    for node in lab.cluster.nodes:
        await renew(lab, new_ca, "CallManager", node)
    await restart(lab, "Cisco Tftp")
    await reset_all(lab)
    assert len(state(lab.cluster)["stranded"]) == 24
    assert "phones_without_new_list" in rules(lab)


async def renew(lab: LabCucm, ca: LabAuthority, unit: str, node: Any) -> None:
    request = await desk.generate_request(lab.cluster, node, unit, desk.RequestOptions(), "test")
    for certificate in reversed(ca.chain()):
        desk.upload_trust(lab.cluster, node, unit, certificate, "test")
    desk.upload_identity(lab.cluster, node, unit, ca.sign(request), "test")


async def test_mixed_mode_goes_over_the_ctl() -> None:
    scenario = ClusterScenario(speed=300, phones=24, mixed_mode=True, phone_interaction="manual", ssh=QUICK)
    async with LabCucm(scenario) as lab:
        await regenerate(lab)
        assert "The reset CTL file was generated successfully" in await type_in(lab, "utils ctl reset localkey")
        callmanager = serial(lab.cluster.publisher.store.identities["CallManager"].certificate)
        assert state(lab.cluster)["ctl_signer"] == callmanager
        shown = await on_cli(lab, "show ctl")
        assert "This etoken was not used to sign the CTL file." in shown
        await reset_all(lab)
        await type_in(lab, "utils ctl update CTLFile", ("(y/n):", "y\n"))
        recovery = serial(lab.cluster.publisher.store.identities["ITLRecovery"].certificate)
        assert state(lab.cluster)["ctl_signer"] == recovery
        await restart(lab, "Cisco Tftp")
        await reset_all(lab)
        assert lab.cluster.fleet.missing() == []


async def test_show_itl_tells_the_signer_and_whether_the_file_is_sound(lab: LabCucm) -> None:
    recovery = serial(lab.cluster.publisher.store.identities["ITLRecovery"].certificate)
    shown = (await on_cli(lab, "show itl")).replace("\r", "")
    signer = shown.split("This etoken was used to sign the ITL file.")[0]
    assert signer.replace(":", "").count(recovery) == 2
    assert "The ITL file was verified successfully." in shown
    await type_in(lab, "utils itl reset localkey")
    assert "was not used to sign the ITL" in await on_cli(lab, "show itl", node=1)


async def test_localkey_resets_are_for_the_publisher_and_the_ctl_for_mixed_mode(lab: LabCucm) -> None:
    for line, node in (
        ("utils itl reset localkey", 1),
        ("utils ctl reset localkey", 0),
        ("set cert regen ITLRecovery", 1),
    ):
        assert "Executed command unsuccessfully" in await on_cli(lab, line, node=node)


async def test_level_four_is_needed_to_sign_with_the_local_key() -> None:
    async with LabCucm(ClusterScenario(phones=2, ssh=SshManners(banner_delay=0, privilege=1))) as lab:
        assert "No valid command entered" in await on_cli(lab, "utils itl reset localkey")


def lsc_scenario() -> ClusterScenario:
    return ClusterScenario(
        speed=300, phones=20, mixed_mode=True, phone_interaction="manual", ssh=QUICK,
        phone=PhoneManners(secure_share=0.5, lsc_share=0.5),
    )  # fmt: skip


@pytest.mark.parametrize("mistake", ["", "no root", "old one deleted"])
async def test_phones_with_certificates_of_the_old_capf_need_both_trust_stores(
    new_ca: LabAuthority, mistake: str
) -> None:
    async with LabCucm(lsc_scenario()) as lab:
        cluster, publisher = lab.cluster, lab.cluster.publisher
        await renew(lab, new_ca, "CAPF", publisher)
        if mistake != "no root":
            desk.upload_trust(cluster, publisher, "CallManager", new_ca.chain()[-1], "test")
        if mistake == "old one deleted":
            assert desk.delete_trust(cluster, publisher, "CAPF-trust", "cucm-pub.pem", "test")
        cluster.fleet.reset(cluster.fleet.phones.values(), "all", "test")
        left = 5 if mistake else 0
        await until(lambda: len(cluster.fleet.missing()) == left)
        assert all(phone.lsc for phone in cluster.fleet.missing())
        reasons = {phone.sightings[phone.last_node].reason for phone in cluster.fleet.missing()}
        assert reasons <= {6, 13}
        assert ("capf_trust_deleted_early" in rules(lab)) == (mistake == "old one deleted")
        cluster.fleet.issue_lscs()
        await until(lambda: not cluster.fleet.missing())


async def test_the_ctl_names_the_capf_certificate_that_was_stored_when_it_was_written(new_ca: LabAuthority) -> None:
    async with LabCucm(lsc_scenario()) as lab:
        old = serial(lab.cluster.publisher.store.identities["CAPF"].certificate)
        await renew(lab, new_ca, "CAPF", lab.cluster.publisher)
        new = serial(lab.cluster.publisher.store.identities["CAPF"].certificate)
        assert old in (await on_cli(lab, "show ctl")).replace(":", "")
        await lab.cluster.publisher.services.start_restart("Cisco Certificate Authority Proxy Function", "test")
        assert rules(lab) == ["restart_before_ctl"]
        await type_in(lab, "utils ctl update CTLFile", ("(y/n):", "y\n"))
        assert new in (await on_cli(lab, "show ctl")).replace(":", "")
        await lab.cluster.publisher.services.start_restart("Cisco Certificate Authority Proxy Function", "test")
        assert rules(lab) == ["restart_before_ctl"]
