"""Which certificate a port presents: by cipher, by service, and with what is stored at the start."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from lab_cucm_clients import axl, on_cli, served, until

from certrenew_lab.cucm import LabCucm
from certrenew_lab.cucm.certificate_store import Identity
from certrenew_lab.cucm.x509 import is_self_signed, pem
from certrenew_lab.scenario import ClusterScenario

ECDSA, RSA = "aECDSA", "aRSA"
INVENTORY = (
    "select c.servername, tcs.name, dist.moniker, c.ipv4address, c.certificate from certificate as c "
    "inner join certificateservicecertificatemap as cscm on c.pkid = cscm.fkcertificate "
    "inner join typecertificateservice as tcs on cscm.tkcertificateservice = tcs.enum "
    "inner join typecertificatedistribution as dist on c.tkcertificatedistribution = dist.enum"
)


@pytest.fixture
def scenario(scenario: ClusterScenario, request: pytest.FixtureRequest) -> ClusterScenario:
    return replace(scenario, nodes=scenario.nodes[:2], **getattr(request, "param", {}))


def stored(lab: LabCucm, unit: str) -> str:
    return lab.cluster.publisher.store.identities[unit].fingerprint


@pytest.mark.parametrize("scenario", [{"ecdsa_on_https": True}], indirect=True)
@pytest.mark.parametrize("port", ["https", "tftp", "sip"])
async def test_the_cipher_chooses_the_certificate_and_rsa_is_preferred(lab: LabCucm, port: str) -> None:
    unit = "tomcat" if port == "https" else "CallManager"
    assert await served(lab, port, ciphers=ECDSA) == stored(lab, f"{unit}-ECDSA")
    assert await served(lab, port, ciphers=RSA) == stored(lab, unit)
    assert await served(lab, port) == stored(lab, unit)


async def test_https_offers_no_ecdsa_by_default(lab: LabCucm) -> None:
    with pytest.raises(ssl.SSLError):
        await served(lab, "https", ciphers=ECDSA)


async def test_an_ecdsa_certificate_is_served_after_the_restart_too(lab: LabCucm) -> None:
    node = lab.cluster.publisher
    other = lab.cluster.nodes[1].store.identities["CallManager-ECDSA"]
    before = stored(lab, "CallManager-ECDSA")
    node.store.identities["CallManager-ECDSA"] = other
    assert await served(lab, "sip", ciphers=ECDSA) == before
    await node.services.start_restart("Cisco CallManager", "test")
    assert await served(lab, "sip", ciphers=ECDSA) == other.fingerprint


async def test_capf_listens_on_the_publisher_while_its_service_runs(lab: LabCucm) -> None:
    assert await served(lab, "capf") == stored(lab, "CAPF")
    assert "capf" not in lab.description()["nodes"][1]["ports"]
    await lab.cluster.publisher.services.force("Cisco Certificate Authority Proxy Function", "STOPPED")
    with pytest.raises(ConnectionRefusedError):
        await served(lab, "capf")


def replace_tomcat(lab: LabCucm) -> Identity:
    node, other = lab.cluster.nodes
    node.store.identities["tomcat"] = other.store.identities["tomcat"]
    return other.store.identities["tomcat"]


async def test_tomcat_alone_switches_8443(lab: LabCucm) -> None:
    new = replace_tomcat(lab)
    await lab.cluster.publisher.services.start_restart("Cisco Tomcat", "test")
    assert await served(lab, "https") == new.fingerprint


@pytest.mark.parametrize("scenario", [{"https_needs_axl_tomcat": True}], indirect=True)
@pytest.mark.parametrize("order", [("Cisco Tomcat", "Cisco AXL Tomcat"), ("Cisco AXL Tomcat", "Cisco Tomcat")])
async def test_8443_can_be_made_to_wait_for_both_tomcats(lab: LabCucm, order: tuple[str, str]) -> None:
    old, new = stored(lab, "tomcat"), replace_tomcat(lab)
    services = lab.cluster.publisher.services
    await services.start_restart(order[0], "test")
    assert await served(lab, "https") == old
    await services.start_restart(order[1], "test")
    await until(lambda: lab.cluster.publisher.served["https"] is new)


@pytest.mark.parametrize(
    "scenario",
    [{"expires_in_days": {"TVS": 12, "tomcat": 9, "ipsec": -1}, "ca_signed": ("TVS", "CAPF")}],
    indirect=True,
)
async def test_every_purpose_can_be_made_due(lab: LabCucm) -> None:
    now = datetime.datetime.now(datetime.UTC)
    held = lab.cluster.publisher.store.identities

    def days(unit: str) -> int:
        return round((held[unit].certificate.not_valid_after_utc - now).total_seconds() / 86400)

    assert [days(unit) for unit in ("TVS", "tomcat", "ipsec", "CallManager")] == [12, 9, -1, 20]
    assert days("CAPF") == 300
    assert not is_self_signed(held["TVS"].certificate)
    assert lab.cluster.publisher.store.trust["CAPF-trust"].chain_is_complete(held["CAPF"].certificate)
    assert is_self_signed(held["ipsec"].certificate)


@pytest.mark.parametrize("scenario", [{"expired_trust": 2}], indirect=True)
async def test_trust_stores_can_begin_with_expired_authorities(lab: LabCucm) -> None:
    now = datetime.datetime.now(datetime.UTC)
    store = lab.cluster.publisher.store
    for trust in store.trust.values():
        over = [held for held in trust.files.values() if held.not_valid_after_utc < now]
        assert [is_self_signed(held) for held in over] == [True, False]
    assert store.trust["CallManager-trust"].chain_is_complete(store.identities["CallManager"].certificate)
    assert "Expired_Lab_CA_1" in await on_cli(lab, "show cert list trust")


async def test_the_publisher_tells_the_certificates_of_the_whole_cluster(lab: LabCucm, tmp_path: Path) -> None:
    shown = await on_cli(lab, f"run sql {INVENTORY}")
    assert shown.splitlines()[1].split() == ["servername", "name", "moniker", "ipv4address", "certificate"]
    held = lab.cluster.nodes[1].store.identities["TVS"].certificate
    assert pem(held).splitlines()[1] in shown
    assert "cucm-sub1" in shown
    assert "CallManager-trust" in shown
    answer = (await axl(lab, "executeSQLQuery", f"<sql>{INVENTORY}</sql>", tmp=tmp_path)).text
    assert "<moniker>multi-server</moniker>" in answer  # ITLRecovery, one for all nodes
    blocks = answer.split("<certificate>")[1:]
    found = [x509.load_pem_x509_certificate(block.split("</certificate>")[0].encode()) for block in blocks]
    assert held in found
