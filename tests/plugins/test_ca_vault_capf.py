"""CAPF's certificate is an authority itself: how Vault and OpenBao sign it, where, and what may be missing."""

from collections.abc import Callable
from typing import Any

import pytest

from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed
from certrenew.domain.ports import Refused, SigningRequest
from certrenew.x509 import read_certificate
from certrenew_plugins.ca_vault.authority import VaultAuthority
from certrenew_plugins.capf import CAPF

from .conftest import LIST, SIGN, CsrMaker, Cutter, OpenBao, asking, issued
from .test_ca_vault_purposes import Case, judged

CASE = Case(CAPF, CAPF.usages)
SIGN_AUTHORITY = 'path "pki_int/root/sign-intermediate" { capabilities = ["update"] }'


@pytest.fixture
def request_of_capf() -> SigningRequest:
    return CASE.request()


@pytest.fixture(scope="session")
def phones_mount(openbao: OpenBao) -> str:
    """A second issuing authority, for authorities alone."""
    return subordinate(openbao, "pki_phones", "Phones CA")


def subordinate(openbao: OpenBao, mount: str, name: str, **options: Any) -> str:
    openbao.ask("POST", f"sys/mounts/{mount}", {"type": "pki", "config": {"max_lease_ttl": "43800h"}})
    csr = openbao.ask("POST", f"{mount}/intermediate/generate/internal", {"common_name": name})["data"]["csr"]
    wanted = {"csr": csr, "format": "pem", "ttl": "43000h", **options}
    signed = openbao.ask("POST", "pki/root/sign-intermediate", wanted)["data"]["certificate"]
    openbao.ask("POST", f"{mount}/intermediate/set-signed", {"certificate": f"{signed}\n{openbao.root}"})
    return mount


def test_another_mount_signs_for_capf_with_a_lifetime_of_its_own(
    make: Callable[..., VaultAuthority], phones_mount: str, request_of_capf: SigningRequest, make_csr: CsrMaker
) -> None:
    authority = make(ca_mount=phones_mount, ca_ttl="1000d", ttl="100d")
    found = issued(authority.submit(request_of_capf))
    certificate = read_certificate(found.leaf_pem)
    assert certificate.issuer == "CN=Phones CA"
    assert 999 <= (certificate.not_after - certificate.not_before).days <= 1001
    assert judged(authority, CASE, request_of_capf, found).findings == ()
    assert authority.find(request_of_capf) == authority.collect(found.reference, request_of_capf) == found
    other = issued(authority.submit(asking(make_csr())))
    assert read_certificate(other.leaf_pem).issuer == "CN=Example Issuing CA"


def test_a_lost_answer_to_capf_is_found_again(
    make: Callable[..., VaultAuthority], phones_mount: str, request_of_capf: SigningRequest, cutter: Cutter
) -> None:
    authority = make(url=cutter.url, ca_mount=phones_mount)
    assert authority.find(CASE.request()) is None
    cutter.lose_answers_to = b"/root/sign-intermediate"
    with pytest.raises(AnswerLost):
        authority.submit(request_of_capf)
    cutter.lose_answers_to = b""
    found = issued(authority.find(request_of_capf))
    assert judged(authority, CASE, request_of_capf, found).passed


def test_a_certificate_that_is_no_authority_is_not_taken_for_capfs(make: Callable[..., VaultAuthority]) -> None:
    asked = CASE.request()
    as_server = SigningRequest(key=asked.key, csr_pem=asked.csr_pem, purpose="tomcat", node=asked.node)
    authority = make(sign="verbatim", role=None)
    server = issued(authority.submit(as_server))
    assert issued(authority.find(as_server)) == server
    assert authority.find(asked) is None


def test_the_missing_policy_is_named_when_the_path_is_used(
    make: Callable[..., VaultAuthority], openbao: OpenBao, request_of_capf: SigningRequest
) -> None:
    openbao.policy("servers", SIGN, LIST)
    token = openbao.token_for("servers")
    with pytest.raises(AccessDenied, match="pki_int/root/sign-intermediate"):
        make(token).submit(request_of_capf)
    assert make(token).check() == ()
    assert make(token, ca_mount="pki_int").check() == (f"The token's policy lacks: {SIGN_AUTHORITY}",)
    openbao.policy("servers-and-capf", SIGN, LIST, SIGN_AUTHORITY)
    token = openbao.token_for("servers-and-capf")
    assert make(token, ca_mount="pki_int").check() == ()
    issued(make(token).submit(request_of_capf))


def test_the_second_mounts_list_policy_is_named_too(
    make: Callable[..., VaultAuthority], openbao: OpenBao, phones_mount: str
) -> None:
    openbao.policy("no-list", SIGN, LIST, SIGN_AUTHORITY.replace("pki_int", phones_mount))
    (line,) = make(openbao.token_for("no-list"), ca_mount=phones_mount).check()
    assert 'path "pki_phones/certs/detailed" { capabilities = ["list"] }' in line


def test_a_mount_that_is_not_there_is_named(
    make: Callable[..., VaultAuthority], request_of_capf: SigningRequest
) -> None:
    authority = make(ca_mount="nowhere")
    with pytest.raises(StepFailed, match="check ca_mount"):
        authority.submit(request_of_capf)
    with pytest.raises(StepFailed, match="check ca_mount"):
        authority.find(request_of_capf)
    assert any("check ca_mount" in line for line in authority.check())


def test_an_issuer_without_room_for_an_authority_is_told_before_and_at_the_signing(
    make: Callable[..., VaultAuthority], openbao: OpenBao, request_of_capf: SigningRequest
) -> None:
    authority = make(ca_mount=subordinate(openbao, "pki_servers", "Servers CA", max_path_length=0))
    (line,) = authority.check()
    assert "path length 0" in line
    answer = authority.submit(request_of_capf)
    assert isinstance(answer, Refused)
    assert "max path length of zero" in answer.reason
