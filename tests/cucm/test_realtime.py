"""Registrations, counters and running times, asked for no more often than allowed."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from certrenew.cucm import NodeAddress
from certrenew.cucm.budget import Budget, CarefulBudget, CommonBudget
from certrenew.cucm.realtime import TooManyRequests
from certrenew.domain.errors import StepFailed, Unreachable
from certrenew.domain.model import Cluster, Node, Registration, Role

from .soap_answers import body, fault


def device(name: str, status: str, stamp: int, reason: int = 0) -> str:
    return (
        f"<item><Name>{name}</Name><Status>{status}</Status><StatusReason>{reason}</StatusReason><TimeStamp>{stamp}</TimeStamp>"
        "<LinesStatus><item><DirectoryNumber>1</DirectoryNumber><Status>Registered</Status></item></LinesStatus></item>"
    )


def ris_node(name: str, *devices: str, code: str = "Ok") -> str:
    return f"<item><ReturnCode>{code}</ReturnCode><Name>{name}</Name><CmDevices>{''.join(devices)}</CmDevices></item>"


@pytest.mark.parametrize("wrapper", ["selectCmDeviceReturn", ""])
def test_the_latest_entry_of_a_phone_wins(session_at, fake_pages, wrapper: str) -> None:
    nodes = ris_node("cucm-sub1", device("SEP1", "UnRegistered", 100, 8)) + ris_node(
        "CUCM-PUB.example.com", device("SEP1", "Registered", 200), device("SEP2", "Rejected", 150, 14)
    )
    nodes += ris_node("cucm-sub2", code="NodeNotResponding")
    result = f"<SelectCmDeviceResult><CmNodes>{nodes}</CmNodes></SelectCmDeviceResult>"
    inner = f"<{wrapper}>{result}</{wrapper}>" if wrapper else result
    fake_pages.answers = lambda _r: body(f"<n:selectCmDeviceResponse xmlns:n='u'>{inner}</n:selectCmDeviceResponse>")
    found = session_at().registrations(["SEP1", "SEP2", "SEP3"])
    assert set(found) == {"SEP1", "SEP2"}
    assert found["SEP1"].registered
    assert found["SEP1"].node == "cucm-pub"
    assert (found["SEP2"].reason, found["SEP2"].registered) == (14, False)


def test_an_empty_answer_knows_no_phone(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _r: body(
        "<r xmlns:xsi='http://x'><TotalDevicesFound>0</TotalDevicesFound><CmNodes xsi:nil='1'/></r>"
    )
    assert session_at().registrations(["SEP1"]) == {}
    assert session_at().registrations([]) == {}
    assert len(fake_pages.requests) == 1


def test_phones_are_asked_for_in_batches_and_without_a_cursor(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _r: body("<r/>")
    session_at().registrations([f"SEP{number}" for number in range(2000)])
    assert [request.body.count(b"<ns0:Item>") for request in fake_pages.requests] == [900, 900, 200]
    assert all(b"<ns0:StateInfo></ns0:StateInfo>" in request.body for request in fake_pages.requests)


def test_an_answer_that_is_cut_off_is_asked_for_in_halves(session_at, fake_pages) -> None:
    def answer(request):
        names = [name.decode() for name in re.findall(rb"<ns0:Item>(\w+)<", request.body)]
        rows = [
            device(name, status, stamp) for name in names for status, stamp in (("UnRegistered", 1), ("Registered", 2))
        ]
        return body(f"<r><CmNodes>{ris_node('cucm-pub', *rows[:1000])}</CmNodes></r>")

    fake_pages.answers = answer
    found = session_at().registrations([f"SEP{number}" for number in range(900)])
    assert len(found) == 900
    assert all(entry.registered for entry in found.values())


def test_a_rate_fault_is_waited_out(session_at, fake_pages) -> None:
    text = "Exceeded allowed rate for Reatime information. Current allowed rate is 15 requests per minute."
    answers = [fault(text, "ns1:Server.RateControl"), fault("AxisFault: " + text), body("<r/>")]
    fake_pages.answers = lambda _r: answers.pop(0)
    assert session_at().registrations(["SEP1"]) == {}


def session_of_two(session_at, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Callable[[], None]]):
    """A session of two nodes, with what each of them was asked; `answers` may raise."""
    session = session_at()
    publisher = session.cluster.publisher
    subscriber = Node("cucm-sub1", "cucm-sub1.example.com", Role.SUBSCRIBER)
    shared = session._shared
    addresses = (shared.access.address(publisher.name), NodeAddress(node=subscriber, host="127.0.0.1"))
    cluster = Cluster(session.cluster.name, (publisher, subscriber))
    session._access = replace(shared.access, cluster=cluster, nodes=addresses)
    asked: dict[str, list[int]] = {publisher.name: [], subscriber.name: []}

    class Scripted:
        def __init__(self, name: str) -> None:
            self.name = name

        def registrations(self, names: list[str]) -> dict[str, Registration]:
            asked[self.name].append(len(names))
            answers[self.name]()
            return {name: Registration(name, "Registered", "CUCM-SUB1.example.com") for name in names}

    monkeypatch.setattr(session, "_realtime", Scripted)
    return session, asked


def test_what_one_node_has_told_is_not_asked_of_the_next(session_at, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        if len(asked["cucm-pub"]) > 2:
            raise Unreachable("it went away")

    session, asked = session_of_two(session_at, monkeypatch, {"cucm-pub": gone, "cucm-sub1": lambda: None})
    found = session.registrations([f"SEP{number}" for number in range(4000)])
    assert len(found) == 4000
    assert {entry.node for entry in found.values()} == {"cucm-sub1"}
    assert asked == {"cucm-pub": [900, 900, 900], "cucm-sub1": [900, 900, 400]}


def test_the_limit_of_the_whole_cluster_is_no_reason_to_ask_another_node(
    session_at, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise TooManyRequests("too many requests")

    session, asked = session_of_two(session_at, monkeypatch, {"cucm-pub": refuse, "cucm-sub1": lambda: None})
    with pytest.raises(Unreachable, match="too many"):
        session.registrations(["SEP1"])
    assert asked == {"cucm-pub": [1], "cucm-sub1": []}


def test_an_endless_rate_fault_is_given_up(session_at, fake_pages) -> None:
    fake_pages.answers = lambda _r: fault("Exceeded allowed rate for Reatime information")
    with pytest.raises(Unreachable, match="too many requests"):
        session_at().registrations(["SEP1"])


class Pretend:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def budget(self, limit: int) -> Budget:
        return Budget(limit, clock=lambda: self.now, sleep=self.sleep)


def test_requests_are_spread_over_the_minutes() -> None:
    clock = Pretend()
    budget = clock.budget(15)
    for _ in range(31):
        with budget.request():
            pass
    assert clock.waits == [60.0, 60.0]


def test_a_minute_begins_when_the_answer_is_there() -> None:
    """The node counts a request when it arrives: one that was long on its way must not count as old too soon."""
    clock = Pretend()
    budget = clock.budget(1)
    with budget.request():
        clock.now += 40.0
    with budget.request():
        assert clock.now == 100.0


def test_requests_under_way_count_in_every_thread() -> None:
    budget = Budget(3, period=0.05)
    under_way, most = 0, 0
    lock = threading.Lock()

    def ask() -> None:
        nonlocal under_way, most
        with budget.request():
            with lock:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.005)
            with lock:
                under_way -= 1

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert most <= 3


def counter(name: str, count: int) -> str:
    path = f"\\\\10.1.1.1\\Cisco CallManager\\{name}"
    inner = f"<Name>{path}</Name><Value>{count}</Value><CStatus>1</CStatus>"
    return f"<perfmonCollectCounterDataReturn>{inner}</perfmonCollectCounterDataReturn>"


def test_registered_phones_are_hard_and_soft_ones(session_at, fake_pages) -> None:
    counters = (
        counter("CallsActive", 9) + counter("RegisteredHardwarePhones", 3) + counter("RegisteredOtherStationDevices", 5)
    )
    fake_pages.answers = lambda _r: body(f"<r>{counters}</r>")
    assert session_at().node("cucm-pub").registered_phones() == 8
    fake_pages.answers = lambda _r: body(f"<r>{counter('RegisteredHardwarePhones', 4)}</r>")
    assert session_at().node("cucm-pub").registered_phones() == 4


def test_a_node_is_asked_for_counters_under_another_name_when_it_does_not_know_the_first(
    session_at, fake_pages
) -> None:
    def answer(request):
        if b"<ns0:Host>cucm-pub.example.com<" in request.body:
            return body(f"<r>{counter('RegisteredHardwarePhones', 2)}</r>")
        return fault("Host is unknown")

    fake_pages.answers = answer
    assert session_at().node("cucm-pub").registered_phones() == 2


def service(name: str, status: str, up: str) -> str:
    state = f"<ServiceStatus>{status}</ServiceStatus><StartTime>x</StartTime><UpTime>{up}</UpTime>"
    return f"<item><ServiceName>{name}</ServiceName>{state}</item>"


def test_the_running_time_is_that_of_the_service_itself(session_at, fake_pages) -> None:
    items = service("Cisco Tftp", "Started", "12") + service("Cisco CTIManager", "Stopped", "-1")
    fake_pages.answers = lambda _r: body(f"<r><ReturnCode>0</ReturnCode><ServiceInfoList>{items}</ServiceInfoList></r>")
    node = session_at().node("cucm-pub")
    assert node.running_for("Cisco Tftp") == 12.0
    assert node.running_for("Cisco CTIManager") is None
    with pytest.raises(StepFailed, match="did not tell since when 'Cisco Tomcat'"):
        node.running_for("Cisco Tomcat")


def test_the_counters_of_all_nodes_are_asked_for_together_once_one_was_refused() -> None:
    """Whether the limit is a node's own is not on record: a refusal below it says that it is not."""
    common = CommonBudget(2, period=0.2)
    budgets = [CarefulBudget(common, 2, period=0.2) for _ in range(3)]

    def seconds() -> float:
        began = time.monotonic()
        for budget in budgets:
            with budget.request():
                pass
        return time.monotonic() - began

    assert seconds() < 0.1
    budgets[1].refused()
    assert seconds() >= 0.2


def test_a_refused_count_makes_the_whole_cluster_careful(session_at, fake_pages) -> None:
    answers = [
        fault("Exceeded allowed rate for Perfmon information.", "ns1:Server.RateControl"),
        body(f"<r>{counter('RegisteredHardwarePhones', 4)}</r>"),
    ]
    fake_pages.answers = lambda _r: answers.pop(0)
    session = session_at()
    assert session.node("cucm-pub").registered_phones() == 4
    assert session._shared.perfmon["cucm-pub"]._common.in_force
