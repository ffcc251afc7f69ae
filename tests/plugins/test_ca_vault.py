"""Vault and OpenBao as an authority, tried against a real OpenBao."""

import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from certrenew.domain.errors import AccessDenied, ConfigError, StepFailed
from certrenew.domain.ports import Refused
from certrenew.x509 import read_certificate
from certrenew_plugins.ca_vault.authority import VaultAuthority

from .conftest import SIGN, CsrMaker, Cutter, OpenBao, asking, issued, judged


def test_a_signed_certificate_passes_the_gatekeeper(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, openbao: OpenBao
) -> None:
    authority, csr = make(), make_csr()
    found = issued(authority.submit(asking(csr)))
    examination = judged(authority, csr, found)
    assert examination.passed, examination.findings
    assert examination.chain[1:] == (openbao.issuing, openbao.root)
    assert found.warnings == ()
    assert authority.collect(found.reference, asking(csr)) == found


def test_the_common_name_that_the_default_adds_is_stopped_with_the_setting_to_change(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker
) -> None:
    authority, csr = make(exclude_cn_from_sans=False), make_csr()
    examination = judged(authority, csr, issued(authority.submit(asking(csr))))
    assert not examination.passed
    stops = [finding for finding in examination.findings if finding.stops]
    assert [finding.code for finding in stops] == ["name-added"]
    assert "cucm-pub-ms.example.com" in stops[0].sentence
    assert "exclude_cn_from_sans=true" in stops[0].sentence


def test_a_role_with_defaults_lacks_data_encipherment(make: Callable[..., VaultAuthority], make_csr: CsrMaker) -> None:
    authority, csr = make(role="defaults"), make_csr()
    examination = judged(authority, csr, issued(authority.submit(asking(csr))))
    assert {finding.code for finding in examination.findings if finding.stops} == {"key-usage-missing"}


def test_verbatim_keeps_the_subject(make: Callable[..., VaultAuthority], make_csr: CsrMaker) -> None:
    authority, csr = make(sign="verbatim", role=None), make_csr()
    found = issued(authority.submit(asking(csr)))
    assert "O=Example Corp" in read_certificate(found.leaf_pem).subject
    assert judged(authority, csr, found).passed


def test_a_capped_lifetime_comes_with_the_authoritys_warning(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker
) -> None:
    found = issued(make(ttl="3000d").submit(asking(make_csr())))
    assert len(found.warnings) == 1
    assert "maxTTL" in found.warnings[0]


def test_a_policy_refusal_is_final_and_in_the_authoritys_words(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker
) -> None:
    csr = make_csr("cucm.evil.test", common_name="cucm.evil.test")
    answer = make().submit(asking(csr))
    assert isinstance(answer, Refused)
    assert "not allowed by this role" in answer.reason
    unknown = make(role="nope").submit(asking(csr))
    assert isinstance(unknown, Refused)
    assert "nope" in unknown.reason


def test_a_wrong_mount_is_named(make: Callable[..., VaultAuthority], make_csr: CsrMaker) -> None:
    with pytest.raises(StepFailed, match="check mount"):
        make(mount="nowhere").submit(asking(make_csr()))
    with pytest.raises(StepFailed, match="check mount"):
        make(mount="nowhere").find(asking(make_csr()))


def test_a_wrong_token_is_denied_and_not_shown(make: Callable[..., VaultAuthority], make_csr: CsrMaker) -> None:
    token = f"s.{time.monotonic_ns()}"
    with pytest.raises(AccessDenied) as caught:
        make(token).submit(asking(make_csr()))
    assert "refused the token" in str(caught.value)
    assert token not in "".join(traceback.format_exception(caught.value))


def test_a_token_without_the_policy_line_is_told_the_line(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, openbao: OpenBao
) -> None:
    openbao.policy("nothing", 'path "secret/none" { capabilities = ["read"] }')
    with pytest.raises(AccessDenied, match='path "pki_int/sign/cucm"'):
        make(openbao.token_for("nothing")).submit(asking(make_csr()))


def test_a_token_from_the_environment(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make(token_env="CERTRENEW_TEST_TOKEN")
    with pytest.raises(ConfigError, match="CERTRENEW_TEST_TOKEN"):
        authority.submit(asking(make_csr()))
    monkeypatch.setenv("CERTRENEW_TEST_TOKEN", "root")
    issued(authority.submit(asking(make_csr())))


def test_an_approle_signs_and_logs_in_again_when_its_lease_is_over(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, openbao: OpenBao, cutter: Cutter, tmp_path: Path
) -> None:
    openbao.policy("bot", SIGN)
    role, secret = openbao.approle("bot", "bot", token_ttl="10m")
    file = tmp_path / "secret-id"
    file.write_text(secret)
    authority = make(url=cutter.url, approle_role_id=role, approle_secret_id_file=file)
    issued(authority.submit(asking(make_csr())))
    issued(authority.submit(asking(make_csr())))
    assert _logins(cutter) == 1
    for accessor in openbao.ask("LIST", "auth/token/accessors")["data"]["keys"]:
        facts = openbao.ask("POST", "auth/token/lookup-accessor", {"accessor": accessor})["data"]
        if "bot" in facts["policies"]:
            openbao.ask("POST", "auth/token/revoke-accessor", {"accessor": accessor})
    issued(authority.submit(asking(make_csr())))
    assert _logins(cutter) == 2


def _logins(cutter: Cutter) -> int:
    return sum(b"/auth/approle/login" in request for request in cutter.forwarded)


def test_a_wrong_secret_id_is_sent_once_only(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, openbao: OpenBao, cutter: Cutter, tmp_path: Path
) -> None:
    openbao.policy("bot", SIGN)
    role, secret = openbao.approle("bot2", "bot")
    file = tmp_path / "secret-id"
    file.write_text("wrong-secret")
    authority = make(url=cutter.url, approle_role_id=role, approle_secret_id_file=file)
    for _ in range(3):
        with pytest.raises(AccessDenied) as caught:
            authority.submit(asking(make_csr()))
        assert "wrong-secret" not in str(caught.value)
    assert _logins(cutter) == 1
    file.write_text(secret)
    issued(authority.submit(asking(make_csr())))
