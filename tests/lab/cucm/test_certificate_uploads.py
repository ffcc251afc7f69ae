"""Uploads are judged with real cryptography: every error of the catalogue is computed, none is scripted."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from lab_cucm_clients import REST, Cli, call, on_cli, served

from certrenew_lab.cucm import LabCucm
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.x509 import alternative_names, fingerprint, pem


async def request_csr(lab: LabCucm, tmp: Path, node: int = 0) -> x509.CertificateSigningRequest:
    body = {"service": "CallManager", "distribution": "this-server"}
    answer = await call(lab, "POST", f"{REST}/csr", node=node, tmp=tmp, json=body)
    assert answer.status_code == 200
    return x509.load_pem_x509_csr(answer.json()["csr"].encode())


async def trust_ca(lab: LabCucm, ca: LabAuthority, tmp: Path, node: int = 0) -> None:
    for certificate in reversed(ca.chain()):
        body = {"service": ["CallManager"], "certificates": [pem(certificate)], "description": "Trust Certificate"}
        answer = await call(lab, "POST", f"{REST}/trust/certificates", node=node, tmp=tmp, json=body)
        assert answer.status_code == 200


async def upload(lab: LabCucm, certificate: x509.Certificate, tmp: Path, node: int = 0) -> requests.Response:
    body = {"service": "CallManager", "certificates": [pem(certificate)]}
    return await call(lab, "POST", f"{REST}/identity/certificates", node=node, tmp=tmp, json=body)


async def test_a_request_carries_the_key_usages_and_names_of_the_slot(lab: LabCucm, tmp_path: Path) -> None:
    request = await request_csr(lab, tmp_path)
    assert alternative_names(request) == {"cucm-pub.lab.example", "lab.example"}
    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.data_encipherment
    assert not usage.key_encipherment
    extended = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {oid.dotted_string for oid in extended} == {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}


async def test_a_good_upload_is_stored_but_not_served_and_consumes_the_request(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    before = await served(lab, "tftp")
    certificate = new_ca.sign(await request_csr(lab, tmp_path))
    await trust_ca(lab, new_ca, tmp_path)
    assert (await upload(lab, certificate, tmp_path)).status_code == 200
    snapshot = (await call(lab, "GET", f"{REST}/snapshot/server", tmp=tmp_path)).json()
    row = next(row for row in snapshot["identities"] if row["service"] == "CallManager")
    assert row == {"service": "CallManager", "certificate": pem(certificate), "csr": ""}
    assert await served(lab, "tftp") == before
    assert not lab.cluster.journal.acts("service_restarted")
    assert (await upload(lab, certificate, tmp_path)).status_code == 500
    assert len(lab.cluster.journal.acts("identity_uploaded")) == 1


async def test_a_missing_chain_is_400_with_an_empty_reason_phrase(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    certificate = new_ca.sign(await request_csr(lab, tmp_path))
    answer = await upload(lab, certificate, tmp_path)
    assert (answer.status_code, answer.reason) == (400, "")
    assert answer.json()["messages"] == ["CA certificate is not available in the trust-store"]


async def test_an_intermediate_alone_does_not_make_a_chain(lab: LabCucm, new_ca: LabAuthority, tmp_path: Path) -> None:
    certificate = new_ca.sign(await request_csr(lab, tmp_path))
    body = {"service": ["CallManager"], "certificates": [pem(new_ca.certificate)], "description": ""}
    await call(lab, "POST", f"{REST}/trust/certificates", tmp=tmp_path, json=body)
    assert (await upload(lab, certificate, tmp_path)).status_code == 400


async def test_a_certificate_for_an_overwritten_request_is_500(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    certificate = new_ca.sign(await request_csr(lab, tmp_path))
    await trust_ca(lab, new_ca, tmp_path)
    await request_csr(lab, tmp_path)
    answer = await upload(lab, certificate, tmp_path)
    assert answer.status_code == 500
    assert "do not match" in answer.json()["messages"][0]
    assert lab.cluster.journal.acts("csr_overwritten", node="cucm-pub")


async def test_no_pending_request_is_500(lab: LabCucm, new_ca: LabAuthority, tmp_path: Path) -> None:
    other = new_ca.sign(await request_csr(lab, tmp_path, node=1))
    answer = await upload(lab, other, tmp_path)
    assert answer.status_code == 500
    assert "CallManager.csr does not exist" in answer.json()["messages"][0]


@pytest.mark.parametrize("meddling", [{"add_names": ("www.lab.example",)}, {"drop_names": ("lab.example",)}])
async def test_names_must_match_both_ways(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path, meddling: dict[str, Any]
) -> None:
    certificate = new_ca.sign(await request_csr(lab, tmp_path), **meddling)
    await trust_ca(lab, new_ca, tmp_path)
    answer = await upload(lab, certificate, tmp_path)
    assert answer.status_code == 400
    assert answer.json()["messages"] == ["CSR SAN and Certificate SAN does not match"]


async def test_an_expired_certificate_is_refused(lab: LabCucm, new_ca: LabAuthority, tmp_path: Path) -> None:
    certificate = new_ca.sign(await request_csr(lab, tmp_path), days=-1, started_days_ago=10)
    await trust_ca(lab, new_ca, tmp_path)
    assert (await upload(lab, certificate, tmp_path)).status_code == 400


async def test_the_field_types_of_service_are_exact(lab: LabCucm, new_ca: LabAuthority, tmp_path: Path) -> None:
    as_string = {"service": "CallManager", "certificates": [pem(new_ca.certificate)], "description": ""}
    answer = await call(lab, "POST", f"{REST}/trust/certificates", tmp=tmp_path, json=as_string)
    assert answer.status_code == 400
    as_array = {"service": ["CallManager"], "distribution": "this-server"}
    assert (await call(lab, "POST", f"{REST}/csr", tmp=tmp_path, json=as_array)).status_code == 400
    as_store = {"service": ["CallManager-trust"], "certificates": [pem(new_ca.certificate)], "description": ""}
    assert (await call(lab, "POST", f"{REST}/trust/certificates", tmp=tmp_path, json=as_store)).status_code == 400


async def test_a_duplicate_trust_upload_is_not_2xx_and_changes_nothing(
    lab: LabCucm, new_ca: LabAuthority, tmp_path: Path
) -> None:
    await trust_ca(lab, new_ca, tmp_path)
    before = dict(lab.cluster.publisher.store.trust["CallManager-trust"].files)
    body = {"service": ["CallManager"], "certificates": [pem(new_ca.certificate)], "description": ""}
    answer = await call(lab, "POST", f"{REST}/trust/certificates", tmp=tmp_path, json=body)
    assert answer.status_code == 400
    assert lab.cluster.publisher.store.trust["CallManager-trust"].files == before
    assert lab.cluster.journal.acts("trust_uploaded", outcome="duplicate")


async def test_an_older_ca_of_the_same_name_is_silently_not_stored(lab: LabCucm, tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    newer = LabAuthority.root("Twin CA", not_before=now - datetime.timedelta(days=10))
    older = LabAuthority.root("Twin CA", not_before=now - datetime.timedelta(days=20))
    await trust_ca(lab, newer, tmp_path)
    await trust_ca(lab, older, tmp_path)
    stored = lab.cluster.publisher.store.trust["CallManager-trust"].files.values()
    assert [held for held in stored if held.subject == older.certificate.subject] == [newer.certificate]
    newest = LabAuthority.root("Twin CA", not_before=now - datetime.timedelta(days=1))
    await trust_ca(lab, newest, tmp_path)
    stored = lab.cluster.publisher.store.trust["CallManager-trust"].files.values()
    assert [held for held in stored if held.subject == older.certificate.subject] == [newest.certificate]


async def test_an_application_user_is_not_let_into_the_rest_api(lab: LabCucm, tmp_path: Path) -> None:
    answer = await call(lab, "GET", f"{REST}/snapshot/server", tmp=tmp_path, account="application")
    assert answer.status_code == 401
    assert "CMPlatform Realm" in answer.headers["WWW-Authenticate"]


async def test_the_whole_exchange_works_over_ssh(lab: LabCucm, new_ca: LabAuthority) -> None:
    def work() -> list[str]:
        cli = Cli(lab)
        cli.until("admin:")
        cli.run("set cli pagination off")
        cli.run("set csr gen CallManager", ("(yes|no)? ", "no\n"))
        shown = cli.run("show csr own CallManager")
        begin, end = shown.index("-----BEGIN"), shown.index("admin:")
        request = x509.load_pem_x509_csr(shown[begin:end].replace("\r", "").encode())
        signed = new_ca.sign(request)
        paste = "Paste the Certificate and Hit Enter\r\n"
        early = cli.run("set cert import own CallManager", (paste, pem(signed) + "\r\n"))
        for certificate in reversed(new_ca.chain()):
            trusted = cli.run("set cert import trust CallManager", (paste, pem(certificate) + "\r\n"))
        broken = cli.run("set cert import own CallManager", (paste, "nonsense\n\n"))
        imported = cli.run("set cert import own CallManager", (paste, pem(signed).strip() + "\n"))
        listed = cli.run("show csr list own")
        cli.close()
        return [early, trusted, broken, imported, listed, fingerprint(signed)]

    early, trusted, broken, imported, listed, expected = await asyncio.to_thread(work)
    assert "CA certificate is not available in the trust-store\r\nExecuted command unsuccessfully" in early
    assert "Successfully imported certificate for CallManager-trust." in trusted
    assert "Error reading the certificate\r\nExecuted command unsuccessfully" in broken
    assert "Successfully imported certificate for CallManager.\r\nPlease restart services related" in imported
    assert "CallManager" not in listed.replace("show csr list own", "")
    assert lab.cluster.publisher.store.identities["CallManager"].fingerprint == expected


async def test_regeneration_makes_a_self_signed_certificate_at_once(lab: LabCucm) -> None:
    def work() -> None:
        cli = Cli(lab)
        cli.until("admin:")
        cli.run("set cert regen CallManager", ("(yes|no)? ", "yes\n"))
        cli.close()

    await asyncio.to_thread(work)
    assert "CallManager/CallManager.pem: Self-signed" in await on_cli(lab, "show cert list own")
    assert lab.cluster.journal.acts("trap", what="set cert regen")
