"""A node that answers on loopback: a scripted terminal behind real SSH, scripted pages behind real TLS."""

import datetime
import hashlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import paramiko
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from certrenew.cucm import Account, ClusterAccess, CucmClusters, NodeAddress, Timeouts
from certrenew.domain.model import Cluster, Node, Role

from .terminal import PASSWORD, Door, FakeNode, Hangup, Terminal, converse

FAST = Timeouts(
    connect=2, handshake=5, login=5, first_prompt=5, nudge=0.3, command=5, certificate=5, restart=5, http=3,
    paste_nudge=0.3, quiet=0.1, rate_wait=0, rate_budget=0.05,
)  # fmt: skip


def make_certificate(name: str, serial: int | None = None, starts: int = -1) -> tuple[str, str]:
    """A self-signed certificate and its key, both PEM; `starts` is in days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return signed_by(name, key, serial, starts), private.decode()


def signed_by(
    name: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, serial: int | None = None, starts: int = -1
) -> str:
    """A certificate that its own key signed, PEM."""
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=starts))
        .not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def make_request(name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="session")
def certificate_of() -> Callable[..., tuple[str, str]]:
    return make_certificate


@pytest.fixture(scope="session")
def request_of() -> Callable[[str], str]:
    return make_request


@pytest.fixture(scope="session")
def tls_identity() -> tuple[str, str]:
    return make_certificate("cucm-pub.example.com")


@pytest.fixture(scope="session")
def host_key() -> paramiko.PKey:
    return paramiko.ECDSAKey.generate()


# ---- the node behind SSH ---------------------------------------------------------------------------------------


@pytest.fixture
def fake_node(host_key: paramiko.PKey) -> Iterator[FakeNode]:
    """A scripted node behind a real SSH server on loopback."""
    node = FakeNode()
    listener = socket.create_server(("127.0.0.1", 0))
    node.port = listener.getsockname()[1]
    open_transports: list[paramiko.Transport] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        open_transports.append(transport)
        transport.set_log_channel("tests.fake_node")
        transport.add_server_key(host_key)
        door = Door(node)
        try:
            transport.start_server(server=door)
            channel = None
            while channel is None and transport.is_active():
                channel = transport.accept(0.05)
            if channel is not None and door.shell.wait(5):
                node.logins += 1
                channel.settimeout(20)
                converse(node, Terminal(channel, node.echo))
        except (Hangup, EOFError, OSError, paramiko.SSHException):
            pass
        finally:
            transport.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    logging.getLogger("tests.fake_node").setLevel(logging.CRITICAL)
    acceptor = threading.Thread(target=accept)
    acceptor.start()
    yield node
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    acceptor.join()
    for transport in open_transports:
        transport.close()
    for thread in threads:
        thread.join(10)


# ---- pages behind TLS ----------------------------------------------------------------------------------------------


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakePages:
    """`answers` turns a request into (status, headers, body); None cuts the connection after reading it."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: Callable[[Request], tuple[int, dict[str, str], bytes] | None] = lambda _request: (404, {}, b"")


@pytest.fixture
def fake_pages(tls_identity: tuple[str, str], tmp_path) -> Iterator[FakePages]:
    pages = FakePages()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            pages.requests.append(request)
            answer = pages.answers(request)
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status, "")
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - the library looks for these names

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request, client_address) -> None:
            pass

    (tmp_path / "node.pem").write_text("".join(tls_identity))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "node.pem")
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    pages.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    yield pages
    server.shutdown()
    server.server_close()
    thread.join()


# ---- the settings that reach them -----------------------------------------------------------------------------------


@pytest.fixture
def platform() -> Account:
    return Account("admin-user", lambda: PASSWORD, "platform account")


@pytest.fixture
def address_of(host_key: paramiko.PKey, tls_identity: tuple[str, str]) -> Callable[..., NodeAddress]:
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(tls_identity[0])).hexdigest()

    def make(ssh_port: int = 1, https_port: int = 1, **changes: object) -> NodeAddress:
        settings: dict[str, object] = {
            "node": Node("cucm-pub", "cucm-pub.example.com", Role.PUBLISHER),
            "host": "127.0.0.1",
            "ssh_port": ssh_port,
            "https_port": https_port,
            "rest_port": https_port,
            "ssh_keys": (f"{host_key.get_name()} {host_key.get_base64()}",),
            "certificate_pins": (digest,),
        }
        return NodeAddress(**{**settings, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def access_of(platform: Account) -> Callable[..., ClusterAccess]:
    def make(address: NodeAddress, **changes: object) -> ClusterAccess:
        settings: dict[str, object] = {
            "cluster": Cluster("cluster-a", (address.node,)),
            "nodes": (address,),
            "platform": platform,
            "application": Account("axl-user", lambda: PASSWORD, "application account"),
            "timeouts": FAST,
        }
        return ClusterAccess(**{**settings, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def fast() -> Timeouts:
    return FAST


@pytest.fixture
def session_at(fake_pages, fake_node, address_of, access_of):
    sessions = []

    def make(**changes):
        access = access_of(address_of(ssh_port=fake_node.port, https_port=fake_pages.port), **changes)
        sessions.append(CucmClusters((access,)).open(access.cluster))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()
