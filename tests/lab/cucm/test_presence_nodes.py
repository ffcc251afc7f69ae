"""IM and Presence nodes have their own slots, services and ports, and none of those that process calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from lab_cucm_clients import REST, axl, call, on_cli, served, soap, until

from certrenew_lab.cucm import LabCucm
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.x509 import pem
from certrenew_lab.scenario import PRESENCE_PUBLISHER, PRESENCE_SUBSCRIBER, PUBLISHER, ClusterScenario, NodeScenario

IPSEC = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")
ROUTER = "Cisco XCP Router"
PRESENCE = 2  # position of the IM and Presence publisher


@pytest.fixture
def scenario(scenario: ClusterScenario, request: pytest.FixtureRequest) -> ClusterScenario:
    nodes = (
        NodeScenario("cucm-pub", PUBLISHER),
        NodeScenario("cucm-sub1"),
        NodeScenario("imp-pub", PRESENCE_PUBLISHER),
        NodeScenario("imp-sub", PRESENCE_SUBSCRIBER),
    )
    return replace(scenario, nodes=nodes, **getattr(request, "param", {}))


async def renew(lab: LabCucm, ca: LabAuthority, service: str, tmp: Path, node: int = PRESENCE) -> x509.Certificate:
    body = {"service": service, "distribution": "this-server"}
    answer = await call(lab, "POST", f"{REST}/csr", node=node, tmp=tmp, json=body)
    assert answer.status_code == 200, answer.text
    signed = ca.sign(x509.load_pem_x509_csr(answer.json()["csr"].encode()))
    chain = [pem(each) for each in reversed(ca.chain())]
    trust = {"service": [service], "certificates": chain, "description": ""}
    assert (await call(lab, "POST", f"{REST}/trust/certificates", node=node, tmp=tmp, json=trust)).status_code == 200
    identity = {"service": service, "certificates": [pem(signed)]}
    answer = await call(lab, "POST", f"{REST}/identity/certificates", node=node, tmp=tmp, json=identity)
    assert answer.status_code == 200, answer.text
    return signed


async def test_each_kind_of_node_has_its_own_slots_stores_and_services(lab: LabCucm) -> None:
    listed = await on_cli(lab, "show cert list own", node=PRESENCE)
    for name in ("tomcat", "tomcat-ECDSA", "ipsec", "cup", "cup-ECDSA", "cup-xmpp", "cup-xmpp-ECDSA", "cup-xmpp-s2s"):
        assert f"{name}/{name}.pem: " in listed
    assert not [name for name in ("CallManager", "CAPF", "TVS", "ITLRecovery") if name in listed]
    assert "cup" not in await on_cli(lab, "show cert list own")
    presence, voice = lab.cluster.nodes[PRESENCE], lab.cluster.publisher
    assert set(presence.store.trust) == {"tomcat-trust", "ipsec-trust", "cup-trust", "cup-xmpp-trust"}
    assert "cup-trust" not in voice.store.trust
    services = await on_cli(lab, "utils service list", node=PRESENCE)
    for name in ("Cisco SIP Proxy", "Cisco Presence Engine", ROUTER, "Cisco Intercluster Sync Agent", "Cisco Tomcat"):
        assert f"{name}[STARTED]" in services
    for name in ("Cisco CallManager", "Cisco Tftp", "Cisco HAProxy", "Cisco DRF Master"):
        assert f"{name}[" not in services


async def test_the_cluster_lists_them_as_what_they_are(lab: LabCucm, tmp_path: Path) -> None:
    listed = await on_cli(lab, "show network cluster")
    assert "imp-pub.lab.example imp-pub Subscriber cups DBPub authenticated" in listed
    assert "imp-sub.lab.example imp-sub Subscriber cups DBSub authenticated" in listed
    tags = "<returnedTags><name/><processNodeRole/></returnedTags>"
    search = "<searchCriteria><name>%</name></searchCriteria>"
    answer = (await axl(lab, "listProcessNode", search + tags, tmp=tmp_path)).text
    assert answer.count("CUCM IM and Presence") == 2
    described = lab.description()["nodes"][PRESENCE]
    assert described["role"] == "presence-publisher"
    assert described["ports"] == {"https": 8443, "xmpp": 5222, "federation": 5269, "presence_sip": 5062}


async def test_requests_ask_for_the_usages_of_presence(lab: LabCucm, tmp_path: Path) -> None:
    for service in ("cup", "cup-xmpp-ECDSA", "ipsec"):
        answer = await call(lab, "POST", f"{REST}/csr", node=PRESENCE, tmp=tmp_path, json={"service": service})
        request = x509.load_pem_x509_csr(answer.json()["csr"].encode())
        assert IPSEC in request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert not request.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment


async def test_the_soap_services_of_call_processing_are_absent_there(lab: LabCucm, tmp_path: Path) -> None:
    for path in ("/axl/", "/realtimeservice2/services/RISService70", "/perfmonservice2/services/PerfmonService"):
        assert (await soap(lab, path, "", tmp=tmp_path, node=PRESENCE)).status_code == 404


@pytest.mark.parametrize(
    ("unit", "port", "service"),
    [
        ("cup-xmpp", "xmpp", ROUTER),
        ("cup-xmpp-s2s", "federation", ROUTER),
        ("cup-xmpp-s2s", "federation", "Cisco XCP XMPP Federation Connection Manager"),
        ("cup", "presence_sip", "Cisco SIP Proxy"),
        ("tomcat", "https", "Cisco Tomcat"),
    ],
)
async def test_a_new_certificate_is_served_after_the_right_restart(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path, unit: str, port: str, service: str
) -> None:
    old = await served(lab, port, PRESENCE)
    signed = await renew(lab, new_ca, unit, tmp_path)
    node = lab.cluster.nodes[PRESENCE]
    assert await served(lab, port, PRESENCE) == old
    await node.services.start_restart("Cisco Presence Engine", "test")
    assert await served(lab, port, PRESENCE) == old
    node.services.start_restart(service, "test")
    new = node.store.identities[unit].fingerprint
    assert new != old
    assert node.store.identities[unit].certificate == signed
    await until(lambda: node.served[port].fingerprint == new and node.listening(node.listeners[port]))
    await until(lambda: node.services.started(service))
    assert await served(lab, port, PRESENCE) == new


async def test_a_restart_of_the_router_restarts_every_xcp_service(lab: LabCucm) -> None:
    node = lab.cluster.nodes[PRESENCE]
    node.services.start_restart(ROUTER, "test")
    await until(lambda: len(lab.cluster.journal.acts("service_started", node="imp-pub")) >= 8)
    restarted = {entry["detail"]["service"] for entry in lab.cluster.journal.acts("service_restarted", node="imp-pub")}
    assert restarted >= {ROUTER, "Cisco XCP Connection Manager", "Cisco XCP XMPP Federation Connection Manager"}
    assert not [name for name in restarted if not name.startswith("Cisco XCP")]
    assert node.services.services["Cisco XCP Message Archiver"].note == "Service Not Activated"


@pytest.mark.parametrize(
    "scenario", [{"presence_high_availability": True, "presence_restarts_stay_down": True}], indirect=True
)
async def test_under_high_availability_restarts_may_stay_down_until_a_start(lab: LabCucm) -> None:
    services = lab.cluster.nodes[PRESENCE].services
    await services.start_restart(ROUTER, "test")
    router = services.services[ROUTER]
    assert (router.state, router.note) == ("STOPPED", "Commanded Out of Service")
    assert f"{ROUTER}[STOPPED]  Commanded Out of Service" in await on_cli(lab, "utils service list", node=PRESENCE)
    with pytest.raises(ConnectionRefusedError):
        await served(lab, "xmpp", PRESENCE)
    await services.start_start(ROUTER, "test")
    assert router.state == "STARTED"


@pytest.mark.parametrize("scenario", [{"presence_high_availability": True}], indirect=True)
async def test_high_availability_alone_does_no_harm(lab: LabCucm) -> None:
    services = lab.cluster.nodes[PRESENCE].services
    await services.start_restart(ROUTER, "test")
    assert services.started(ROUTER)


async def test_the_sync_agent_takes_the_chain_to_the_other_presence_nodes(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    signed = await renew(lab, new_ca, "cup-xmpp", tmp_path)
    peer = lab.cluster.nodes[PRESENCE + 1].store.trust["cup-xmpp-trust"]
    assert not peer.chain_is_complete(signed)
    await lab.cluster.nodes[PRESENCE].services.start_restart("Cisco Intercluster Sync Agent", "test")
    assert peer.chain_is_complete(signed)
    assert not lab.cluster.publisher.store.trust["tomcat-trust"].chain_is_complete(signed)


@pytest.mark.parametrize(
    ("port", "unit"), [("xmpp", "cup-xmpp"), ("federation", "cup-xmpp-s2s"), ("presence_sip", "cup")]
)
async def test_a_client_with_ecdsa_ciphers_alone_sees_the_ecdsa_certificate(lab: LabCucm, port: str, unit: str) -> None:
    identities = lab.cluster.nodes[PRESENCE].store.identities
    assert await served(lab, port, PRESENCE, ciphers="aECDSA") == identities[f"{unit}-ECDSA"].fingerprint
    assert await served(lab, port, PRESENCE) == identities[unit].fingerprint


async def test_they_have_no_trust_list_of_phones(lab: LabCucm) -> None:
    shown = await on_cli(lab, "show itl", node=PRESENCE)
    assert "No valid command entered\r\nExecuted command unsuccessfully" in shown


async def test_phones_register_with_call_processing_nodes_only(lab: LabCucm) -> None:
    assert set(lab.cluster.fleet.registered_per_node()) == {"cucm-pub", "cucm-sub1"}
    assert lab.cluster.fleet.baseline == 60
