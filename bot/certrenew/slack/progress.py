"""How far a renewal is, why it stands still, and what its end proved, in lines of text."""

from collections.abc import Iterator, Mapping

from certrenew.domain.approval import Policy
from certrenew.domain.plan import Json, Part, Phase
from certrenew.domain.renewal import Renewal, State, StepRecord, StepState
from certrenew.slack.text import (
    PHASES,
    at_release_gate,
    code,
    count,
    duration,
    line_of,
    listed,
    moment_of,
    short_serial,
    when,
)

WHOLE_REASON = 900


def phase_lines(renewal: Renewal) -> Iterator[str]:
    """One line a phase, or after the preparation of a campaign one line a purpose: in words as well as by sign."""
    for phase in Phase:
        if renewal.plan.parts and phase is not Phase.PREPARE:
            break
        if records := [record for record in renewal.steps if _phase(renewal, record) is phase]:
            yield _line(renewal, PHASES[phase][0], records)
    for part in renewal.plan.parts:
        records = [record for record in renewal.records_of(part) if _phase(renewal, record) is not Phase.PREPARE]
        if renewal.left_out(part):
            yield f"⏭️ *{line_of(part.title, 80)}*: left out"
        else:
            yield _line(renewal, line_of(part.title, 80), records)


def _line(renewal: Renewal, title: str, records: list[StepRecord]) -> str:
    done = sum(record.over for record in records)
    skipped = sum(record.state is StepState.SKIPPED for record in records)
    sign, word = _progress(renewal, records, done)
    without = f", {skipped} skipped" if skipped else ""
    now = next((record for record in records if not record.over), None)
    if renewal.plan.parts and now and word == "under way":
        word += f": {PHASES[_phase(renewal, now)][0].lower()}"
    return f"{sign} *{title}*: {done} of {count(len(records), 'step')} ({word}{without})"


def part_title(renewal: Renewal, number: int) -> str:
    """Of a campaign, the purpose that step `number` is about; else empty."""
    if not renewal.plan.parts or not 1 <= number <= len(renewal.plan.steps):
        return ""
    return line_of(renewal.plan.part_of(number).title, 80)


def _progress(renewal: Renewal, records: list[StepRecord], done: int) -> tuple[str, str]:
    if done == len(records):
        return "✅", "done"
    if any(record.state is StepState.FAILED for record in records):
        return "❌", "stopped"
    if renewal.state.final:
        return "▫️", "not finished"
    if done or any(record.state is not StepState.PENDING for record in records):
        return "🔵", "under way"
    return "▫️", "not begun"


def now_line(renewal: Renewal, policy: Policy) -> str:
    """The step at hand and what it waits for; empty when nothing is at hand."""
    if at_release_gate(renewal) and renewal.state is State.WAITING:
        who = "An approver" if policy.release_by_approver else "An approver or the requester"
        return (
            f"🟠 *Now:* everything is prepared and checked; nothing is installed yet. {who} releases the"
            " installation when phones may be affected."
        )
    record = renewal.current
    if renewal.state is State.PAUSED and record:
        why = f" {line_of(renewal.reason, 300)}" if renewal.reason else ""
        return f"⏸ *Now:* paused before step {record.number}, {summary(renewal, record.number)}.{why}"
    if renewal.state not in (State.RUNNING, State.WAITING) or record is None:
        return ""
    line = f"*Now:* step {record.number} of {len(renewal.steps)}, {summary(renewal, record.number)}"
    if renewal.state is State.WAITING and renewal.reason:
        line += f"\n⏳ *Waiting:* {line_of(renewal.reason)}"
    return line


def failed_step(renewal: Renewal) -> int:
    """The number of the step at which it stopped; 0 when no step failed (the plan itself no longer held)."""
    record = renewal.current
    return record.number if record and record.state is StepState.FAILED else 0


