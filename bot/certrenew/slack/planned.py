"""The plan as its approver reads it: what is replaced, what that means for people, and what is left to them."""

from collections.abc import Iterator
from datetime import datetime

from certrenew.domain.plan import Part, Phase, Plan, Target
from certrenew.slack.stretches import impact_of, is_long
from certrenew.slack.text import PHASES, code, count, line_of, listed, moment_of, short_serial, when

FEW = 6  # tasks that the card itself spells out


def replaced(plan: Plan, now: datetime) -> list[str]:
    """A line a certificate, or in a campaign a numbered one a purpose, with what it means for people."""
    if not plan.parts:
        removed = all(target.purpose.endswith("-trust") for target in plan.targets)
        return [f"*Certificates to be {'removed' if removed else 'replaced'}*", *_certificates(plan, now)]
    lines = [f"*{count(len(plan.parts), 'purpose')}, in this order*"]
    for number, part in enumerate(plan.parts, start=1):
        lines.append(f"{number}. *{line_of(part.title, 80)}*: {_part(plan, part, now)}")
        if impact := impact_of(plan, part):
            lines.append(f"      {line_of(impact, 500)}")
    return lines


def cautions(plan: Plan) -> list[str]:
    """All of them: whoever approves sees them only here. What several purposes say is said once."""
    if not plan.cautions:
        return []
    titles: dict[str, list[str]] = {}
    for caution in plan.cautions:
        title = next((part.title for part in plan.parts if caution.startswith(f"{part.title}: ")), "")
        titles.setdefault(caution.removeprefix(f"{title}: ") if title else caution, []).append(title)
    lines = ["*Cautions*"]
    for caution, about in titles.items():
        whose = f"*{line_of(', '.join(about), 200)}*: " if any(about) else ""
        lines.append(f"• {whose}{line_of(caution, 500)}")
    return lines


def tasks(plan: Plan) -> list[str]:
    if not plan.tasks:
        return []
    if len(plan.tasks) > FEW:
        keys = listed([task.key for task in plan.tasks])
        return [f"*Left to people afterwards:* {count(len(plan.tasks), 'task')} ({keys}); the thread has their words."]
    return ["*Left to people afterwards*", *(f"• {line_of(task.text, 400)}" for task in plan.tasks)]


def steps(plan: Plan) -> str:
    """How many steps there are, phase by phase, in one line."""
    counts = [(phase, sum(step.phase is phase for step in plan.steps)) for phase in Phase]
    told = "; ".join(f"{PHASES[phase][0]} {number} ({PHASES[phase][1]})" for phase, number in counts if number)
    where = "summed up in the thread" if is_long(plan) else "listed in the thread"
    return f"*{count(len(plan.steps), 'step')}*, {where}: {told}."


def _part(plan: Plan, part: Part, now: datetime) -> str:
    mine = _targets(plan, part)
    told = [listed(list(dict.fromkeys(target.node for target in mine)), 10)] if mine else []
    if ends := sorted(end for target in mine if (end := moment_of(target.not_after))):
        first = "" if ends[0].date() == ends[-1].date() else "the first "
        left = "*expired*" if ends[0] <= now else f"in {count((ends[0] - now).days, 'day')}"
        told.append(f"{first}ends {ends[0]:%Y-%m-%d} ({left})")
    told.append(count(len(part.steps), "step"))
    told += [f"signed by {line_of(part.authority, 80)}"] if part.authority else []
    return " · ".join([*told, f"follows {code(part.profile)}"])


def _targets(plan: Plan, part: Part) -> list[Target]:
    """Those whose slot the part prepares."""
    mine = [plan.steps[number - 1] for number in part.steps]
    slots = {getattr(step, "purpose", "") for step in mine if step.phase is Phase.PREPARE} - {""}
    return [target for target in plan.targets if target.purpose in slots]


def _certificates(plan: Plan, now: datetime) -> Iterator[str]:
    """Each once, with the nodes that hold it; of a trust certificate the stores as well."""
    held: dict[tuple[str, str, str], list[str]] = {}
    for target in plan.targets:
        store = target.purpose if target.purpose.endswith("-trust") else ""
        held.setdefault((target.serial, target.not_after, store), []).append(target.node)
    places: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (serial, not_after, store), nodes in held.items():
        places.setdefault((serial, not_after, tuple(nodes)), []).append(store)
    for (serial, not_after, holders), stores in places.items():
        where = ", ".join(code(node) for node in holders)
        if any(stores):
            where = f"{listed(stores)} of {where}"
        yield f"• {where}: serial {code(short_serial(serial))}, {_ends(not_after, now)}"


def _ends(not_after: str, now: datetime) -> str:
    expires = moment_of(not_after)
    if expires is None:
        return "expiry unknown"
    if expires <= now:
        return f"*expired* {when(expires)}"
    return f"expires {when(expires)} ({count((expires - now).days, 'day')})"
