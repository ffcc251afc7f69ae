"""Vault and OpenBao as an authority, tried against a real OpenBao."""

import os
import socket
import threading
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from certrenew.domain.errors import AccessDenied, AnswerLost, ConfigError, StepFailed, Unreachable
from certrenew.domain.model import Usages
from certrenew.domain.ports import Issued, Refused, SigningRequest
from certrenew.x509 import Examination, examine, key_hash, names_of, read_certificate
from certrenew_plugins import ca_vault
from certrenew_plugins.ca_vault.authority import VaultAuthority
from certrenew_plugins.ca_vault.settings import Settings

from .conftest import Cutter, OpenBao, free_port, running_openbao

CsrMaker = Callable[..., str]
USAGES = Usages(
    key=frozenset({"digital_signature", "data_encipherment"}),
    extended=frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}),
)
SIGN = 'path "pki_int/sign/cucm" { capabilities = ["update"] }'
LIST = 'path "pki_int/certs/*" { capabilities = ["list"] }'


@pytest.fixture
def make(openbao: OpenBao, tmp_path: Path) -> Callable[..., VaultAuthority]:
    """Authorities of the real server, with some settings changed."""
    root = tmp_path / "root.pem"
    root.write_text(openbao.root)

    def made(token: str = "root", **changed: Any) -> VaultAuthority:
        secret = tmp_path / "token"
        secret.write_text(token + "\n")
        settings = {"url": openbao.url, "mount": "pki_int", "role": "cucm", "roots": [root], "timeout": 10}
        if not any(name.startswith(("approle_secret", "token_")) for name in changed):
            settings["token_file"] = secret
        return VaultAuthority(Settings.model_validate(settings | changed))

    return made


def asking(csr: str) -> SigningRequest:
    return SigningRequest(key=key_hash(csr), csr_pem=csr, purpose="tomcat", node="cucm-pub")


def issued(answer: object) -> Issued:
    assert isinstance(answer, Issued), answer
    return answer


def judged(authority: VaultAuthority, csr: str, found: Issued) -> Examination:
    return examine(
        csr_pem=csr,
        leaf_pem=found.leaf_pem,
        pool_pem=found.pool_pem,
        roots_pem=authority.roots(),
        usages=USAGES,
        now=datetime.now(UTC),
        replaces_pem=None,
        trust_pem=(),
    )


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


def test_a_lost_answer_is_found_again_by_its_key(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, cutter: Cutter
) -> None:
    authority, request = make(url=cutter.url), asking(make_csr())
    assert authority.find(request) is None
    cutter.lose_answers_to = b"/sign/cucm"
    with pytest.raises(AnswerLost):
        authority.submit(request)
    cutter.lose_answers_to = b""
    found = issued(authority.find(request))
    assert key_hash(found.leaf_pem) == request.key
    assert judged(authority, request.csr_pem, found).passed
    assert authority.find(asking(make_csr())) is None


def test_a_slow_answer_is_lost_too(make: Callable[..., VaultAuthority], make_csr: CsrMaker, cutter: Cutter) -> None:
    cutter.hold = 1.5
    authority, request = make(url=cutter.url, timeout=0.5), asking(make_csr())
    started = time.monotonic()
    with pytest.raises(AnswerLost, match=r"0\.5 seconds"):
        authority.submit(request)
    with pytest.raises(Unreachable) as caught:
        authority.find(request)
    assert not isinstance(caught.value, AnswerLost)
    assert time.monotonic() - started < 5


def test_the_newest_of_two_certificates_for_one_request_is_found(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker
) -> None:
    authority, request = make(), asking(make_csr())
    first = issued(authority.submit(request))
    time.sleep(1.1)
    second = issued(authority.submit(request))
    assert first.reference != second.reference
    assert issued(authority.find(request)).reference == second.reference


def test_a_certificate_that_cannot_be_used_is_not_found_again(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, openbao: OpenBao
) -> None:
    request = asking(make_csr())
    bad = issued(make(exclude_cn_from_sans=False).submit(request))
    assert "DNS:cucm-pub-ms.example.com" in names_of(bad.leaf_pem)
    assert make().find(request) is None
    good = issued(make().submit(request))
    assert issued(make().find(request)).reference == good.reference
    openbao.ask("POST", "pki_int/revoke", {"serial_number": good.reference})
    assert make().find(request) is None


def test_without_the_list_policy_it_does_not_pretend_that_nothing_is_there(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, openbao: OpenBao
) -> None:
    openbao.policy("signer", SIGN)
    authority = make(openbao.token_for("signer"))
    with pytest.raises(StepFailed, match=r'path "pki_int/certs/detailed" \{ capabilities = \["list"\] \}'):
        authority.find(asking(make_csr()))
    openbao.policy("lister", SIGN, LIST)
    assert make(openbao.token_for("lister")).find(asking(make_csr())) is None