def stop_lines(renewal: Renewal) -> Iterator[str]:
    """What happened, what is true now, what you can do."""
    number = failed_step(renewal)
    where = f"Step {number}, {summary(renewal, number)}, stopped. " if number else ""
    yield f"*What happened:* {where}{line_of(renewal.reason or 'No reason was recorded.', WHOLE_REASON)}"
    yield f"*What is true now:* {truth(renewal)}"
    yield choices(renewal, number)


def choices(renewal: Renewal, number: int) -> str:
    """What a person can do about a renewal that stopped at step `number` (0: at no step)."""
    found = [f"*Retry* tries {f'step {number}' if number else 'it'} once more."]
    if number and not renewal.plan.why_not_skip(number, skipped=renewal.skipped):
        found.append(f"*Skip* goes on without step {number} (approvers only, with a reason).")
    if number and renewal.plan.parts and not renewal.touched(part := renewal.plan.part_of(number)):
        found.append(
            f"`skip-part {renewal.short_id} {line_of(part.purpose, 60)} <reason>`".replace("<reason>", "&lt;reason&gt;")
            + f" leaves {line_of(part.title, 80)} out altogether (approvers only)."
        )
    found.append("*Abandon* ends the renewal here; what is done stays done.")
    return "*What you can do:* " + " ".join(found)


def truth(renewal: Renewal) -> str:
    """What the nodes hold, as far as the finished steps tell."""
    done = sum(record.over for record in renewal.steps)
    total = f"{done} of {count(len(renewal.steps), 'step')} are done."
    if renewal.phase is Phase.PREPARE:
        return f"{total} Nothing was uploaded or restarted: every node stores and serves its old certificate."
    if not renewal.plan.parts:
        return f"{total} {_truth_of(renewal, renewal.plan.all_parts[0])}"
    told = (f"*{line_of(part.title, 80)}*: {_truth_of(renewal, part)}" for part in renewal.plan.parts)
    return f"{total} {' '.join(told)}"


def _truth_of(renewal: Renewal, part: Part) -> str:
    if renewal.left_out(part):
        return "Left out; nothing of it was installed."
    if renewal.plan.parts and not renewal.touched(part):
        return "Nothing was uploaded or restarted yet."
    new, old = _installed(renewal, part)
    if not new:
        return "No finished step has installed the new certificate yet."
    where = f"Finished steps have installed the new certificate on {listed(new)}"
    if old:
        return f"{where}; not on {listed(old)}."
    mine = renewal.records_of(part)
    restarts = [record for record in mine if _phase(renewal, record) is Phase.ACTIVATE and not record.over]
    if restarts:
        return f"{where}. {count(len(restarts), 'activation step')} (restarts, resets) are still to do."
    return f"{where}, and every restart is done."


def unsettled(renewal: Renewal) -> Iterator[str]:
    """What its end leaves in the way of the next renewal, if its phones were not proved to be back."""
    if renewal.unsettled:
        yield (
            "*Not settled:* its phones were not proved to be back. The next trust anchor of this cluster waits until"
            f" they are; an approver can answer for it with `settle {renewal.short_id} &lt;reason&gt;`."
        )


def open_line(renewal: Renewal) -> str:
    """Which tasks are open, as a sentence; empty when none is."""
    left = renewal.open_tasks
    keys = [code(task.key) for task in left]
    shown = ", ".join(keys[:10]) + (f" and {len(keys) - 10} more" if len(keys) > 10 else "")
    return f"{len(left)} of {count(len(renewal.tasks), 'task')} for people still open ({shown})." if left else ""


def left_waiting(renewal: Renewal) -> str:
    """Which requests of ours nobody used: they stand in the way of the next renewal until it may replace them."""
    waiting: dict[str, None] = {}
    for part in renewal.plan.all_parts:
        made = {record.node for record in renewal.records_of(part) if "csr" in record.output}
        new, _ = _installed(renewal, part)
        waiting |= dict.fromkeys(r.node for r in renewal.records_of(part) if r.node in made - set(new))
    if not waiting:
        return ""
    return (
        f" Signing requests of this renewal were generated and not used on {listed(list(waiting))}; the next renewal"
        " may need --replace-csr."
    )


