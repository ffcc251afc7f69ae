"""The certificate REST interface is written exactly and read liberally."""

import base64
import json
import logging
import traceback

import pytest

from certrenew.cucm import Account, CucmClusters, RestDialect
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew.domain.model import RequestOptions

from .terminal import PASSWORD

BASE = "/platformcom/api/v1/certmgr/config"
"""Every path of the interface begins so."""


@pytest.fixture
def node_at(fake_pages, fake_node, address_of, access_of):
    sessions = []

    def make(**changes):
        access = access_of(address_of(ssh_port=fake_node.port, https_port=fake_pages.port), **changes)
        sessions.append(CucmClusters((access,)).open(access.cluster))
        return sessions[-1].node("cucm-pub")

    yield make
    for session in sessions:
        session.close()


class Store:
    """A node's REST interface in a few lines: what is stored, and what each POST is answered."""

    def __init__(self, status: int = 200, said: dict | None = None) -> None:
        self.identities = {}
        self.requests = {}
        self.trusted = []
        self.status = status
        self.said = said or {}
        self.keeps = True
        self.suffix = ""

    def __call__(self, request):
        path = request.path.removeprefix(BASE)
        if path == "/snapshot/server":
            names = {*self.identities, *self.requests}
            body = {
                "identities": [
                    {"service": n, "certificate": self.identities.get(n, ""), "csr": self.requests.get(n, "")}
                    for n in names
                ],
                "trusts": [
                    {
                        "service": "tomcat" + self.suffix,
                        "certificate_data": [{"filename": "x", "certificate": c} for c in self.trusted],
                    }
                ],
            }
            return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()
        if path == "/trust/certificates" and self.keeps:
            self.trusted += json.loads(request.body)["certificates"]
        return self.status, {"Content-Type": "application/json"}, json.dumps(self.said).encode()


def test_a_request_is_asked_for_in_the_recorded_words(node_at, fake_pages, request_of) -> None:
    csr = request_of("cucm-pub.example.com")
    fake_pages.answers = Store(said={"csr": csr, "trackingId": "1"})
    assert node_at().generate_csr("tomcat") == csr
    sent = fake_pages.requests[-1]
    assert (sent.method, sent.path) == ("POST", f"{BASE}/csr")
    assert json.loads(sent.body) == {
        "service": "tomcat",
        "distribution": "this-server",
        "commonName": "cucm-pub.example.com",
        "keyType": "rsa",
        "keyLength": 2048,
        "hashAlgorithm": "sha256",
    }
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(f"admin-user:{PASSWORD}".encode()).decode()


def test_a_request_missing_in_the_answer_is_read_from_the_snapshot(node_at, fake_pages, request_of) -> None:
    store = fake_pages.answers = Store(status=201)
    store.requests["TVS"] = request_of("x")
    assert node_at().generate_csr("TVS") == store.requests["TVS"]


@pytest.mark.parametrize("leaf_only", [False, True])
def test_an_identity_goes_up_leaf_first_under_one_service(node_at, fake_pages, certificate_of, leaf_only: bool) -> None:
    leaf, middle, root = (certificate_of(name)[0] for name in ("leaf", "middle", "root"))
    fake_pages.answers = Store(status=201)
    node_at(rest=RestDialect(leaf_only=leaf_only)).upload_identity("tomcat", leaf, (middle, root))
    chain = [leaf] if leaf_only else [leaf, middle, root]
    assert json.loads(fake_pages.requests[-1].body) == {
        "service": "tomcat",
        "certificates": [text.strip() for text in chain],
    }


def test_a_trust_certificate_goes_up_under_a_list_of_services(node_at, fake_pages, certificate_of) -> None:
    root = certificate_of("root")[0]
    fake_pages.answers = Store()
    node_at().upload_trust("tomcat", root)
    posted = next(request for request in fake_pages.requests if request.method == "POST")
    assert json.loads(posted.body) == {
        "service": ["tomcat"],
        "certificates": [root.strip()],
        "description": "Trust Certificate",
    }


def test_a_certificate_already_trusted_is_not_sent_again(node_at, fake_pages, certificate_of) -> None:
    store = fake_pages.answers = Store()
    store.trusted.append(certificate_of("root")[0])
    store.suffix = "-trust"
    node_at().upload_trust("tomcat", store.trusted[0])
    assert all(request.method == "GET" for request in fake_pages.requests)


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_duplicate_refused_but_stored_is_no_error(node_at, fake_pages, certificate_of, status: int) -> None:
    fake_pages.answers = Store(status=status, said={"messages": ["already exists"]})
    node_at().upload_trust("tomcat", certificate_of("root")[0])


def test_a_silently_kept_older_authority_is_named(node_at, fake_pages, certificate_of) -> None:
    store = fake_pages.answers = Store()
    store.keeps = False
    store.trusted.append(certificate_of("Lab Root", serial=0xABC)[0])
    with pytest.raises(
        StepFailed, match=r"cucm-pub did not store 'Lab Root' \(serial def.*keeps 'Lab Root' \(serial abc"
    ):
        node_at().upload_trust("tomcat", certificate_of("Lab Root", serial=0xDEF, starts=-5)[0])


