"""A plan of another version is shown as such, never run, and hides no other renewal."""

import json
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from certrenew.app.answers import one_line, renewal_lines
from certrenew.domain.renewal import Renewal
from certrenew.store import mapping
from certrenew.store.store import Store
from certrenew.store.stored_plan import plan_from


def rewrite(store: Store, renewal: Renewal, change: dict[str, object]) -> None:
    stored = {**renewal.plan.to_json(), **change}
    with store.engine.begin() as connection:
        statement = sa.text("update renewal set plan = :plan where id = :id")
        connection.execute(statement, {"plan": mapping.dump(stored), "id": renewal.id})


def test_a_step_that_nobody_knows_is_shown_and_the_others_are_whole(store: Store, kept: Renewal) -> None:
    with store() as unit:
        unit.add(replace(kept, id="b2" * 16))
    steps = json.loads(mapping.dump(kept.plan.to_json()["steps"]))
    steps[0] = {"kind": "polish_bells", "node": "cucm-pub", "how": ["well"]}
    rewrite(store, kept, {"steps": steps})
    with store(reading=True) as unit:
        found = {renewal.id: renewal for renewal in unit.newest()}
    old = found[kept.id]
    assert not old.readable
    assert found["b2" * 16].readable
    assert "another version of certrenew" in one_line(old)
    assert any("Polish bells on cucm-pub" in line for line in renewal_lines(old))
    assert old.plan.steps[1] == kept.plan.steps[1]


def test_a_plan_with_nothing_that_we_expect_is_still_a_row() -> None:
    rows: list[dict[str, Any]] = [{}, {"steps": [{}]}, {"targets": [{}], "tasks": [{}], "steps": None}]
    for stored in rows:
        plan, readable = plan_from(stored)
        assert not readable
        assert all(step.summary() for step in plan.steps)
