"""The card of a renewal: a function of the renewal, its policy and the time, and of nothing else."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certrenew.domain.approval import Approval, Decision, Gate, Policy
from certrenew.domain.plan import Phase, Plan
from certrenew.domain.renewal import Renewal, State, Want
from certrenew.slack import planned
from certrenew.slack.buttons import buttons
from certrenew.slack.progress import (
    left_waiting,
    now_line,
    open_line,
    phase_lines,
    report_lines,
    stop_lines,
    summary,
    truth,
    unsettled,
)
from certrenew.slack.stretches import impact_of, is_long, plan_lines
from certrenew.slack.text import (
    PHASES,
    SECTION_LIMIT,
    at_release_gate,
    code,
    count,
    cut,
    escape,
    follows,
    line_of,
    listed,
    mention,
    pages,
    said_of,
    state_of,
    titled,
    utc,
    when,
)

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`text` says it all in sentences, for notifications and screen readers; `digest` tells drawings apart."""

    text: str
    blocks: tuple[Block, ...]
    digest: str


def card(renewal: Renewal, policy: Policy, now: datetime) -> Message:
    """Everything a reader needs to decide or to know, in one message of at most 50 blocks."""
    blocks = [_header(renewal), _fields(renewal)]
    blocks += _sections(
        _plan_lines(renewal, policy, now) if renewal.state is State.PLANNED else _course_lines(renewal, policy)
    )
    blocks += _sections(_end_lines(renewal))
    if elements := buttons(renewal, policy):
        blocks.append({"type": "actions", "elements": elements})
    drawn = json.dumps([sentence(renewal), blocks], sort_keys=True)
    blocks.append(_context(f"Plan {code(renewal.plan.short_digest)} · drawn {when(now)}"))
    return Message(sentence(renewal), tuple(blocks), hashlib.sha256(drawn.encode()).hexdigest())


def sentence(renewal: Renewal) -> str:
    """The card in a sentence or two."""
    plan = renewal.plan
    nodes = count(len({target.node for target in plan.targets}), "node")
    said = f"Renewal {renewal.short_id}: {titled(plan)} on {line_of(plan.cluster, 80)} ({nodes}) {said_of(renewal)}."
    if renewal.state is State.PLANNED:
        return f"{said} It can be approved until {utc(renewal.approve_by)}."
    if renewal.state.final:
        return f"{said} {line_of(renewal.reason, 300)}".strip()
    record = renewal.current
    if renewal.state is State.STOPPED and record:
        return f"{said} Step {record.number} needs a decision: {line_of(renewal.reason, 400)}"
    if record:
        why = (
            f" {line_of(renewal.reason, 300)}"
            if renewal.state is State.WAITING and not at_release_gate(renewal)
            else ""
        )
        return f"{said} {sum(step.over for step in renewal.steps)} of {len(renewal.steps)} steps are done.{why}"
    return said


def _header(renewal: Renewal) -> Block:
    emoji, word = state_of(renewal)
    plan = renewal.plan
    what = count(len(plan.parts), "purpose") if plan.parts else plan.title
    text = f"{emoji} {word.capitalize()}: {what} on {plan.cluster}"
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, 150), "emoji": True}}


def _fields(renewal: Renewal) -> Block:
    plan = renewal.plan
    nodes = list(dict.fromkeys(target.node for target in plan.targets))
    fields = [
        ("Cluster", line_of(plan.cluster, 100)),
        ("Purposes", listed([part.title for part in plan.parts]))
        if plan.parts
        else ("Certificate", line_of(plan.title, 100)),
        (count(len(nodes), "node").capitalize(), listed(nodes)),
        ("Certificate authority", line_of(plan.authority, 100) or "none needed"),
        ("Asked for by", mention(renewal.requester)),
        ("Change number", line_of(renewal.change_number, 100) or "none given"),
        ("Renewal", code(renewal.short_id)),
        ("Follows", follows(plan)),
    ]
    return {
        "type": "section",
        "fields": [{"type": "mrkdwn", "text": cut(f"*{name}*\n{value or 'none'}", 2000)} for name, value in fields],
    }


def _plan_lines(renewal: Renewal, policy: Policy, now: datetime) -> Iterator[list[str]]:
    plan = renewal.plan
    yield planned.replaced(plan, now)
    if plan.impact and not plan.parts:
        yield [f"*Impact:* {line_of(plan.impact, 1200)}"]
    yield planned.cautions(plan)
    yield planned.tasks(plan)
    yield [planned.steps(plan)]
    yield [f"*Needed:* {_needed(policy)} by {when(renewal.approve_by)}; nothing changes before.", *_votes(renewal)]
    yield [f"*Then:* preparation, without impact on calls. {_releaser(policy)}"]


