"""The lab's authority makes a subordinate authority of CAPF, and every slot can keep the usages it asks for."""

import functools
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from cryptography import x509

from certrenew_lab.authority import LabAuthority
from certrenew_lab.cucm.authority import build_request
from certrenew_lab.cucm.units import UNITS
from certrenew_lab.cucm.x509 import alternative_names, common_name, new_ec_key, new_rsa_key, pem

NAME = "cucm-pub.lab.example"
INTERMEDIATE = "root/sign-intermediate"
IPSEC = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")


@pytest_asyncio.fixture
async def authority() -> AsyncIterator[LabAuthority]:
    made = LabAuthority(allowed_domains=("lab.example",))
    await made.start()
    yield made
    await made.stop()


@functools.cache
def request_of(unit_name: str) -> x509.CertificateSigningRequest:
    unit = UNITS[unit_name]
    return build_request(unit, new_ec_key() if unit.elliptic else new_rsa_key(), NAME, (NAME,))


async def ask(authority: LabAuthority, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    known = authority.description()
    headers = {"X-Vault-Token": known["token"]}
    trusting = ssl.create_default_context(cadata=known["ca_bundle"])
    url = f"{known['url']}/v1/{known['mount']}/{path}"
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers, ssl=trusting) as answer:
        return answer.status, await answer.json()


async def signed(authority: LabAuthority, path: str, unit: str, **body: Any) -> x509.Certificate:
    status, answer = await ask(authority, path, csr=pem(request_of(unit)), **body)
    assert status == 200, answer
    certificate = x509.load_pem_x509_certificate(answer["data"]["certificate"].encode())
    issuing = x509.load_pem_x509_certificate(answer["data"]["issuing_ca"].encode())
    certificate.verify_directly_issued_by(issuing)
    return certificate


def key_usage(subject: x509.Certificate | x509.CertificateSigningRequest) -> x509.KeyUsage:
    return subject.extensions.get_extension_for_class(x509.KeyUsage).value


def extended(subject: x509.Certificate | x509.CertificateSigningRequest) -> set[x509.ObjectIdentifier]:
    return set(subject.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


async def test_capf_becomes_an_authority_with_the_values_of_its_request(authority: LabAuthority) -> None:
    capf = await signed(authority, INTERMEDIATE, "CAPF", use_csr_values=True, ttl="397d", format="pem")
    constraints = capf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert key_usage(capf) == key_usage(request_of("CAPF"))
    assert key_usage(capf).key_cert_sign
    assert extended(capf) == extended(request_of("CAPF"))
    assert capf.subject == request_of("CAPF").subject
    assert alternative_names(capf) == {NAME}
    assert (capf.not_valid_after_utc - capf.not_valid_before_utc).days == 397


async def test_the_answer_has_the_chain_and_is_in_the_journal(authority: LabAuthority) -> None:
    csr = pem(request_of("CAPF"))
    _, answer = await ask(authority, INTERMEDIATE, csr=csr, use_csr_values=True, format="pem_bundle")
    data = answer["data"]
    assert set(data) >= {"certificate", "issuing_ca", "ca_chain", "serial_number", "expiration"}
    assert len(x509.load_pem_x509_certificates(data["certificate"].encode())) == 3
    assert x509.load_pem_x509_certificate(data["ca_chain"][-1].encode()) == x509.load_pem_x509_certificate(
        authority.description()["root"].encode()
    )
    assert [line["role"] for line in authority.journal()] == [INTERMEDIATE]


async def test_without_the_requests_values_it_is_a_plain_authority_with_the_given_name(authority: LabAuthority) -> None:
    status, answer = await ask(authority, INTERMEDIATE, csr=pem(request_of("CAPF")))
    assert (status, "common_name field is required" in answer["errors"][0]) == (400, True)
    made = await signed(authority, INTERMEDIATE, "CAPF", common_name="Phones CA", max_path_length=0)
    assert common_name(made.subject) == "Phones CA"
    assert key_usage(made).crl_sign
    assert not alternative_names(made)


async def test_nothing_outlives_its_issuer(authority: LabAuthority) -> None:
    status, answer = await ask(authority, INTERMEDIATE, csr=pem(request_of("CAPF")), use_csr_values=True, ttl="9999d")
    assert (status, "beyond the expiration of the CA certificate" in answer["errors"][0]) == (400, True)


@pytest.mark.parametrize("unit", [name for name, unit in UNITS.items() if unit.ca_signed and name != "CAPF"])
async def test_sign_verbatim_keeps_the_usages_of_every_slot(authority: LabAuthority, unit: str) -> None:
    leaf = await signed(authority, "sign-verbatim", unit, ttl="90d")
    assert key_usage(leaf) == key_usage(request_of(unit))
    assert extended(leaf) == extended(request_of(unit))


async def test_a_role_gives_its_own_usages_and_one_of_them_is_for_ipsec(authority: LabAuthority) -> None:
    assert IPSEC not in extended(await signed(authority, "sign/web", "ipsec"))
    leaf = await signed(authority, "sign/cucm", "ipsec", exclude_cn_from_sans=True)
    assert extended(leaf) == extended(request_of("ipsec"))
    assert key_usage(leaf).key_encipherment
    assert key_usage(leaf).data_encipherment