def test_pending_requests_are_those_with_a_body(node_at, fake_pages, certificate_of, request_of) -> None:
    store = fake_pages.answers = Store()
    store.identities = {"tomcat": certificate_of("a")[0], "TVS": certificate_of("b")[0]}
    store.requests = {"TVS": request_of("b")}
    node = node_at()
    assert node.pending_csrs() == {"TVS"}
    assert node.pending_csr("tomcat") is None
    assert node.pending_csr("TVS") == store.requests["TVS"]
    assert node.identities(("tomcat", "CAPF")) == {"tomcat": store.identities["tomcat"]}
    with pytest.raises(StepFailed, match="stores no CAPF certificate"):
        node.identity("CAPF")


@pytest.mark.parametrize("shape", [lambda c: [{"certificate": c}], lambda c: {"certificates": [{"certificate": c}]}])
def test_both_shapes_of_a_trust_list_are_read(node_at, fake_pages, certificate_of, shape) -> None:
    root = certificate_of("root")[0]

    def answer(request):
        body = {"identities": []} if request.path.endswith("server") else shape(root)
        return 200, {}, json.dumps(body).encode()

    fake_pages.answers = answer
    assert node_at().trust("tomcat") == (root,)
    assert fake_pages.requests[-1].path == f"{BASE}/trust/certificate?service=tomcat"


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, {}, "missing in the trust store"),
        (400, {"message": "CSR SAN and Certificate SAN does not match"}, "exactly the names"),
        (500, {"messages": ["Internal error"]}, "Internal error.*no signing request is waiting.*another key"),
        (418, {"error": "teapot"}, "teapot.*not one that this program knows"),
    ],
)
def test_a_refused_identity_says_why(node_at, fake_pages, certificate_of, status, said, expected) -> None:
    fake_pages.answers = Store(status, said)
    with pytest.raises(StepFailed, match=rf"cucm-pub .*{expected}"):
        node_at().upload_identity("tomcat", certificate_of("leaf")[0], ())


def test_a_node_with_another_word_for_several_servers_is_named_with_its_setting(node_at, fake_pages) -> None:
    fake_pages.answers = Store(400, {"messages": ["Invalid distribution. Allowed values: Multi-server(SAN)"]})
    with pytest.raises(StepFailed, match=r"Multi-server\(SAN\).*otherwise than 'multi-server': set multi_server"):
        node_at().generate_csr("tomcat", RequestOptions(multi_server=True))


def test_a_wrong_password_is_sent_once_over_all_transports(node_at, fake_pages, fake_node) -> None:
    fake_pages.answers = lambda _request: (
        401,
        {"WWW-Authenticate": 'Basic realm="CMPlatform Realm"'},
        b"<html>no</html>",
    )
    node = node_at(platform=Account("admin-user", lambda: "wrong", "platform account"))
    for ask in (node.pending_csrs, node.pending_csrs, node.version):
        with pytest.raises(AccessDenied):
            ask()
    assert len(fake_pages.requests) == 1
    assert fake_node.passwords == []


def test_a_missing_privilege_is_no_wrong_password(node_at, fake_pages) -> None:
    fake_pages.answers = lambda _request: (403, {}, b"")
    with pytest.raises(AccessDenied, match="privilege level 1"):
        node_at().pending_csrs()


@pytest.mark.parametrize("answer", [(404, {}, b"<html>"), (200, {}, b"<html>login</html>"), (503, {}, b"")])
def test_without_the_interface_ssh_is_used(node_at, fake_pages, fake_node, answer) -> None:
    fake_pages.answers = lambda _request: answer
    fake_node.script = lambda _terminal, command: "tomcat/tomcat.csr" if command == "show csr list own" else None
    assert node_at().pending_csrs() == {"tomcat"}


@pytest.mark.parametrize("settings", [{"use_rest": "never"}, {"release": "12.5"}])
def test_rest_is_not_looked_for_where_it_cannot_be(node_at, fake_pages, fake_node, settings) -> None:
    fake_node.script = lambda _terminal, _command: "tomcat/tomcat.csr"
    assert node_at(**settings).pending_csrs() == {"tomcat"}
    assert fake_pages.requests == []


def test_an_upload_cut_off_is_an_answer_lost_and_not_repeated(node_at, fake_pages, certificate_of) -> None:
    fake_pages.answers = lambda _request: None
    with pytest.raises(AnswerLost, match="nothing is repeated before"):
        node_at().upload_identity("tomcat", certificate_of("leaf")[0], ())
    assert len(fake_pages.requests) == 1


def test_reading_cut_off_is_tried_again_then_unreachable(node_at, fake_pages) -> None:
    fake_pages.answers = lambda _request: None
    with pytest.raises(Unreachable) as failure:
        node_at(use_rest="always").pending_csrs()
    assert not isinstance(failure.value, AnswerLost)
    assert len(fake_pages.requests) == 2


def test_no_secret_is_in_any_trace_of_a_failure(node_at, fake_pages, certificate_of, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    fake_pages.answers = lambda _request: None
    with pytest.raises(AnswerLost) as failure:
        node_at().upload_identity("tomcat", certificate_of("leaf")[0], ())
    told = "".join(traceback.format_exception(failure.value)) + caplog.text
    assert PASSWORD not in told
    assert base64.b64encode(f"admin-user:{PASSWORD}".encode()).decode() not in told


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_what_is_no_single_certificate_is_not_sent(node_at, fake_pages, text: str) -> None:
    with pytest.raises(StepFailed, match="Nothing was sent"):
        node_at().upload_identity("tomcat", text, ())
    assert fake_pages.requests == []
