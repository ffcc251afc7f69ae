"""How far a renewal is, why it stands still, and what its end proved, in lines of text."""

from collections.abc import Iterator, Mapping

from certrenew.domain.approval import Policy
from certrenew.domain.plan import Json, Phase
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
    """One line a phase: done of total, in words as well as by sign."""
    for phase in Phase:
        records = [record for record in renewal.steps if _phase(renewal, record) is phase]
        if not records:
            continue
        done = sum(record.over for record in records)
        skipped = sum(record.state is StepState.SKIPPED for record in records)
        sign, word = _progress(renewal, records, done)
        without = f", {skipped} skipped" if skipped else ""
        yield f"{sign} *{PHASES[phase][0]}*: {done} of {count(len(records), 'step')} ({word}{without})"


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
    if number and not renewal.plan.why_not_skip(number):
        found.append(f"*Skip* goes on without step {number} (approvers only, with a reason).")
    found.append("*Abandon* ends the renewal here; what is done stays done.")
    return "*What you can do:* " + " ".join(found)


def truth(renewal: Renewal) -> str:
    """What the nodes hold, as far as the finished steps tell."""
    done = sum(record.over for record in renewal.steps)
    total = f"{done} of {count(len(renewal.steps), 'step')} are done."
    new, old = _installed(renewal)
    if renewal.phase is Phase.PREPARE:
        return f"{total} Nothing was uploaded or restarted: every node stores and serves its old certificate."
    if not new:
        return f"{total} No finished step has installed the new certificate yet."
    where = f"Finished steps have installed the new certificate on {listed(new)}"
    if old:
        return f"{total} {where}; not on {listed(old)}."
    restarts = [record for record in renewal.steps if _phase(renewal, record) is Phase.ACTIVATE and not record.over]
    if restarts:
        return f"{total} {where}. {count(len(restarts), 'activation step')} (restarts, resets) are still to do."
    return f"{total} {where}, and every restart is done."


def left_waiting(renewal: Renewal) -> str:
    """Which requests of ours nobody used: they stand in the way of the next renewal until it may replace them."""
    made = {record.node for record in renewal.steps if "csr" in record.output}
    new, _ = _installed(renewal)
    waiting = [node for node in dict.fromkeys(r.node for r in renewal.steps) if node in made - set(new)]
    if not waiting:
        return ""
    return (
        f" Signing requests of this renewal were generated and not used on {listed(waiting)}; the next renewal may need"
        " --replace-csr."
    )


def _installed(renewal: Renewal) -> tuple[list[str], list[str]]:
    """Nodes of the plan whose installation is finished, and the others."""
    new: list[str] = []
    old: list[str] = []
    for node in dict.fromkeys(target.node for target in renewal.plan.targets):
        records = [r for r in renewal.steps if r.node == node and _phase(renewal, r) is Phase.INSTALL]
        stored = any("stored serial" in facts(record) for record in records)
        whole = bool(records) and all(record.state is StepState.DONE for record in records)
        (new if stored or whole else old).append(node)
    return new, old


def report_lines(renewal: Renewal) -> Iterator[str]:
    """The evidence of a finished renewal: per node the new certificate and where it is served, then the phones."""
    for node in dict.fromkeys(record.node for record in renewal.steps):
        found: dict[str, Json] = {}
        for record in renewal.steps:
            if record.node == node and record.over:
                found |= {name: value for name, value in facts(record).items() if name in SHOWN}
        serial = found.get("serial") or found.get("stored serial")
        if not serial:
            continue
        line = f"• {code(node)}: new serial {code(short_serial(str(serial)))}"
        if expires := moment_of(found.get("expires")):
            line += f", valid until {when(expires)}"
        served = found.get("served")
        if isinstance(served, Mapping) and served:
            ports = [str(port).removeprefix("port ") for port in served]
            line += f", served on port{'s' if len(ports) > 1 else ''} {listed(ports)}"
        yield line
    if phones := _phones(renewal):
        yield phones
    skipped = [record for record in renewal.steps if record.state is StepState.SKIPPED]
    if skipped:
        yield f"Skipped: {'; '.join(f'step {one.number}, {summary(renewal, one.number)}' for one in skipped[:10])}."
    if length := _length(renewal):
        yield f"{count(len(renewal.steps), 'step')} in {length}."


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
    return f"“{line_of(renewal.plan.steps[number - 1].summary(), 200)}”"


def _phase(renewal: Renewal, record: StepRecord) -> Phase:
    return renewal.plan.steps[record.number - 1].phase
