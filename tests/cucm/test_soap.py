"""AXL and the realtime services are read whatever their dress, and asked no more often than they allow."""

import base64
import re

import pytest

from certrenew.cucm import Account, check
from certrenew.cucm.soap import Fault, parse, value
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew.domain.model import PhoneInteraction, SecurityMode

from .soap_answers import body, fault, operation
from .terminal import PASSWORD

# ---- AXL ----------------------------------------------------------------------------------------------------------


def parameter(name: str, text: str) -> str:
    return f"<serviceParameter uuid='{{1}}'><name>{name}</name><value>{text}</value></serviceParameter>"


@pytest.mark.parametrize(("number", "mode"), [("0", SecurityMode.NON_SECURE), ("1", SecurityMode.MIXED)])
def test_the_security_mode_is_a_parameter(session_at, fake_pages, number, mode) -> None:
    fake_pages.answers = lambda _r: body(f"<r><return>{parameter('ClusterSecurityMode', number)}</return></r>")
    assert session_at().security_mode() is mode
    sent = fake_pages.requests[0]
    assert sent.path == "/axl/"
    assert sent.headers["SOAPAction"] == '"CUCM:DB ver=14.0 getServiceParameter"'
    assert b'xmlns:ns0="http://www.cisco.com/AXL/API/14.0"' in sent.body


def test_the_security_mode_falls_back_to_sql_then_to_ssh(session_at, fake_pages, fake_node) -> None:
    row = "<r><return><row><paramname>ClusterSecurityMode</paramname><paramvalue>1</paramvalue></row></return></r>"
    fake_pages.answers = lambda r: body(row) if operation(r) == "executeSQLQuery" else fault("Item not valid")
    assert session_at().security_mode() is SecurityMode.MIXED
    fake_pages.answers = lambda _r: fault("Item not valid")
    fake_node.script = lambda _t, _c: "paramname paramvalue\n========= ==========\nClusterSecurityMode 1\n"
    assert session_at().security_mode() is SecurityMode.MIXED


@pytest.mark.parametrize(
    ("name", "text", "meaning"),
    [
        ("PhoneInteractionOnCertificateUpdate", "Manually reset phones", PhoneInteraction.MANUAL),
        ("Phone Interaction on Certificate Update", "Automatically Reset Phones", PhoneInteraction.AUTOMATIC),
        ("PhoneInteractionOnCertUpdate", "7", PhoneInteraction.UNKNOWN),
        ("PhoneInteractionOnCertUpdate", "1", PhoneInteraction.MANUAL),
        ("PhonePersonalization", "manual", PhoneInteraction.UNKNOWN),
    ],
)
def test_the_phone_interaction_parameter_is_found_by_its_words(session_at, fake_pages, name, text, meaning) -> None:
    fake_pages.answers = lambda _r: body(
        f"<r><return>{parameter('ClusterID', 'x')}{parameter(name, text)}</return></r>"
    )
    session = session_at(phone_interaction_values={"1": PhoneInteraction.MANUAL})
    assert session.phone_interaction() is meaning


def phones(*names: str) -> str:
    rows = "".join(
        f"<phone uuid='1'><name>{n}</name><devicePoolName uuid='2'>Pool é</devicePoolName></phone>" for n in names
    )
    return f"<r xmlns='http://x'><return>{rows}</return></r>" if names else "<r><return/></r>"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_phones_is_listed_in_any_encoding(session_at, fake_pages, count: int) -> None:
    names = [f"SEP{number:012X}" for number in range(count)]
    status, _, content = body(phones(*names))
    comment = b"<!--This API has been processed by GAXL not AXL-->"
    fake_pages.answers = lambda _r: (status, {"Content-Type": "text/xml;charset=ISO-8859-1"}, content + comment)
    found = session_at().phones()
    assert [phone.name for phone in found] == names
    assert all(phone.device_pool == "Pool é" for phone in found)


def test_paging_that_is_ignored_ends(session_at, fake_pages) -> None:
    names = [f"SEP{number:012X}" for number in range(1500)]
    fake_pages.answers = lambda _r: body(phones(*names))
    assert len(session_at().phones()) == 1500
    assert len(fake_pages.requests) == 2


def test_a_list_that_is_too_large_is_fetched_in_the_suggested_portions(session_at, fake_pages) -> None:
    names = [f"SEP{number:012X}" for number in range(1000)]

    def answer(request):
        skip, first = (int(re.search(rb"<%s>(\d+)" % tag, request.body)[1]) for tag in (b"skip", b"first"))
        if first >= 844:
            return fault(
                "Query request too large. Total rows matched: 1000 rows. Suggested row fetch: less than 844 rows"
            )
        return body(phones(*names[skip : skip + first]))

    fake_pages.answers = answer
    assert len(session_at().phones()) == 1000