def test_a_role_that_keeps_nothing_cannot_be_searched(make: Callable[..., VaultAuthority], make_csr: CsrMaker) -> None:
    with pytest.raises(StepFailed, match="no_store"):
        make(role="forgetful").find(asking(make_csr()))


def test_nobody_listening_means_nothing_happened(make: Callable[..., VaultAuthority], make_csr: CsrMaker) -> None:
    with pytest.raises(Unreachable) as caught:
        make(url=f"http://127.0.0.1:{free_port()}").submit(asking(make_csr()))
    assert not isinstance(caught.value, AnswerLost)


def test_a_sealed_server_means_nothing_happened(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, tmp_path: Path
) -> None:
    with running_openbao(tmp_path) as server:
        authority = make(url=server.url)
        server.ask("PUT", "sys/seal")
        with pytest.raises(Unreachable, match="sealed") as caught:
            authority.submit(asking(make_csr()))
        assert not isinstance(caught.value, AnswerLost)
        assert any("sealed" in line or "HTTP 503" in line for line in authority.check())


def test_the_doctor_is_content_with_a_good_setup_and_names_what_is_missing(
    make: Callable[..., VaultAuthority], openbao: OpenBao
) -> None:
    assert make().check() == ()
    assert "No roots" in make(roots=[]).check()[0]
    openbao.policy("signer", SIGN)
    assert any("certs/detailed" in line for line in make(openbao.token_for("signer")).check())
    assert any("role nope" in line for line in make(role="nope").check())
    assert any("refused the token" in line for line in make("bad").check())
    assert any("no_store" in line for line in make(role="forgetful").check())
    assert make(url=f"http://127.0.0.1:{free_port()}").check()[-1].startswith("127.0.0.1")
    assert any("cannot be read" in line for line in make(roots=[Path("/nowhere.pem")]).check())


def test_the_environments_certificates_and_proxies_are_not_used(
    make: Callable[..., VaultAuthority], make_csr: CsrMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    issued(make().submit(asking(make_csr())))


@pytest.fixture
def canned() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers every request with the given bytes."""
    answers: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(answers[0])

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", answers
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", Unreachable, "nothing happened"),
        (b"HTTP/1.1 473 Standby\r\nContent-Length: 0\r\n\r\n", Unreachable, "nothing happened"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", AnswerLost, "not known"),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>", AnswerLost, "not known"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\n<html>", AnswerLost, "not known"),
        (b"HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n", AnswerLost, "not known"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", AnswerLost, "not known"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", AnswerLost, "not known"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", AnswerLost, "without a certificate"),
        (b"HTTP/1.1 307 There\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", StepFailed, "another address"),
        (b"nonsense", AnswerLost, "not known"),
        (b"", AnswerLost, "not known"),
    ],
)
def test_every_other_answer_is_told_apart(
    make: Callable[..., VaultAuthority],
    make_csr: CsrMaker,
    canned: tuple[str, list[bytes]],
    answer: bytes,
    kind: type[Exception],
    words: str,
) -> None:
    url, answers = canned
    answers.append(answer)
    with pytest.raises(kind, match=words) as caught:
        make(url=url).submit(asking(make_csr()))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "http://vault.example.com"},
        {"url": "https://user:pw@vault.example.com"},
        {"mount": "../sys"},
        {"role": None},
        {"role": "a/b"},
        {"token_env": "TOKEN"},
        {"token_file": None},
        {"approle_role_id": "x"},
        {"client_key": "/x"},
        {"ttl": "long"},
        {"token": "plain"},
    ],
)
def test_settings_that_cannot_work_are_refused(changed: dict[str, Any]) -> None:
    good = {"url": "https://vault.example.com:8200", "mount": "pki_int", "role": "cucm", "token_file": "/x"}
    assert Settings.model_validate(good)
    with pytest.raises(ValidationError):
        Settings.model_validate(good | changed)


def test_the_examples_are_valid_settings() -> None:
    (declared,) = ca_vault.register_authorities()
    assert declared.name == "vault"
    for example in declared.examples:
        table = tomllib.loads(example)
        assert table.pop("type") == declared.name
        declared.settings.model_validate(table)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_secret_file_is_named(make: Callable[..., VaultAuthority], tmp_path: Path) -> None:
    file = tmp_path / "hidden"
    file.write_text("x")
    file.chmod(0)
    with pytest.raises(ConfigError, match="hidden"):
        make(token_file=file).check()
