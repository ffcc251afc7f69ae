"""Several purposes as one plan: all of it prepared first, then installed part by part in safe order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from certrenew.certificates import CertificateType, Options
from certrenew.domain.errors import PlanRefused
from certrenew.domain.model import Snapshot
from certrenew.domain.plan import Part, Phase, Plan, Step, Task

ALL = "all"


def parts_that_are_due(kinds: Sequence[CertificateType], snapshot: Snapshot, options: Options) -> list[CertificateType]:
    """The purposes that have something to renew, in the order in which they are safe. Raises PlanRefused for none."""
    if options.runbook or options.nodes or not options.request.plain:
        raise PlanRefused(
            "A plan for all purposes takes no runbook, nodes or request options: they differ from purpose to purpose."
            " Ask for one purpose, or leave them out. Nothing has changed."
        )
    if problems := snapshot.all_problems:
        raise PlanRefused(f"No plan for all on {snapshot.cluster.name}: {' '.join(problems)} Nothing has changed.")
    found = [kind for kind in kinds if not kind.self_signed and _due(kind, snapshot, options)]
    if not found:
        raise PlanRefused(
            f"Nothing on {snapshot.cluster.name} is due within {options.due_days:.0f} days. Nothing has changed."
        )
    return found


def _due(kind: CertificateType, snapshot: Snapshot, options: Options) -> bool:
    held = [node for node in kind.holders(snapshot) if kind.purpose in node.identities]
    return any(options.due(node.identities[kind.purpose].not_after.date()) for node in held)


def merged(plans: Sequence[Plan]) -> Plan:
    """One plan of all these: every part is prepared before the first one installs, so that no authority is waited
    for in the maintenance window."""
    steps: list[Step] = []
    numbers: list[list[int]] = [[] for _ in plans]
    for preparing in (True, False):
        for part, plan in enumerate(plans):
            for step in plan.steps:
                if (step.phase is Phase.PREPARE) is preparing:
                    steps.append(step)
                    numbers[part].append(len(steps))
    return Plan(
        cluster=plans[0].cluster,
        purpose=ALL,
        title="All that is due: " + ", ".join(plan.title for plan in plans),
        authority=_one(plan.authority for plan in plans),
        profile=_one(plan.profile for plan in plans),
        targets=tuple(target for plan in plans for target in plan.targets),
        steps=tuple(steps),
        impact=" ".join(f"{plan.title}: {plan.impact}" for plan in plans),
        cautions=tuple(dict.fromkeys(f"{plan.title}: {line}" for plan in plans for line in plan.cautions)),
        sources=tuple(dict.fromkeys(source for plan in plans for source in plan.sources)),
        excludes=tuple(dict.fromkeys(name for plan in plans for name in plan.excludes)),
        options={plan.purpose: dict(plan.options) for plan in plans},
        tasks=_tasks(plans),
        parts=tuple(
            Part(plan.purpose, plan.title, plan.authority, plan.profile, tuple(mine))
            for plan, mine in zip(plans, numbers, strict=True)
        ),
    )


def remaining(plan: Plan, fresh: Plan, gone: Collection[tuple[str, str]]) -> Plan:
    """What the approved `plan` holds for the parts of `fresh`, to be compared with it: steps, targets and cautions.

    `gone` are slot and node of every certificate that belonged to the parts that were left out.
    """
    purposes = {part.purpose for part in fresh.all_parts}
    parts = [part for part in plan.all_parts if part.purpose in purposes]
    numbers = sorted(number for part in parts for number in part.steps)
    titles = tuple(f"{part.title}: " for part in parts)
    return replace(
        fresh,
        steps=tuple(plan.steps[number - 1] for number in numbers),
        targets=tuple(target for target in plan.targets if (target.purpose, target.node) not in gone),
        cautions=tuple(line for line in plan.cautions if line.startswith(titles)),
    )


def options_of(plan: Plan, purpose: str) -> Options:
    """What was asked for, for one purpose of the plan."""
    stored = plan.options[purpose] if plan.parts else plan.options
    return Options.from_json(cast("dict[str, Any]", stored))


def _one(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))


def _tasks(plans: Sequence[Plan]) -> tuple[Task, ...]:
    """Each once; where two purposes give a word different meanings, both stand, told apart by the purpose."""
    found: dict[str, Task] = {}
    for plan in plans:
        for task in plan.tasks:
            known = found.get(task.key)
            if known is None:
                found[task.key] = task
            elif known.text != task.text:
                own = replace(task, key=f"{plan.purpose}-{task.key}")
                found[own.key] = own
    backup = found.pop("backup", None)
    return (*found.values(), *([backup] if backup else []))
