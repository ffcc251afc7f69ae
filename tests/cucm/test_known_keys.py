"""HTTPS to a node works before, during and after its own certificate changes, also for a bot that starts again."""

import hashlib
import json

import pytest

from certrenew.cucm import CucmClusters, RememberedKeys, pem
from certrenew.domain.errors import AccessDenied, StepFailed
from certrenew.domain.model import Cluster, Node, RequestOptions, Role, Usages
from certrenew.testing import hierarchy
from certrenew.x509 import key_hash

PUB = Node("cucm-pub", "cucm-pub.example.com", Role.PUBLISHER)
SUB = Node("cucm-sub1", "cucm-sub1.example.com", Role.SUBSCRIBER)
IMP = Node("imp1", "imp1.example.com", Role.PRESENCE_PUBLISHER)
OTHER = Node("cucm-sub2", "cucm-sub2.example.com", Role.SUBSCRIBER)


@pytest.fixture
def known() -> RememberedKeys:
    return RememberedKeys()


@pytest.fixture
def opened(fake_pages, fake_node, address_of, access_of, known):
    """Each call is another process with the same memory; `pins` are what its configuration pins."""
    sessions = []

    def make(pins: tuple[str, ...] | None = None):
        changes = {} if pins is None else {"certificate_pins": pins}
        address = address_of(fake_node.port, fake_pages.port, **changes)
        access = access_of(address, cluster=Cluster("cluster-a", (PUB, SUB, OTHER, IMP)), use_rest="always")
        sessions.append(CucmClusters((access,), known).open(access.cluster))
        return sessions[-1].node("cucm-pub")

    yield make
    for session in sessions:
        session.close()


def request_for(*names: str) -> str:
    usages = Usages(key=frozenset({"digital_signature"}), extended=frozenset())
    return hierarchy.signing_request(names[0], names, usages, hierarchy.new_key())


def answering(csr: str):
    return lambda _request: (200, {}, json.dumps({"csr": csr, "identities": []}).encode())


@pytest.mark.parametrize("purpose", ["tomcat", "tomcat-ECDSA"])
def test_the_key_of_a_new_tomcat_request_is_learned(opened, fake_pages, known, purpose: str) -> None:
    csr = request_for(PUB.fqdn, "example.com")
    fake_pages.answers = answering(csr)
    opened().generate_csr(purpose)
    assert known.keys("cluster-a", "cucm-pub") == {key_hash(csr)}
    assert known.keys("cluster-a", "cucm-sub1") == frozenset()
    assert known.keys("cluster-b", "cucm-pub") == frozenset()


def test_a_shared_key_is_learned_for_every_node_that_the_request_names(opened, fake_pages, known) -> None:
    csr = request_for(PUB.fqdn, SUB.fqdn.upper(), IMP.fqdn, "example.com")
    fake_pages.answers = answering(csr)
    opened().generate_csr("tomcat", RequestOptions(multi_server=True))
    for node in (PUB, SUB, IMP):
        assert known.keys("cluster-a", node.name) == {key_hash(csr)}
    assert known.keys("cluster-a", OTHER.name) == frozenset()


@pytest.mark.parametrize("purpose", ["CallManager", "TVS", "ipsec", "cup-xmpp"])
def test_keys_that_https_never_presents_are_not_learned(opened, fake_pages, known, purpose: str) -> None:
    fake_pages.answers = answering(request_for(PUB.fqdn))
    opened().generate_csr(purpose)
    assert known.keys("cluster-a", "cucm-pub") == frozenset()


@pytest.mark.parametrize("answer", [(200, {}, b"{}"), (500, {}, b"{}"), None])
def test_a_key_is_learned_before_its_certificate_is_uploaded_whatever_becomes_of_it(
    opened, fake_pages, known, certificate_of, answer
) -> None:
    leaf = certificate_of(PUB.fqdn)[0]
    seen = []

    def upload(_request):
        seen.append(known.keys("cluster-a", "cucm-pub"))
        return answer

    fake_pages.answers = upload
    try:
        opened().upload_identity("tomcat", leaf, ())
    except Exception:
        assert answer != (200, {}, b"{}")
    assert seen == [{key_hash(leaf)}]


def test_a_certificate_that_cannot_be_read_is_not_uploaded(opened, fake_pages) -> None:
    with pytest.raises(StepFailed, match="cannot be read"):
        opened().upload_identity("tomcat", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ())
    assert fake_pages.requests == []


def test_a_bot_that_starts_again_trusts_what_it_installed(opened, fake_pages, known, tls_identity) -> None:
    fake_pages.answers = lambda _request: (200, {}, b'{"identities": []}')
    pinned = ("ab" * 32,)  # the certificate before the renewal: the node presents another one now
    with pytest.raises(AccessDenied, match="not trusted"):
        opened(pinned).pending_csrs()
    known.learn("cluster-a", "cucm-pub", pem.key_of_certificate(pem.der(tls_identity[0])))
    assert opened(pinned).identities(("tomcat",)) == {}


def test_the_old_certificate_is_trusted_until_the_restart(opened, fake_pages, tls_identity, certificate_of) -> None:
    fake_pages.answers = lambda _request: (200, {}, b'{"identities": []}')
    before = hashlib.sha256(pem.der(tls_identity[0])).hexdigest()
    opened((before,)).upload_identity("tomcat", certificate_of(PUB.fqdn)[0], ())
    assert opened((before,)).identities(("tomcat",)) == {}


def test_learning_twice_is_no_error(known) -> None:
    known.learn("a", "b", "c")
    known.learn("a", "b", "c")
    known.learn("a", "b", "d")
    assert known.keys("a", "b") == {"c", "d"}
