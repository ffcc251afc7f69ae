"""A long plan in few words: what differs only in its node shares a line, and each stretch of it one post.

A stretch is one phase of one purpose. Every single step stands in the audit and in `certrenew status RENEWAL --steps`.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from certrenew.domain.events import Event, What
from certrenew.domain.plan import Part, Phase, Plan, Risk, Step
from certrenew.domain.renewal import Renewal, StepRecord, StepState
from certrenew.slack.evidence import seen_by
from certrenew.slack.text import PHASES, code, duration, line_of, listed, short_serial

LONG = 150  # steps; what has more is posted by stretches, not step by step
WAITS = ("await_phones", "await_phones_after_upload", "restart_service", "reset_phones")
RETURNING = "they are returning after"  # in a notice: a count of phones on the way, which the next one replaces
WARNINGS = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """The numbers of the steps of one phase of one part, in order."""

    part: Part
    phase: Phase
    numbers: tuple[int, ...]


def is_long(plan: Plan) -> bool:
    return bool(plan.parts) or len(plan.steps) > LONG


def stretches(plan: Plan) -> Iterator[Stretch]:
    """In the order in which they run: all parts prepare before the first one installs."""
    later = [phase for phase in Phase if phase is not Phase.PREPARE]
    order = [(part, Phase.PREPARE) for part in plan.all_parts]
    for part, phase in order + [(part, phase) for part in plan.all_parts for phase in later]:
        if numbers := _numbers(plan, part, phase):
            yield Stretch(part, phase, numbers)


def plan_lines(plan: Plan) -> Iterator[str]:
    """Everything that would be done, for the thread under the plan."""
    if plan.parts:  # any other plan has them on its card
        yield "*Certificates to be replaced*"
    for target in plan.targets if plan.parts else ():
        slot = f" {line_of(target.purpose, 80)}:" if target.purpose else ""
        yield f"• {code(target.node)}:{slot} serial {code(short_serial(target.serial))}, until {target.not_after[:10]}"
    for stretch in stretches(plan):
        title = f", {line_of(stretch.part.title, 80)}" if plan.parts else ""
        yield f"*{PHASES[stretch.phase][0]}{title}*: {_steps(stretch.numbers)}"
        yield from (f"• {line}" for line in _shared(plan, stretch.numbers))
    if plan.tasks:
        yield "*Left to people afterwards*"
        yield from (f"• {code(task.key)}: {line_of(task.text, 400)}" for task in plan.tasks)


def said_in_short(renewal: Renewal, event: Event, number: int) -> str | None:
    """What the thread says about this event of a long renewal; None when it is told like any other."""
    match event.what:
        case What.STEP_STARTED:
            return _begun(renewal, number)
        case What.STEP_FINISHED:
            return _finished(renewal, number)
        case What.STEP_WAITING:
            return "" if event.details.get("kind") in WAITS else None
        case What.NOTICED:
            return "" if RETURNING in str(event.details.get("text")) else None
    return None


def _begun(renewal: Renewal, number: int) -> str:
    """Once a part, before its first act that anybody may notice."""
    part = _part(renewal, number)
    noticed = [other for other in part.steps if _step(renewal, other).risk is Risk.OUTAGE] if part else []
    if part is None or not noticed or number != noticed[0]:
        return ""
    impact = line_of(impact_of(renewal.plan, part), 900)
    return f"🔵 *{line_of(part.title, 80)}* begins to be installed.{f' {impact}' if impact else ''}"


def _finished(renewal: Renewal, number: int) -> str:
    """When the last step of its stretch is done: what was done, what was seen, what it warned of."""
    part = _part(renewal, number)
    if part is None:
        return ""
    phase = _step(renewal, number).phase
    numbers = _numbers(renewal.plan, part, phase)
    records = [renewal.steps[other - 1] for other in numbers]
    if number != numbers[-1] or not all(record.over for record in records):
        return ""
    title = f"{line_of(part.title, 80)}, {PHASES[phase][0].lower()}" if renewal.plan.parts else PHASES[phase][0]
    skipped = sum(record.state is StepState.SKIPPED for record in records)
    without = f", {skipped} of them skipped" if skipped else ""
    lines = [f"✅ *{title}*: {_steps(numbers)} done{without}{_within(records)}."]
    done = [record for record in records if record.state is StepState.DONE]
    lines += [f"• {line}" for line in _outcome(renewal, done, phase)]
    return "\n".join([*lines, *_warnings(renewal.plan, done)])


def _outcome(renewal: Renewal, done: Sequence[StepRecord], phase: Phase) -> Iterator[str]:
    checked = [record for record in done if record.kind == "validate"]
    if phase is Phase.PREPARE and checked:
        for record in checked:
            yield f"{code(record.node)}: {line_of(seen_by(record.kind, record.evidence))}"
        return
    acts = [record.number for record in done if _step(renewal, record.number).risk is not Risk.READ]
    yield from _shared(renewal.plan, acts)
    counted = [{**record.output, **record.evidence} for record in done]
    if phones := [found for found in counted if isinstance(found.get("registered"), int)]:
        total = phones[-1].get("before", phones[-1].get("baseline"))
        lowest = min((low for found in phones if isinstance(low := found.get("lowest"), int)), default=None)
        low = f"; the lowest meanwhile was {lowest}" if lowest is not None and lowest != total else ""
        yield f"Phones: {phones[-1]['registered']} of {total} are registered{low}"


def _warnings(plan: Plan, records: Sequence[StepRecord]) -> Iterator[str]:
    """Each once: the same about several nodes is one warning that names them."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for record in records:
        warnings = record.evidence.get("warnings")
        for warning in warnings if isinstance(warnings, list) else []:
            text = line_of(str(warning))
            alike = re.sub(rf"(?<![\w-]){re.escape(record.node)}(?![\w-])", "…", text)
            found.setdefault((record.kind, alike), []).append((record.node, text))
    for (_, alike), said in list(found.items())[:WARNINGS]:
        nodes = list(dict.fromkeys(node for node, _ in said))
        yield f"⚠️ Warning ({listed(nodes)}): {alike if len(nodes) > 1 else said[0][1]}"
    if len(found) > WARNINGS:
        yield f"⚠️ and {len(found) - WARNINGS} more warnings: `certrenew audit show` has them."


