"""Of a port that holds an RSA and an elliptic certificate either can be asked for."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certrenew.cucm import pem
from certrenew.cucm.doctor import discover
from certrenew.cucm.presented import presented
from certrenew.domain.errors import StepFailed, Unreachable

from .conftest import signed_by


@pytest.fixture(scope="module")
def rsa_identity() -> tuple[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return signed_by("cucm-pub.example.com", key), private


@pytest.fixture
def port_with(tmp_path) -> Iterator[Callable[..., int]]:
    """A listener that holds these certificates."""
    stops: list[Callable[[], None]] = []

    def make(*identities: tuple[str, str], newest: bool = False) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for number, identity in enumerate(identities):
            (tmp_path / f"{number}.pem").write_text("".join(identity))
            context.load_cert_chain(tmp_path / f"{number}.pem")
        if newest:
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.settimeout(5)
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()

        def stop() -> None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(10)

        stops.append(stop)
        return listener.getsockname()[1]

    yield make
    for stop in stops:
        stop()


def shown(port: int, elliptic: bool | None = None) -> str | None:
    return presented("n", "cucm-pub.example.com", "127.0.0.1", port, 2, elliptic)


def test_either_certificate_of_a_port_is_read(port_with, rsa_identity, tls_identity) -> None:
    port = port_with(rsa_identity, tls_identity)
    assert shown(port, elliptic=True) == tls_identity[0]
    assert shown(port, elliptic=False) == rsa_identity[0]
    assert shown(port) == rsa_identity[0]


@pytest.mark.parametrize("newest", [False, True])
def test_a_family_that_is_not_offered_is_none(port_with, rsa_identity, tls_identity, newest: bool) -> None:
    only_rsa, only_elliptic = port_with(rsa_identity, newest=newest), port_with(tls_identity, newest=newest)
    assert shown(only_rsa, elliptic=True) is None
    assert shown(only_rsa, elliptic=False) == rsa_identity[0]
    assert shown(only_elliptic, elliptic=True) == tls_identity[0]
    assert shown(only_elliptic, elliptic=False) is None
    assert shown(only_elliptic) == tls_identity[0]


@pytest.mark.parametrize("elliptic", [True, False])
def test_silence_and_other_protocols_are_not_mistaken_for_a_missing_family(elliptic: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        presented("n", "x", "127.0.0.1", silent.getsockname()[1], 0.2, elliptic)
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def greet() -> None:
            for _ in range(2):
                connection, _ = plain.accept()
                with connection:
                    connection.sendall(b"220 ready\r\n")
                    connection.recv(4096)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(StepFailed, match="does not speak TLS"):
            presented("n", "x", "127.0.0.1", plain.getsockname()[1], 2, elliptic)
        thread.join(5)


def test_a_closed_port_presents_neither() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert shown(port, elliptic=True) is None


def test_discovery_shows_both_certificates_of_a_port(
    port_with, rsa_identity, tls_identity, fake_node, address_of, fast
) -> None:
    port = port_with(rsa_identity, tls_identity)
    found = discover(address_of(ssh_port=fake_node.port, https_port=port, ssh_keys=()), fast)
    shown_keys = {key for _, key in found.certificates}
    assert shown_keys == {pem.key_of_certificate(pem.der(text)) for text in (rsa_identity[0], tls_identity[0])}
