"""The servers of a cluster come from AXL or the command line; presence nodes are asked for what they have."""

from dataclasses import replace

import pytest

from certrenew.cucm import CucmClusters, NodeAddress, check
from certrenew.domain.errors import AccessDenied, StepFailed, Unreadable
from certrenew.domain.model import Cluster, Member, Node, Role

from .soap_answers import body, fault, operation

PROCESS_NODES = """<ns:listProcessNodeResponse xmlns:ns="http://www.cisco.com/AXL/API/14.0"><return>
<processNode uuid="{1}"><name>EnterpriseWideData</name><nodeUsage>Subscriber</nodeUsage>
<processNodeRole>CUCM Voice/Video</processNodeRole></processNode>
<processNode><name>cucm-pub.example.com</name><nodeUsage>Publisher</nodeUsage>
<processNodeRole>CUCM Voice/Video</processNodeRole></processNode>
<processNode><name>127.0.0.1</name><nodeUsage>Subscriber</nodeUsage></processNode>
<processNode><name>192.0.2.77</name><nodeUsage>Subscriber</nodeUsage>
<processNodeRole>CUCM Voice/Video</processNodeRole></processNode>
<processNode><name>imp1</name><nodeUsage>Subscriber</nodeUsage>
<processNodeRole>CUCM IM and Presence</processNodeRole></processNode>
<processNode><name>imp2</name><nodeUsage>Publisher</nodeUsage>
<processNodeRole>CUCM IM and Presence</processNodeRole></processNode>
</return></ns:listProcessNodeResponse>"""
NETWORK = """10.0.0.1 cucm-pub.example.com cucm-pub Publisher callmanager DBPub authenticated
10.0.0.2 cucm-sub1.example.com cucm-sub1 Subscriber callmanager DBSub authenticated using TCP since Fri Jan 2
10.0.0.5 imp1.example.com imp1 Subscriber cups DBPub authenticated using TCP since Fri Jan 2
10.0.0.6 imp2.example.com imp2 Subscriber cups DBSub authenticated using TCP since Fri Jan 2

Server Table (processnode) Entries
----------------------------------
cucm-pub.example.com
cucm-sub1.example.com
"""


def test_members_come_from_axl_without_the_virtual_one(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _request: body(PROCESS_NODES)
    assert session_at().members() == (
        Member("cucm-pub.example.com", Role.PUBLISHER),
        Member("cucm-pub", Role.SUBSCRIBER, "127.0.0.1"),  # an address that the configuration knows
        Member("192.0.2.77", Role.SUBSCRIBER, "192.0.2.77"),
        Member("imp1", Role.PRESENCE_SUBSCRIBER),
        Member("imp2", Role.PRESENCE_PUBLISHER),
    )
    assert [operation(request) for request in fake_pages.requests] == ["listProcessNode"]


@pytest.mark.parametrize("answer", [fault("Internal error"), body("<return/>"), (404, {}, b""), (200, {}, b"<html>")])
def test_where_axl_does_not_tell_the_command_line_does(session_at, fake_pages, fake_node, answer) -> None:
    fake_pages.answers = lambda _request: answer
    fake_node.script = lambda _terminal, command: NETWORK if command == "show network cluster" else None
    assert session_at().members() == (
        Member("cucm-pub.example.com", Role.PUBLISHER, "10.0.0.1"),
        Member("cucm-sub1.example.com", Role.SUBSCRIBER, "10.0.0.2"),
        Member("imp1.example.com", Role.PRESENCE_PUBLISHER, "10.0.0.5"),
        Member("imp2.example.com", Role.PRESENCE_SUBSCRIBER, "10.0.0.6"),
    )


def test_where_neither_tells_it_is_unreadable(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _request: fault("Database is down")
    with pytest.raises(Unreadable, match="Database is down"):
        session_at().members()


# ---- nodes of the IM and Presence Service --------------------------------------------------------------------------

PRESENCE = Node("imp1", "imp1.example.com", Role.PRESENCE_PUBLISHER)


@pytest.fixture
def with_presence(fake_pages, fake_node, address_of, access_of):
    sessions = []

    def make(**changes):
        publisher: NodeAddress = address_of(fake_node.port, fake_pages.port)
        access = access_of(publisher, cluster=Cluster("cluster-a", (publisher.node, PRESENCE)), **changes)
        access = replace(access, nodes=(publisher, replace(publisher, node=PRESENCE)))
        clusters = CucmClusters((access,))
        sessions.append(clusters.open(access.cluster))
        return access, clusters, sessions[-1]

    yield make
    for session in sessions:
        session.close()


def to_presence(fake_pages) -> list[str]:
    return [request.path for request in fake_pages.requests if request.headers["Host"].startswith("imp1")]


def test_a_presence_node_has_no_phones_and_is_not_asked(with_presence, fake_pages) -> None:
    _, _, session = with_presence()
    assert session.node("imp1").registered_phones() == 0
    assert fake_pages.requests == []


def test_registrations_are_never_asked_of_a_presence_node(with_presence, fake_pages) -> None:
    fake_pages.answers = lambda _request: (503, {}, b"")
    _, _, session = with_presence()
    with pytest.raises(Exception, match="503"):
        session.registrations(("SEP1",))
    assert fake_pages.requests
    assert to_presence(fake_pages) == []


@pytest.mark.parametrize("answer", [(404, {}, b""), (503, {}, b""), None])
def test_running_times_of_a_presence_node_may_be_untold(with_presence, fake_pages, answer) -> None:
    fake_pages.answers = lambda _request: answer
    _, _, session = with_presence()
    with pytest.raises(StepFailed, match="imp1 did not tell since when"):
        session.node("imp1").running_for("Cisco XCP Router")
    assert to_presence(fake_pages)


def test_an_account_that_a_presence_node_refuses_still_works_for_axl(with_presence, fake_pages) -> None:
    def answer(request):
        return (401, {}, b"") if request.headers["Host"].startswith("imp1") else body(PROCESS_NODES)

    fake_pages.answers = answer
    _, _, session = with_presence()
    for _ in range(2):  # and it is tried there once only
        with pytest.raises(AccessDenied):
            session.node("imp1").running_for("Cisco XCP Router")
    assert len(to_presence(fake_pages)) == 1
    assert session.members()


def test_the_doctor_asks_a_presence_node_for_what_it_has(with_presence, fake_pages, fake_node) -> None:
    fake_node.script = lambda _terminal, _command: "Active Master Version: 12.5.1.11900-146"
    fake_pages.answers = lambda _request: (404, {}, b"")
    access, clusters, _ = with_presence(use_rest="never")
    problems = check(access, clusters)
    assert problems  # AXL, RISPort70 and PerfMon of the publisher
    assert not [problem for problem in problems if "imp1" in problem]
    assert to_presence(fake_pages) == []