def test_a_cookie_replaces_the_password_until_it_expires(session_at, fake_pages) -> None:
    cookie = "JSESSIONIDSSO=abc; Path=/; Secure; HttpOnly"

    def answer(request):
        if "Authorization" not in request.headers and len(fake_pages.requests) == 3:
            return 404, {}, b""
        status, headers, content = body(
            "<r><return><componentVersion><version>15.0.1</version></componentVersion></return></r>"
        )
        return status, {**headers, "Set-Cookie": cookie}, content

    fake_pages.answers = answer
    session = session_at()
    assert [session.axl_version() for _ in range(3)] == ["15.0.1"] * 3
    assert ["Authorization" in request.headers for request in fake_pages.requests] == [True, False, False, True]


def test_another_version_is_spoken_when_ours_is_not(session_at, fake_pages) -> None:
    def answer(request):
        if "ver=12.5" in request.headers["SOAPAction"]:
            return body("<r><return><componentVersion><version>12.5.1</version></componentVersion></return></r>")
        return fault("Incorrect axl version: supported versions are 10.0, 11.5, 12.5")

    fake_pages.answers = answer
    assert session_at().axl_version() == "12.5.1"


def test_a_wrong_application_password_is_sent_once(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _r: (401, {"WWW-Authenticate": 'Basic realm="Cisco AXL API"'}, b"<html>")
    session = session_at(application=Account("axl-user", lambda: "wrong", "application account"))
    for ask in (session.phones, session.node("cucm-pub").registered_phones, session.security_mode):
        with pytest.raises(AccessDenied):
            ask()
    assert len(fake_pages.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            fault(
                "Item not valid: The specified X was not found",
                detail="<d><axlError><axlcode>5007</axlcode></axlError></d>",
            ),
            StepFailed,
            "5007",
        ),
        ((599, {"Content-Type": "text/html"}, b"<html>bad</html>"), StepFailed, "599"),
        ((403, {}, b""), AccessDenied, "Standard AXL API Access"),
        ((404, {}, b""), Unreachable, "404"),
    ],
)
def test_every_failure_of_axl_is_a_sentence(session_at, fake_pages, answer, error, words) -> None:
    fake_pages.answers = lambda _r: answer
    with pytest.raises(error, match=words):
        session_at().reset_phone("SEP000000000001")


def test_a_reset_cut_off_is_an_answer_lost(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _r: None
    with pytest.raises(AnswerLost):
        session_at().reset_device_pool("Head & Quarters")
    assert b"<ns0:resetDevicePool><name>Head &amp; Quarters</name></ns0:resetDevicePool>" in fake_pages.requests[0].body
    assert len(fake_pages.requests) == 1


# ---- reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"", b"<html><p>no", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"plain"])
def test_what_is_no_plain_xml_is_not_read(text: bytes) -> None:
    assert parse(text, "text/xml") is None


def test_a_value_is_found_by_its_local_name() -> None:
    root = parse(b'<?xml version="1.0"?><a xmlns="u"><Name> x </Name></a>', "text/xml; charset=utf-8")
    assert root is not None
    assert value(root, "name") == "x"


def test_a_rate_fault_is_known_by_code_or_text() -> None:
    assert Fault("ns1:Server.RateControl", "x").rate
    assert Fault("", "AxisFault: Exceeded allowed rate for Perfmon information").rate
    assert not Fault("soapenv:Server", "x").rate


# ---- the check ------------------------------------------------------------------------------------------


def test_a_check_names_what_is_wrong_and_tries_each_account_once(fake_pages, fake_node, address_of, access_of) -> None:
    fake_pages.answers = lambda _r: (401, {}, b"")
    fake_node.script = lambda _t, command: "Active Master Version: 15.0.1" if "version" in command else ""
    access = access_of(address_of(ssh_port=fake_node.port, https_port=fake_pages.port))
    problems = check(access)
    told = "\n".join(problems)
    assert "platform account" in told
    assert "application account" in told
    assert PASSWORD not in told
    assert len(fake_pages.requests) == 2
    users = [base64.b64decode(r.headers["Authorization"][6:]).split(b":")[0] for r in fake_pages.requests]
    assert users == [b"admin-user", b"axl-user"]
