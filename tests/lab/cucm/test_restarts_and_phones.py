"""What is stored is served only after the right restart, and phones come back only to what they trust."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import requests
from lab_cucm_clients import Cli, axl, call, on_cli, served, until

from certrenew_lab.cucm import LabCucm, desk
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.faults import Fault
from certrenew_lab.cucm.x509 import serial
from certrenew_lab.scenario import ClusterScenario, PhoneManners, SshManners

QUICK = SshManners(banner_delay=0)


@pytest.fixture
def scenario() -> ClusterScenario:
    """Several renewals per test, so time runs faster here."""
    return ClusterScenario(speed=300.0, phones=60, ssh=QUICK)


async def renew(lab: LabCucm, ca: LabAuthority, unit: str) -> None:
    """Replace the certificates of a slot on every node, through the desk that all interfaces share."""
    for node in lab.cluster.nodes:
        request = await desk.generate_request(lab.cluster, node, unit, desk.RequestOptions(), "test")
        for certificate in reversed(ca.chain()):
            desk.upload_trust(lab.cluster, node, unit, certificate, "test")
        desk.upload_identity(lab.cluster, node, unit, ca.sign(request), "test")


async def restart(lab: LabCucm, *services: str) -> None:
    """Restart services one after the other, publisher first."""
    for service in services:
        for node in lab.cluster.nodes:
            await node.services.start_restart(service, "test")


def all_registered(lab: LabCucm) -> bool:
    return not lab.cluster.fleet.missing()


async def test_each_listener_follows_its_own_service(lab: LabCucm, new_ca: LabAuthority) -> None:
    await renew(lab, new_ca, "CallManager")
    publisher = lab.cluster.publisher
    stored = publisher.store.identities["CallManager"].fingerprint
    assert stored not in {await served(lab, port) for port in ("tftp", "sip", "sccp")}
    await publisher.services.start_restart("Cisco Tftp", "test")
    assert await served(lab, "tftp") == stored
    assert await served(lab, "sip") != stored
    await publisher.services.start_restart("Cisco CallManager", "test")
    assert {await served(lab, "sip"), await served(lab, "sccp")} == {stored}


async def test_haproxy_also_refreshes_the_tftp_listener(lab: LabCucm, new_ca: LabAuthority) -> None:
    await renew(lab, new_ca, "CallManager")
    await lab.cluster.publisher.services.start_restart("Cisco HAProxy", "test")
    assert await served(lab, "tftp") == lab.cluster.publisher.store.identities["CallManager"].fingerprint
    assert await served(lab, "https") == lab.cluster.publisher.store.identities["tomcat"].fingerprint


async def test_a_restarting_listener_refuses_connections(lab: LabCucm) -> None:
    service = "Cisco Trust Verification Service"
    lab.cluster.faults.arm(Fault("restart_hangs", match=service))
    await lab.cluster.publisher.services.start_restart(service, "test")
    with pytest.raises(ConnectionRefusedError):
        await served(lab, "tvs")
    await lab.cluster.publisher.services.start_restart(service, "test")
    assert await served(lab, "tvs")


async def test_phones_fail_over_and_fall_back_when_a_callmanager_restarts(lab: LabCucm) -> None:
    fleet = lab.cluster.fleet
    before = fleet.registered_per_node()
    task = lab.cluster.publisher.services.start_restart("Cisco CallManager", "test")
    await until(lambda: fleet.registered_per_node() == {"cucm-pub": 0, "cucm-sub1": 45, "cucm-sub2": 15})
    await task
    await until(lambda: fleet.registered_per_node() == before)


async def test_the_upload_itself_resets_phones(lab: LabCucm, new_ca: LabAuthority) -> None:
    await renew(lab, new_ca, "CallManager")
    assert lab.cluster.fleet.missing()
    assert len(lab.cluster.journal.acts("phones_reset", scope="all")) == 3
    await until(lambda: all_registered(lab))


async def test_manual_phone_interaction_leaves_phones_alone(new_ca: LabAuthority) -> None:
    async with LabCucm(ClusterScenario(speed=120, phones=8, phone_interaction="manual", ssh=QUICK)) as lab:
        await renew(lab, new_ca, "CallManager")
        assert all_registered(lab)


async def test_a_callmanager_renewal_by_the_book_brings_every_phone_back(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    await renew(lab, new_ca, "CallManager")
    await until(lambda: all_registered(lab))
    await restart(lab, "Cisco Trust Verification Service", "Cisco Tftp", "Cisco CallManager", "Cisco CTIManager")
    await until(lambda: all_registered(lab))
    answer = await axl(lab, "resetEnterpriseParameters", tmp=tmp_path)
    assert "<return>true</return>" in answer.text
    assert not all_registered(lab)
    await until(lambda: all_registered(lab))
    assert lab.cluster.fleet.baseline == 60


async def test_callmanager_and_tvs_together_strand_the_phones(lab: LabCucm, new_ca: LabAuthority) -> None:
    await renew(lab, new_ca, "CallManager")
    await renew(lab, new_ca, "TVS")
    await until(lambda: all_registered(lab))
    await restart(lab, "Cisco Trust Verification Service", "Cisco Tftp", "Cisco CallManager")
    await until(lambda: all_registered(lab))
    lab.cluster.fleet.reset(lab.cluster.fleet.phones.values(), "all", "test")
    await until(lambda: all(phone.lost for phone in lab.cluster.fleet.phones.values()))
    for phone in lab.cluster.fleet.phones.values():  # the node that a phone moved away from says 10
        assert 14 in {sighting.reason for sighting in phone.sightings.values()}


async def test_tvs_after_the_phones_know_the_new_callmanager_is_safe(lab: LabCucm, new_ca: LabAuthority) -> None:
    for unit, services in (
        ("CallManager", ("Cisco Trust Verification Service", "Cisco Tftp", "Cisco CallManager")),
        ("TVS", ("Cisco Tftp", "Cisco Trust Verification Service")),
    ):
        await renew(lab, new_ca, unit)
        await restart(lab, *services)
        await until(lambda: all_registered(lab))
        lab.cluster.fleet.reset(lab.cluster.fleet.phones.values(), "all", "test")
        await until(lambda: all_registered(lab))


async def test_stragglers_never_come_back_and_have_reasons(new_ca: LabAuthority) -> None:
    manners = PhoneManners(stragglers=3)
    async with LabCucm(ClusterScenario(speed=200, phones=40, ssh=QUICK, phone=manners)) as lab:
        await renew(lab, new_ca, "CallManager")
        await until(lambda: len(lab.cluster.fleet.missing()) == 3)
        missing = lab.cluster.fleet.missing()
        assert {sighting.reason for phone in missing for sighting in phone.sightings.values()} == {13, 14}


async def update_ctl(lab: LabCucm) -> str:
    def work() -> str:
        cli = Cli(lab)
        cli.until("admin:")
        answer = cli.run("utils ctl update CTLFile", ("(y/n):", "y\n"))
        cli.close()
        return answer

    return await asyncio.to_thread(work)


@pytest.mark.parametrize("updated", [True, False])
async def test_secure_phones_come_back_only_with_an_updated_ctl(new_ca: LabAuthority, updated: bool) -> None:
    async with LabCucm(ClusterScenario(speed=200, phones=30, mixed_mode=True, ssh=QUICK)) as lab:
        old = serial(lab.cluster.publisher.store.identities["CallManager"].certificate)
        await renew(lab, new_ca, "CallManager")
        await until(lambda: all_registered(lab))
        if updated:
            assert "CTL file Updated" in await update_ctl(lab)
        await restart(lab, "Cisco Trust Verification Service", "Cisco Tftp", "Cisco CallManager")
        await until(lambda: not [phone for phone in lab.cluster.fleet.missing() if not phone.secure])
        shown = (await on_cli(lab, "show ctl")).replace(":", "")
        if updated:
            await until(lambda: all_registered(lab))
            assert old not in shown
        else:
            lab.cluster.fleet.reset(lab.cluster.fleet.phones.values(), "all", "test")
            await until(lambda: not [phone for phone in lab.cluster.fleet.missing() if not phone.secure])
            assert all(phone.secure for phone in lab.cluster.fleet.missing())
            assert len(lab.cluster.fleet.missing()) == 9
            assert old in shown


async def test_ctl_update_needs_the_publisher_mixed_mode_and_the_licence(lab: LabCucm) -> None:
    assert "Executed command unsuccessfully" in await on_cli(lab, "utils ctl update CTLFile", node=1)
    assert "Executed command unsuccessfully" in await on_cli(lab, "utils ctl update CTLFile")
    assert "Length of CTL file: 0" in await on_cli(lab, "show ctl")
    async with LabCucm(ClusterScenario(mixed_mode=True, ctl_licence=False, phones=4, ssh=QUICK)) as other:
        assert "export-controlled" in await on_cli(other, "utils ctl update CTLFile")
        assert not other.cluster.journal.acts("ctl_updated")


async def test_a_tomcat_restart_cuts_https_and_changes_what_is_served(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    await renew(lab, new_ca, "tomcat")
    old = await served(lab, "https")
    task = lab.cluster.publisher.services.start_restart("Cisco Tomcat", "test")
    await asyncio.sleep(0.05)
    with pytest.raises(requests.ConnectionError):
        await call(lab, "GET", "/axl/", tmp=tmp_path, account="application")
    await task
    assert await served(lab, "https") == lab.cluster.publisher.store.identities["tomcat"].fingerprint != old
