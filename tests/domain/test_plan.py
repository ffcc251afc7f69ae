"""A plan is data: its digest, its faults and what is different about another one."""

import json
import subprocess
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certrenew.app.inventory import read_snapshot
from certrenew.certificates import Options
from certrenew.domain.events import Event
from certrenew.domain.plan import Part, Plan, Step, Target, Task
from certrenew.steps import (
    VOCABULARY,
    AwaitPhones,
    BaselinePhones,
    CheckNode,
    GenerateCsr,
    ProveStored,
    ResetPhones,
    RestartService,
    UploadIdentity,
    plan_from_json,
)
from certrenew.testing.clock import START
from certrenew.testing.fakes import FakeCluster
from certrenew_plugins.callmanager import CALLMANAGER

GOLDEN = """
from certrenew.domain.plan import Plan, Target
from certrenew.steps import CheckReplication, RestartService, BaselinePhones
print(Plan(
    cluster="lab", purpose="callmanager", title="CallManager", authority="lab-ca", profile="cisco-217138",
    targets=(Target("cucm-pub", "1f", "2026-12-01T00:00:00+00:00", "CN=Zoë"),),
    steps=(CheckReplication(node="cucm-pub"), BaselinePhones(node="cucm-pub", nodes=("cucm-pub", "cucm-sub1")),
           RestartService(node="cucm-pub", service="Cisco Tftp")),
    impact="Phones “re-register”.", cautions=("one", "two"), sources=("Cisco 217138",), excludes=("tvs",),
).digest)
"""
GOLDEN_DIGEST = "3d2f897250ce56d2907afbc378401cc65ee6d699a1fdbe87da0ceec4dc63f546"


@pytest.fixture(scope="module")
def plan() -> Plan:
    fake = FakeCluster(CALLMANAGER)
    return CALLMANAGER.plan(read_snapshot(fake.open(fake.cluster), [CALLMANAGER]), Options(authority="lab-ca"))


def other_value(value: object, name: str = "") -> object:
    match value:
        case bool():
            return not value
        case str():
            return value + "x"
        case float() | int():
            return value + 1
        case tuple() if value and isinstance(value[0], Step):
            return value[:-1]
        case tuple() if value and isinstance(value[0], Target | Task):
            return value[:-1]
        case () if name == "parts":
            return (Part("a", "A", "", "", (1,)),)
        case dict():
            return {**value, "x": "y"}
        case tuple():
            return (*value, "x")
    raise AssertionError(value)


def test_the_digest_is_the_same_in_every_process_and_release() -> None:
    """Approvals are bound to it: if this changes, approvals given before an upgrade are void after it."""
    for seed in ("0", "12345"):
        found = subprocess.run(
            [sys.executable, "-c", GOLDEN],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
        )
        assert found.stdout.strip() == GOLDEN_DIGEST


def test_the_digest_changes_with_every_field_of_the_plan(plan: Plan) -> None:
    for field in fields(plan):
        changed = replace(plan, **{field.name: other_value(getattr(plan, field.name), field.name)})
        assert changed.digest != plan.digest, field.name


def test_the_digest_changes_with_every_field_of_every_step_and_target(plan: Plan) -> None:
    for number, step in enumerate(plan.steps):
        for field in fields(step):
            other = replace(step, **{field.name: other_value(getattr(step, field.name))})
            changed = replace(plan, steps=(*plan.steps[:number], other, *plan.steps[number + 1 :]))
            assert changed.digest != plan.digest, f"{step.kind}.{field.name}"
    for field in fields(Target):
        target = replace(plan.targets[0], **{field.name: other_value(getattr(plan.targets[0], field.name))})
        assert replace(plan, targets=(target, *plan.targets[1:])).digest != plan.digest, field.name


def test_the_digest_changes_with_the_order_of_the_steps(plan: Plan) -> None:
    first, second, *rest = plan.steps
    swapped = replace(plan, steps=(second, first, *rest))
    assert swapped.digest != plan.digest
    assert plan.differences(swapped)


def test_a_plan_survives_storage(plan: Plan) -> None:
    again = plan_from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert again.digest == plan.digest


def test_every_kind_of_step_is_known_under_its_own_name() -> None:
    assert all(kind == step.kind for kind, step in VOCABULARY.items())


def test_a_need_that_nothing_makes_is_a_fault(plan: Plan) -> None:
    for kind in (CheckNode, GenerateCsr, BaselinePhones):
        without = replace(plan, steps=tuple(step for step in plan.steps if not isinstance(step, kind)))
        assert any("which no earlier step makes" in fault for fault in without.faults()), kind.__name__


def test_what_another_node_made_does_not_count(plan: Plan) -> None:
    moved = replace(plan, steps=tuple(s for s in plan.steps if not (s.kind == "check_node" and s.node == "cucm-pub")))
    assert any("generate_csr on cucm-pub" in fault for fault in moved.faults())


def test_a_step_in_the_wrong_phase_is_a_fault(plan: Plan) -> None:
    early = RestartService(node="cucm-pub", service="Cisco Tftp")
    assert any("activate has begun" in fault for fault in replace(plan, steps=(early, *plan.steps)).faults())
    assert list(replace(plan, steps=()).faults()) == ["it has no steps"]


def test_differences_name_what_changed(plan: Plan) -> None:
    assert plan.differences(plan) == ()
    target = replace(plan.targets[0], serial="ffff")
    sentences = plan.differences(
        replace(
            plan,
            targets=(target, *plan.targets[1:]),
            steps=(*plan.steps, ResetPhones(node="cucm-pub", device_pool="Branch")),
            cautions=("Beware.",),
        )
    )
    text = " ".join(sentences)
    assert "stores ffff now" in text
    assert "newly needed: Reset the phones of device pool Branch" in text
    assert "new caution: Beware." in text


@pytest.mark.parametrize("field", ["authority", "profile", "impact", "sources", "excludes", "title"])
def test_no_difference_is_ever_silent(plan: Plan, field: str) -> None:
    assert plan.differences(replace(plan, **{field: other_value(getattr(plan, field))}))


def test_phones_are_never_awaited_without_a_baseline(plan: Plan) -> None:
    assert "baseline" in AwaitPhones.needs
    assert ProveStored.needs == {"leaf"}
    assert UploadIdentity.needs >= {"leaf", "chain"}


@given(
    details=st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=9)),
    name=st.text(max_size=9),
)
def test_the_hash_of_an_event_depends_on_nothing_but_its_content(details: dict[str, object], name: str) -> None:
    event = Event(what="noticed", actor="a", actor_name=name, details=details, at=START)  # type: ignore[arg-type]
    turned = dict(reversed(list(details.items())))
    assert event.digest() == replace(event, details=turned, hash="whatever").digest()  # type: ignore[arg-type]
    for changed in ({"actor": "b"}, {"number": 1}, {"cluster": "c"}, {"renewal": "r"}, {"previous": "1" * 64}):
        assert replace(event, **changed).digest() != event.digest()  # type: ignore[arg-type]