def impact_of(plan: Plan, part: Part) -> str:
    """The part's own share of the impact, which names each part by its title."""
    if not plan.parts:
        return plan.impact
    starts = [(plan.impact.find(f"{one.title}: "), one) for one in plan.parts]
    begin = next((at for at, one in starts if one is part), -1)
    if begin < 0:
        return ""
    end = min((at for at, _ in starts if at > begin), default=len(plan.impact))
    return plan.impact[begin + len(part.title) + 2 : end].strip()


# ---- lines that several steps share ------------------------------------------------------------------------------


def _shared(plan: Plan, numbers: Sequence[int]) -> Iterator[str]:
    """Such as “Upload the new certificate to pub, sub1 (steps 5 and 7)”."""
    pools = {str(getattr(step, "device_pool", "")) for step in plan.steps} - {""}
    names = sorted({step.node for step in plan.steps} | pools, key=len, reverse=True)
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for number in numbers:
        before, name, after = _split(plan.steps[number - 1], names)
        found.setdefault((before, after), {}).setdefault(name, []).append(number)
    for (before, after), where in found.items():
        mine = sorted(number for some in where.values() for number in some)
        yield f"{line_of(f'{before}{_names(where)}{after}', 400)} ({_steps(mine)})"


def _names(names: Collection[str]) -> str:
    shown = list(names)[:25]
    return ", ".join(shown) + (f" and {len(names) - 25} more" if len(names) > 25 else "")


def _split(step: Step, names: Sequence[str]) -> tuple[str, str, str]:
    summary = step.summary()
    for name in (step.node, *names):
        if found := re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", summary):
            return summary[: found.start()], name, summary[found.end() :]
    return summary, "", ""


def _steps(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"step {numbers[0]}"
    if len(numbers) == 2 or (len(numbers) <= 4 and numbers[-1] - numbers[0] >= len(numbers)):
        return f"steps {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    return f"steps {numbers[0]} to {numbers[-1]}"


def _within(records: Sequence[StepRecord]) -> str:
    starts = [record.started_at for record in records if record.started_at]
    ends = [record.finished_at for record in records if record.finished_at]
    return f" in {duration(max(ends) - min(starts))}" if starts and ends else ""


def _numbers(plan: Plan, part: Part, phase: Phase) -> tuple[int, ...]:
    return tuple(number for number in part.steps if plan.steps[number - 1].phase is phase)


def _part(renewal: Renewal, number: int) -> Part | None:
    return renewal.plan.part_of(number) if 1 <= number <= len(renewal.plan.steps) else None


def _step(renewal: Renewal, number: int) -> Step:
    return renewal.plan.steps[number - 1]
