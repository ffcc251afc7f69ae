"""Vault and OpenBao as an authority, when something is in the way."""

import os
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from certrenew.domain.errors import AnswerLost, ConfigError, StepFailed, Unreachable
from certrenew.x509 import key_hash, names_of
from certrenew_plugins import ca_vault
from certrenew_plugins.ca_vault.authority import VaultAuthority
from certrenew_plugins.ca_vault.settings import Settings

from .conftest import LIST, SIGN, CsrMaker, Cutter, OpenBao, asking, free_port, issued, judged, running_openbao


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
