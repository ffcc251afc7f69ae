"""Turns rows into domain values and back, by hand, so that both stay plain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

import sqlalchemy as sa

from certrenew.domain.approval import Approval, Decision, Gate, Person
from certrenew.domain.events import Event
from certrenew.domain.plan import Json, Plan
from certrenew.domain.renewal import Renewal, State, StepRecord, StepState, TaskRecord, Want
from certrenew.store.rows import ApprovalRow, AuditRow, RenewalRow, StepRow, TaskRow
from certrenew.store.stored_plan import plan_from


def dump(value: Any) -> str:
    """Canonical JSON: the same value is always the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def load(text: str) -> dict[str, Json]:
    return cast("dict[str, Json]", json.loads(text))


@lru_cache(maxsize=64)
def _plan(text: str) -> tuple[Plan, bool]:
    """A stored plan never changes, and a long one takes milliseconds to read."""
    return plan_from(json.loads(text))


@lru_cache(maxsize=4096)
def _kept(text: str) -> Mapping[str, Json]:
    """What a step left behind, read only: finished steps are read again with every move."""
    return MappingProxyType(load(text))


def renewal_from(
    row: RenewalRow, steps: Sequence[sa.Row[Any]], approvals: Sequence[ApprovalRow], ticks: Sequence[TaskRow]
) -> Renewal:
    plan, readable = _plan(row.plan)
    return Renewal(
        id=row.id,
        plan=plan,
        readable=readable,
        state=State(row.state),
        requester=Person(row.requester_id, row.requester_name, row.requester_mention),
        created_at=row.created_at,
        approve_by=row.approve_by,
        change_number=row.change_number,
        origin=row.origin,
        reason=row.reason,
        gate=Gate(row.gate) if row.gate else None,
        released=row.released,
        want=Want(row.want),
        wake_at=row.wake_at,
        ended_at=row.ended_at,
        approvals=tuple(approval_from(vote) for vote in approvals),
        steps=tuple(step_from(step) for step in steps),
        tasks=_tasks(plan, ticks),
    )


def _tasks(plan: Plan, ticks: Sequence[TaskRow]) -> tuple[TaskRecord, ...]:
    """Every task of the plan, with who ticked it off."""
    done = {tick.key: tick for tick in ticks}
    found: list[TaskRecord] = []
    for task in plan.tasks:
        record = TaskRecord(key=task.key, text=task.text)
        if tick := done.get(task.key):
            by = Person(tick.done_by_id, tick.done_by_name)
            record = replace(record, done_by=by, done_at=tick.done_at, note=tick.note)
        found.append(record)
    return tuple(found)


def renewal_row(renewal: Renewal) -> RenewalRow:
    return RenewalRow(
        id=renewal.id,
        cluster=renewal.plan.cluster,
        purpose=renewal.plan.purpose,
        plan=dump(renewal.plan.to_json()),
        digest=renewal.plan.digest,
        requester_id=renewal.requester.id,
        requester_name=renewal.requester.name,
        requester_mention=renewal.requester.mention,
        change_number=renewal.change_number,
        origin=renewal.origin,
        created_at=renewal.created_at,
        approve_by=renewal.approve_by,
        **changing(renewal),
    )


def changing(renewal: Renewal) -> dict[str, Any]:
    """The columns that change while a renewal runs."""
    return {
        "state": str(renewal.state),
        "reason": renewal.reason,
        "gate": str(renewal.gate) if renewal.gate else "",
        "released": renewal.released,
        "want": str(renewal.want),
        "wake_at": renewal.wake_at,
        "ended_at": renewal.ended_at,
    }


def step_from(row: StepRow | sa.Row[Any]) -> StepRecord:
    return StepRecord(
        number=row.number,
        kind=row.kind,
        node=row.node,
        state=StepState(row.state),
        attempts=row.attempts,
        output=_kept(row.output),
        evidence=_kept(row.evidence),
        error=row.error,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def step_columns(record: StepRecord) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "node": record.node,
        "state": str(record.state),
        "attempts": record.attempts,
        "output": dump(dict(record.output)),
        "evidence": dump(dict(record.evidence)),
        "error": record.error,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
    }


def approval_from(row: ApprovalRow) -> Approval:
    return Approval(
        renewal=row.renewal,
        gate=Gate(row.gate),
        digest=row.digest,
        person=Person(row.person_id, row.person_name, row.person_mention),
        decision=Decision(row.decision),
        reason=row.reason,
        at=row.at,
    )


def approval_row(approval: Approval) -> ApprovalRow:
    return ApprovalRow(
        renewal=approval.renewal,
        gate=str(approval.gate),
        digest=approval.digest,
        person_id=approval.person.id,
        person_name=approval.person.name,
        person_mention=approval.person.mention,
        decision=str(approval.decision),
        reason=approval.reason,
        at=approval.at,
    )


def event_from(row: AuditRow) -> Event:
    return Event(
        what=row.what,
        actor=row.actor,
        actor_name=row.actor_name,
        renewal=row.renewal,
        cluster=row.cluster,
        details=load(row.details),
        number=row.number,
        at=row.at,
        previous=row.previous,
        hash=row.hash,
    )


def event_row(event: Event) -> AuditRow:
    details: Mapping[str, Json] = event.details
    return AuditRow(
        number=event.number,
        at=event.at,
        what=str(event.what),
        actor=event.actor,
        actor_name=event.actor_name,
        renewal=event.renewal,
        cluster=event.cluster,
        details=dump(dict(details)),
        previous=event.previous,
        hash=event.hash,
    )