def _installed(renewal: Renewal, part: Part) -> tuple[list[str], list[str]]:
    """Nodes on which the installation of this part is finished, and the others."""
    mine = renewal.records_of(part)
    targets = [target.node for target in renewal.plan.targets]
    changed = [record.node for record in mine if _phase(renewal, record) is Phase.INSTALL]
    new: list[str] = []
    old: list[str] = []
    for node in dict.fromkeys(targets if not renewal.plan.parts else (node for node in targets if node in changed)):
        records = [r for r in mine if r.node == node and _phase(renewal, r) is Phase.INSTALL]
        stored = any("stored serial" in facts(record) for record in records)
        whole = bool(records) and all(record.state is StepState.DONE for record in records)
        (new if stored or whole else old).append(node)
    return new, old


def report_lines(renewal: Renewal) -> Iterator[str]:
    """The evidence of a finished renewal: per node the new certificate and where it is served, then the phones."""
    for part in renewal.plan.all_parts:
        yield from _report_of(renewal, part)
    if phones := _phones(renewal):
        yield phones
    if out := [line_of(part.title, 80) for part in renewal.plan.parts if renewal.left_out(part)]:
        yield f"Left out: {', '.join(out)}."
    quiet = {n for part in renewal.plan.parts if renewal.left_out(part) for n in part.steps}
    skipped = [one for one in renewal.steps if one.state is StepState.SKIPPED and one.number not in quiet]
    if skipped:
        yield f"Skipped: {'; '.join(f'step {one.number}, {summary(renewal, one.number)}' for one in skipped[:10])}."
    if length := _length(renewal):
        yield f"{count(len(renewal.steps), 'step')} in {length}."


def _report_of(renewal: Renewal, part: Part) -> Iterator[str]:
    if renewal.left_out(part):
        return
    title = f"{line_of(part.title, 80)} on " if renewal.plan.parts else ""
    mine = renewal.records_of(part)
    for node in dict.fromkeys(record.node for record in mine):
        found: dict[str, Json] = {}
        for record in mine:
            if record.node == node and record.over:
                found |= {name: value for name, value in facts(record).items() if name in SHOWN}
        serial = found.get("serial") or found.get("stored serial")
        if not serial:
            continue
        line = f"• {title}{code(node)}: new serial {code(short_serial(str(serial)))}"
        if expires := moment_of(found.get("expires")):
            line += f", valid until {when(expires)}"
        served = found.get("served")
        if isinstance(served, Mapping) and served:
            ports = [str(port).removeprefix("port ") for port in served]
            line += f", served on port{'s' if len(ports) > 1 else ''} {listed(ports)}"
        yield line


SHOWN = ("stored serial", "serial", "expires", "served")


def _phones(renewal: Renewal) -> str:
    for record in reversed(renewal.steps):
        found = facts(record)
        total = found.get("before", found.get("baseline"))
        if record.over and "registered" in found and isinstance(total, int):
            line = f"Phones: {found['registered']} of {total} are registered."
            missing = found.get("stragglers")
            if isinstance(missing, list) and missing:
                line += f" Missing: {listed([str(name) for name in missing], 10)}."
            return line
    return ""


def _length(renewal: Renewal) -> str:
    starts = [record.started_at for record in renewal.steps if record.started_at]
    ends = [record.finished_at for record in renewal.steps if record.finished_at]
    return duration(max(ends) - min(starts)) if starts and ends else ""


def facts(record: StepRecord) -> Mapping[str, Json]:
    return {**record.output, **record.evidence}


def summary(renewal: Renewal, number: int) -> str:
    """The step's line in the plan, such as “Restart Cisco CallManager on sub1”."""
    if not 1 <= number <= len(renewal.plan.steps):
        return "a step"
    title = part_title(renewal, number)
    return f"“{line_of(renewal.plan.steps[number - 1].summary(), 200)}”{f' ({title})' if title else ''}"


def _phase(renewal: Renewal, record: StepRecord) -> Phase:
    return renewal.plan.steps[record.number - 1].phase
