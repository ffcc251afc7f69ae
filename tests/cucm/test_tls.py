"""Nothing is sent to a node that cannot prove itself."""

import hashlib
import socket
import ssl
import threading

import pytest

from certrenew.cucm import RememberedKeys, discover, pem
from certrenew.cucm.https import Https
from certrenew.cucm.presented import presented
from certrenew.cucm.tls import NodeTrust
from certrenew.domain.errors import AccessDenied, Unreachable


@pytest.fixture
def open_https(fake_pages, platform, address_of, fast):
    opened: list[Https] = []

    def make(bundle=None, **changes) -> Https:
        address = address_of(https_port=fake_pages.port, **changes)
        trust = NodeTrust("cucm-pub", address.node.fqdn, address.certificate_pins, bundle)
        opened.append(Https(address, fake_pages.port, trust, platform, fast, "test"))
        return opened[-1]

    fake_pages.answers = lambda _request: (200, {}, b"hello")
    yield make
    for https in opened:
        https.close()


def test_a_pinned_self_signed_certificate_is_trusted_at_an_address(open_https, fake_pages) -> None:
    assert open_https().send("GET", "/x").content == b"hello"
    assert fake_pages.requests[0].headers["Host"].startswith("cucm-pub.example.com")


def test_a_pinned_public_key_is_trusted(open_https, tls_identity) -> None:
    key = pem.key_of_certificate(pem.der(tls_identity[0]))
    assert open_https(certificate_pins=(key,)).send("GET", "/x").status_code == 200


def test_a_pin_with_colons_and_capitals_is_trusted(open_https, tls_identity) -> None:
    digest = hashlib.sha256(pem.der(tls_identity[0])).hexdigest().upper()
    pin = ":".join(digest[start : start + 2] for start in range(0, 64, 2))
    assert open_https(certificate_pins=(pin,)).send("GET", "/x").status_code == 200


def test_an_authority_of_the_bundle_is_trusted_for_the_name(open_https, tls_identity, tmp_path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(tls_identity[0])
    assert open_https(bundle=bundle, certificate_pins=()).send("GET", "/x").status_code == 200


def test_another_name_is_refused_even_from_a_known_authority(
    fake_pages, platform, address_of, fast, tls_identity, tmp_path
):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(tls_identity[0])
    address = address_of(https_port=fake_pages.port)
    https = Https(address, fake_pages.port, NodeTrust("n", "other.example.com", (), bundle), platform, fast, "test")
    with pytest.raises(AccessDenied, match=r"other\.example\.com"):
        https.send("GET", "/x")
    https.close()


def test_a_wrong_pin_is_refused_with_both_fingerprints_and_nothing_is_sent(
    open_https, fake_pages, tls_identity
) -> None:
    with pytest.raises(AccessDenied) as refused:
        open_https(certificate_pins=("ab" * 32,)).send("GET", "/x")
    assert "ab" * 32 in str(refused.value)
    assert hashlib.sha256(pem.der(tls_identity[0])).hexdigest() in str(refused.value)
    assert fake_pages.requests == []


def test_without_pins_and_bundle_nothing_is_trusted(open_https) -> None:
    with pytest.raises(AccessDenied, match="neither pins nor a bundle"):
        open_https(certificate_pins=()).send("GET", "/x")


def test_a_key_learned_meanwhile_is_trusted_by_a_trust_that_was_made_before(
    fake_pages, platform, address_of, fast, tls_identity
) -> None:
    known = RememberedKeys()
    trust = NodeTrust("cucm-pub", "cucm-pub.example.com", (), None, lambda: known.keys("cluster-a", "cucm-pub"))
    fake_pages.answers = lambda _request: (200, {}, b"")
    https = Https(address_of(https_port=fake_pages.port), fake_pages.port, trust, platform, fast, "test")
    known.learn("cluster-a", "cucm-sub1", pem.key_of_certificate(pem.der(tls_identity[0])))
    with pytest.raises(AccessDenied):  # a key is another node's until it is said to be this one's
        https.send("GET", "/x")
    known.learn("cluster-a", "cucm-pub", pem.key_of_certificate(pem.der(tls_identity[0])))
    assert https.send("GET", "/x").status_code == 200
    https.close()


def test_the_environment_cannot_change_what_is_trusted(open_https, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert open_https().send("GET", "/x").status_code == 200


def test_what_a_port_presents_is_read_without_trusting_it(fake_pages, tls_identity) -> None:
    assert presented("n", "any.example.com", "127.0.0.1", fake_pages.port, 2) == tls_identity[0]


def test_a_certificate_is_read_even_if_the_node_demands_ours(tls_identity, tmp_path) -> None:
    (tmp_path / "node.pem").write_text("".join(tls_identity))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "node.pem")
    context.load_verify_locations(tmp_path / "node.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with listener:
        found = presented("n", "any.example.com", "127.0.0.1", listener.getsockname()[1], 2)
        thread.join(5)
    assert found == tls_identity[0]


def test_a_closed_port_presents_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert presented("n", "x", "127.0.0.1", port, 2) is None


def test_a_port_that_never_answers_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        presented("n", "x", "127.0.0.1", silent.getsockname()[1], 0.2)


def test_discovery_shows_what_to_pin_without_logging_in(
    fake_node, fake_pages, address_of, fast, host_key, tls_identity
) -> None:
    found = discover(address_of(ssh_port=fake_node.port, https_port=fake_pages.port, ssh_keys=()), fast)
    assert found.ssh_keys == (f"{host_key.get_name()} {host_key.get_base64()}",)
    assert found.ssh_fingerprints[0].startswith("SHA256:")
    assert found.certificate_fingerprint == hashlib.sha256(pem.der(tls_identity[0])).hexdigest()
    assert fake_node.passwords == []