def _needed(policy: Policy) -> str:
    if policy.needed == 1:
        return "an approval by anybody of the approvers" if policy.self_approval else "an approval by somebody else"
    who = "different approvers" if policy.self_approval else "different people, not by whoever asked"
    return f"{policy.needed} approvals by {who}"


def _releaser(policy: Policy) -> str:
    who = "an approver" if policy.release_by_approver else "an approver or whoever asked"
    same = "; it may be the same person" if policy.release_by_approver else ""
    return f"The installation waits until {who} releases it{same}."


def _course_lines(renewal: Renewal, policy: Policy) -> Iterator[list[str]]:
    if votes := list(_votes(renewal)):
        yield votes
    if renewal.state in (State.REJECTED, State.EXPIRED):
        return
    if renewal.plan.impact and renewal.state is State.WAITING and renewal.gate is Gate.RELEASE:
        yield [now_line(renewal, policy), *_impact(renewal)]
    elif line := now_line(renewal, policy):
        yield [line]
    yield ["*Progress*", *phase_lines(renewal)]
    if renewal.want is Want.PAUSE and renewal.state is not State.PAUSED:
        yield ["⏸ A pause was asked for: it takes effect before the next step."]
    if renewal.want is Want.ABANDON and not renewal.state.final:
        yield ["⛔ Its end was asked for: it takes effect before the next step; what is done stays done."]


def _impact(renewal: Renewal) -> Iterator[str]:
    plan = renewal.plan
    if not plan.parts:
        yield f"*Impact:* {line_of(plan.impact, 1200)}"
        return
    yield "*Impact, one purpose after the other*"
    for part in plan.parts:
        if (impact := impact_of(plan, part)) and not renewal.left_out(part):
            yield f"• *{line_of(part.title, 80)}*: {line_of(impact, 500)}"


def _end_lines(renewal: Renewal) -> Iterator[list[str]]:
    match renewal.state:
        case State.STOPPED:
            yield list(stop_lines(renewal))
        case State.SUCCEEDED:
            yield ["*What was proved*", *(list(report_lines(renewal)) or ["Every step is done."])]
            yield [*unsettled(renewal), *_left(renewal)]
        case State.ABANDONED:
            yield [
                f"⛔ It was ended before its last step. {line_of(renewal.reason)}".rstrip(),
                f"*What is true now:* {truth(renewal)}{left_waiting(renewal)}",
                *unsettled(renewal),
                *_left(renewal),
            ]
        case State.REJECTED:
            yield ["Nothing was changed on the cluster."]
        case State.EXPIRED:
            yield ["⌛ Nobody decided in time. Nothing was changed on the cluster; ask for a new plan."]


def _left(renewal: Renewal) -> Iterator[str]:
    if left := open_line(renewal):
        yield f"📝 *What is left to do:* {left}"


def _votes(renewal: Renewal) -> Iterator[str]:
    for vote in renewal.approvals:
        reason = f": {line_of(vote.reason, 500)}" if vote.reason else ""
        yield f"{_verdict(vote)} by {mention(vote.person)} {when(vote.at)}{reason}"


def _verdict(vote: Approval) -> str:
    if vote.decision is Decision.REJECT:
        return "⛔ *Rejected*"
    return "✅ *Installation released*" if vote.gate is Gate.RELEASE else "✅ *Approved*"


def _sections(groups: Iterator[list[str]]) -> Iterator[Block]:
    for lines in groups:
        for text in pages(lines, SECTION_LIMIT):
            yield {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def plain(message: Message) -> Message:
    """The same without any layout, for a server that refuses the blocks."""
    text = cut(escape(message.text), SECTION_LIMIT)
    return Message(message.text, ({"type": "section", "text": {"type": "mrkdwn", "text": text}},), message.digest)


def step_list(renewal: Renewal) -> list[str]:
    """Every step of the plan in order, as texts for the thread; of a long plan those alike in one line."""
    plan = renewal.plan
    return list(pages(list(plan_lines(plan)) if is_long(plan) else list(_each_step(plan))))


def _each_step(plan: Plan) -> Iterator[str]:
    phase: Phase | None = None
    for number, step in enumerate(plan.steps, start=1):
        if step.phase is not phase:
            phase = step.phase
            yield f"*{PHASES[phase][0]}* ({PHASES[phase][1]})"
        yield f"{number}. {line_of(step.summary(), 300)}"


def step_name(renewal: Renewal, number: int) -> str:
    return f"step {number}, {summary(renewal, number)}" if number else "a step"
