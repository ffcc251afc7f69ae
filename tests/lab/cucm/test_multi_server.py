"""One key, one request and one certificate for several nodes: made on the publisher, carried to the others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lab_cucm_clients import REST, Cli, call, on_cli, until

from certrenew_lab.cucm import LabCucm
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.x509 import alternative_names, common_name, pem
from certrenew_lab.scenario import PRESENCE_PUBLISHER, PUBLISHER, ClusterScenario, NodeScenario

VOICE = {"cucm-pub.lab.example", "cucm-sub1.lab.example"}
PRESENCE = {"imp-pub.lab.example"}
DOMAIN = {"lab.example"}


@pytest.fixture
def scenario(scenario: ClusterScenario, request: pytest.FixtureRequest) -> ClusterScenario:
    nodes = (
        NodeScenario("cucm-pub", PUBLISHER),
        NodeScenario("cucm-sub1"),
        NodeScenario("imp-pub", PRESENCE_PUBLISHER),
    )
    return replace(scenario, nodes=nodes, **getattr(request, "param", {}))


async def ask(lab: LabCucm, tmp: Path, service: str, node: int = 0, **fields: Any) -> requests.Response:
    body = {"service": service, "distribution": "multi-server"} | fields
    return await call(lab, "POST", f"{REST}/csr", node=node, tmp=tmp, json=body)


async def request_for(lab: LabCucm, tmp: Path, service: str, **fields: Any) -> x509.CertificateSigningRequest:
    answer = await ask(lab, tmp, service, **fields)
    assert answer.status_code == 200, answer.text
    return x509.load_pem_x509_csr(answer.json()["csr"].encode())


async def install(lab: LabCucm, tmp: Path, ca: LabAuthority, service: str, signed: x509.Certificate) -> None:
    chain = {"service": [service], "certificates": [pem(each) for each in ca.chain()], "description": ""}
    assert (await call(lab, "POST", f"{REST}/trust/certificates", tmp=tmp, json=chain)).status_code == 200
    body = {"service": service, "certificates": [pem(signed)]}
    answer = await call(lab, "POST", f"{REST}/identity/certificates", tmp=tmp, json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("spelling", ["multi-server", "Multi-server(SAN)", "MULTI-SERVER"])
@pytest.mark.parametrize(
    ("service", "name", "covered", "node"),
    [
        ("tomcat", "cucm-pub-ms.lab.example", VOICE | PRESENCE, 0),
        ("tomcat-ECDSA", "cucm-pub-EC-ms.lab.example", VOICE | PRESENCE, 0),
        ("CallManager", "cucm-pub-ms.lab.example", VOICE, 0),
        ("TVS", "cucm-pub-ms.lab.example", VOICE, 0),
        ("cup-xmpp-s2s", "imp-pub-ms.lab.example", PRESENCE, 2),
    ],
)
async def test_a_request_names_every_node_it_is_for(
    lab: LabCucm, tmp_path: Path, spelling: str, service: str, name: str, covered: set[str], node: int
) -> None:
    request = await request_for(
        lab, tmp_path, service, node=node, distribution=spelling, altNames=["voice.lab.example"]
    )
    assert common_name(request.subject) == name
    assert alternative_names(request) == covered | DOMAIN | {"voice.lab.example"}
    holders = {each.fqdn for each in lab.cluster.nodes if service in each.store.pending}
    assert holders == covered


async def test_one_upload_installs_it_on_every_node_a_little_later(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    signed = new_ca.sign(await request_for(lab, tmp_path, "tomcat", commonName="voice.lab.example"))
    assert common_name(signed.subject) == "voice.lab.example"
    old = lab.cluster.nodes[1].served["https"].fingerprint
    await install(lab, tmp_path, new_ca, "tomcat", signed)
    publisher, subscriber, presence = lab.cluster.nodes
    new = publisher.store.identities["tomcat"].fingerprint
    assert subscriber.store.identities["tomcat"].fingerprint == old
    for node in (subscriber, presence):
        await until(lambda node=node: node.store.identities["tomcat"].fingerprint == new)
        assert "tomcat" not in node.store.pending
        assert node.store.trust["tomcat-trust"].chain_is_complete(signed)
    assert subscriber.served["https"].fingerprint == old
    assert {entry["node"] for entry in lab.cluster.journal.acts("identity_distributed")} == {"cucm-sub1", "imp-pub"}
    assert len(lab.cluster.journal.acts("identity_uploaded")) == 1


async def test_a_node_that_takes_no_changes_gets_it_when_it_does(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    subscriber = lab.cluster.nodes[1]
    await subscriber.services.force("Cisco Certificate Change Notification", "STOPPED")
    signed = new_ca.sign(await request_for(lab, tmp_path, "tomcat"))
    await install(lab, tmp_path, new_ca, "tomcat", signed)
    await until(lambda: lab.cluster.journal.acts("identity_distributed", node="imp-pub"))
    assert subscriber.store.identities["tomcat"].certificate != signed
    await subscriber.services.force("Cisco Certificate Change Notification", "STARTED")
    await until(lambda: subscriber.store.identities["tomcat"].certificate == signed)


@pytest.mark.parametrize(("service", "node"), [("tomcat", 1), ("tomcat", 2), ("ipsec", 0), ("CAPF", 0), ("cup", 2)])
async def test_it_is_refused_on_other_nodes_and_for_other_slots(
    lab: LabCucm, tmp_path: Path, service: str, node: int
) -> None:
    assert (await ask(lab, tmp_path, service, node=node)).status_code == 400
    assert not lab.cluster.nodes[node].store.pending


async def test_it_is_uploaded_on_the_publisher_only(lab: LabCucm, new_ca: LabAuthority, tmp_path: Path) -> None:
    signed = new_ca.sign(await request_for(lab, tmp_path, "tomcat"))
    body = {"service": "tomcat", "certificates": [pem(signed)]}
    answer = await call(lab, "POST", f"{REST}/identity/certificates", node=1, tmp=tmp_path, json=body)
    assert (answer.status_code, answer.json()["messages"]) == (
        400,
        ["Multi-server certificates must be uploaded on the publisher"],
    )


def paste(lab: LabCucm, signed: x509.Certificate) -> str:
    cli = Cli(lab)
    cli.until("admin:")
    shown = cli.run("set cert import own tomcat", ("Paste the Certificate and Hit Enter\r\n", pem(signed) + "\r\n"))
    cli.close()
    return shown


async def trust_everywhere(lab: LabCucm, ca: LabAuthority) -> None:
    for certificate in ca.chain():
        lab.cluster.publisher.store.trust["tomcat-trust"].offer(certificate)


@pytest.mark.parametrize(
    ("scenario", "taken"),
    [({"version": "14.0.1.11900-132"}, True), ({"version": "14.0.1.12900-161"}, False)],
    indirect=["scenario"],
)
async def test_the_command_line_takes_it_before_14su2_only(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path, taken: bool
) -> None:
    signed = new_ca.sign(await request_for(lab, tmp_path, "tomcat"))
    await trust_everywhere(lab, new_ca)
    shown = await asyncio.to_thread(paste, lab, signed)
    if taken:
        assert "Successfully imported certificate for tomcat." in shown
        await until(lambda: lab.cluster.nodes[1].store.identities["tomcat"].certificate == signed)
    else:
        assert "Multi-SAN certificates cannot be uploaded using the CLI\r\nExecuted command unsuccessfully" in shown
        assert lab.cluster.publisher.store.identities["tomcat"].certificate != signed


@pytest.mark.parametrize("scenario", [{"version": "12.5.1.14900-63"}], indirect=True)
async def test_before_14_a_subscriber_has_an_unused_capf_certificate(lab: LabCucm) -> None:
    publisher, subscriber, _ = lab.cluster.nodes
    held = subscriber.store.identities["CAPF"].certificate
    assert held.subject == held.issuer
    assert held != publisher.store.identities["CAPF"].certificate
    assert "capf" in publisher.listeners
    assert "capf" not in subscriber.listeners
    listed = await on_cli(lab, "utils service list", node=1)
    assert "Cisco Certificate Authority Proxy Function[STOPPED]  Service Not Activated" in listed


@pytest.mark.parametrize("scenario", [{"multi_server": ("tomcat", "cup-xmpp", "TVS")}], indirect=True)
async def test_a_cluster_can_begin_with_multi_server_certificates(lab: LabCucm) -> None:
    publisher, subscriber, presence = lab.cluster.nodes
    shared = publisher.store.identities["tomcat"]
    assert shared == subscriber.store.identities["tomcat"] == presence.store.identities["tomcat"]
    assert alternative_names(shared.certificate) == VOICE | PRESENCE | DOMAIN
    assert publisher.store.identities["TVS"] == subscriber.store.identities["TVS"]
    assert presence.store.trust["cup-xmpp-trust"].chain_is_complete(presence.store.identities["cup-xmpp"].certificate)
    assert publisher.store.identities["CallManager"] != subscriber.store.identities["CallManager"]


@pytest.mark.parametrize(
    ("fields", "kind", "bits", "digest"),
    [
        ({"service": "tomcat", "keyType": "rsa", "keyLength": 3072, "hashAlgorithm": "SHA512"}, rsa, 3072, "sha512"),
        ({"service": "tomcat-ECDSA", "keyType": "ec", "keyLength": 256}, ec, 256, "sha256"),
        ({"service": "tomcat-ECDSA"}, ec, 384, "sha384"),
        ({"service": "tomcat"}, rsa, 2048, "sha256"),
    ],
)
async def test_key_and_hash_are_as_asked(
    lab: LabCucm, tmp_path: Path, fields: dict[str, Any], kind: Any, bits: int, digest: str
) -> None:
    request = await request_for(lab, tmp_path, **fields)
    key = request.public_key()
    assert isinstance(key, rsa.RSAPublicKey if kind is rsa else ec.EllipticCurvePublicKey)
    assert key.key_size == bits
    assert request.signature_hash_algorithm is not None
    assert request.signature_hash_algorithm.name == digest


@pytest.mark.parametrize(
    "fields",
    [
        {"distribution": "everywhere"},
        {"keyType": "ec"},
        {"keyType": "dsa"},
        {"keyLength": 1024},
        {"keyLength": "2048"},
        {"keyLength": True},
        {"hashAlgorithm": "md5"},
        {"service": "tomcat-ECDSA", "keyLength": 2048},
        {"service": "tomcat-ECDSA", "keyLength": 384, "hashAlgorithm": "sha256"},
        {"commonName": "*.lab.example"},
        {"commonName": "x" * 65},
        {"commonName": 7},
        {"altNames": "voice.lab.example"},
        {"altNames": ["10.0.0.1"]},
        {"altNames": ["*.lab.example"]},
        {"altNames": ["not a name"]},
    ],
)
async def test_nonsense_is_refused_and_leaves_no_request(lab: LabCucm, tmp_path: Path, fields: dict[str, Any]) -> None:
    answer = await ask(lab, tmp_path, **({"service": "tomcat", "distribution": "this-server"} | fields))
    assert answer.status_code == 400
    assert answer.json()["messages"]
    assert not lab.cluster.publisher.store.pending


async def test_federation_may_have_a_wildcard(lab: LabCucm, new_ca: LabAuthority, tmp_path: Path) -> None:
    names = ["*.lab.example"]
    request = await request_for(lab, tmp_path, "cup-xmpp-s2s", node=2, distribution="this-server", altNames=names)
    store = lab.cluster.nodes[2].store
    for certificate in new_ca.chain():
        store.trust["cup-xmpp-trust"].offer(certificate)
    assert "*.lab.example" in alternative_names(store.install("cup-xmpp-s2s", new_ca.sign(request)).certificate)
