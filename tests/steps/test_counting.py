"""The count of phones that everything is measured against is fresh, believable, and never taken from nothing."""

import pytest

from certrenew.domain.approval import Gate
from certrenew.domain.model import Service
from certrenew.domain.renewal import State
from certrenew.steps import RestartService
from certrenew.testing.bench import Bench
from certrenew.testing.contract import MakeBench
from certrenew.testing.nodes import FakeNodeSession
from certrenew.testing.phones import FakePhones
from certrenew_plugins.callmanager import CALLMANAGER


def notices(bench: Bench) -> list[str]:
    return [str(event.details["text"]) for event in bench.events() if event.what == "noticed"]


def test_phones_that_left_while_the_authority_took_its_time_are_not_waited_for(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster={"phones": 6})
    renewal = bench.approved()
    assert bench.run(renewal, release=False).gate is Gate.RELEASE
    bench.cluster.phones.stragglers = {"SEP000000000003"}
    bench.cluster.phones.reset_phone("SEP000000000003")
    found = bench.run(renewal)
    assert found.state is State.SUCCEEDED, found.reason
    assert any("5 phones are registered now; 6 were" in text for text in notices(bench))


def test_a_count_of_none_is_not_believed_while_phones_are_registered_by_name(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(CALLMANAGER, cluster={"phones": 4})
    monkeypatch.setattr(FakePhones, "on", lambda _self, _node: 0)
    found = bench.run(bench.approved())
    assert found.state is State.STOPPED
    assert "cannot be trusted" in found.reason
    assert not bench.acts


def test_people_are_told_when_no_phone_is_registered_at_all(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster={"phones": 3})
    bench.cluster.phones.stragglers = {phone.name for phone in bench.cluster.phones.phones}
    bench.cluster.phones.reset_all()
    renewal = bench.run(bench.approved(), release=False)
    assert renewal.gate is Gate.RELEASE, renewal.reason
    assert any("None of the 3 configured phones" in text for text in notices(bench))


def test_devices_without_a_name_are_counted_in_the_end(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only counters know them: that no name is missing proves nothing."""
    bench = make_bench(CALLMANAGER, cluster={"phones": 4})
    monkeypatch.setattr("certrenew.testing.fakes.FakeClusterSession.registrations", lambda _self, _names: {})
    served = FakeNodeSession.served

    def and_they_leave(self: FakeNodeSession, port: int, *, elliptic: bool | None = None) -> str | None:
        if not bench.cluster.phones.stragglers:
            bench.cluster.phones.stragglers = {phone.name for phone in bench.cluster.phones.phones}
            bench.cluster.phones.reset_all()
        return served(self, port, elliptic=elliptic)

    renewal = bench.approved()
    bench.run(renewal, release=False)
    monkeypatch.setattr(FakeNodeSession, "served", and_they_leave)
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert found.current is not None
    assert found.current.kind == "prove_phones"


def test_the_plan_says_which_node_is_left_out_because_its_service_is_down(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(CALLMANAGER)
    state = FakeNodeSession._state

    def down(self: FakeNodeSession, name: str, service: object) -> Service:
        if self._name == "cucm-sub1" and name in ("Cisco CallManager", "Cisco Tftp"):
            return Service(name, "STOPPED", "Commanded Out of Service")
        return state(self, name, service)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeNodeSession, "_state", down)
    plan = bench.get(bench.ask()).plan
    assert [target.node for target in plan.targets] == ["cucm-pub"]
    assert any("cucm-sub1 is left out" in caution for caution in plan.cautions)


def test_a_node_that_runs_tftp_alone_gets_a_new_certificate_too(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(CALLMANAGER)
    state = FakeNodeSession._state

    def down(self: FakeNodeSession, name: str, service: object) -> Service:
        if self._name == "cucm-pub" and name == "Cisco CallManager":
            return Service(name, "STOPPED", "Service Not Activated")
        return state(self, name, service)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeNodeSession, "_state", down)
    plan = bench.get(bench.ask()).plan
    assert [target.node for target in plan.targets] == ["cucm-pub", "cucm-sub1"]
    restarts = [(step.service, step.node) for step in plan.steps if isinstance(step, RestartService)]
    assert ("Cisco Tftp", "cucm-pub") in restarts
    assert ("Cisco CallManager", "cucm-pub") not in restarts
    assert not any("left out" in caution for caution in plan.cautions)
