"""Turns audit events into what the thread says about them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from certrenew.domain.events import Event, What
from certrenew.domain.plan import Risk
from certrenew.domain.renewal import Renewal
from certrenew.slack.cards import step_name
from certrenew.slack.evidence import done, warned
from certrenew.slack.progress import choices, left_waiting, open_line, part_title, report_lines, truth, unsettled
from certrenew.slack.stretches import is_long, said_in_short
from certrenew.slack.text import POST_LIMIT, count, cut, line_of, mention, pages, titled, when

MOST_NODES = 24
HOLDS = re.compile(r"^(?P<node>\S+)(?P<purpose> \([^)]+\))? (?P<what>stores .*)$")  # as app/standing.py says it
BROADCAST = (What.SUCCEEDED, What.STOPPED, What.PLAN_CHANGED, What.ABANDONED)


@dataclass(frozen=True, slots=True)
class Post:
    """One message in the thread. It covers the events numbered `first` to `last`."""

    first: int
    last: int
    text: str
    broadcast: bool = False


def posts(renewal: Renewal, events: Sequence[Event], *, approvers: str = "") -> list[Post]:
    """What to say about these events: neighbouring lines share a message, a final one stands alone."""
    found: list[Post] = []
    over = {_number(event) for event in events if event.what == What.STEP_FINISHED}
    for event in events:
        short = said_in_short(renewal, event, _number(event)) if is_long(renewal.plan) else None
        if short is None and event.what == What.STEP_STARTED and _number(event) in over:
            continue  # the line about its end comes in the same breath
        text = said(renewal, event, approvers=approvers) if short is None else cut(short, POST_LIMIT)
        if not text:
            continue
        broadcast = event.what in BROADCAST
        before = found[-1] if found else None
        if before and not broadcast and not before.broadcast and len(before.text) + len(text) < POST_LIMIT:
            found[-1] = Post(before.first, event.number, f"{before.text}\n{text}")
        else:
            found.append(Post(event.number, event.number, cut(text, POST_LIMIT), broadcast))
    return found


def said(renewal: Renewal, event: Event, *, approvers: str = "") -> str:
    """The line about one event; empty for events that only the audit needs."""
    who = _actor(event)
    reason = f" Reason: “{line_of(why)}”." if (why := _text(event, "reason")) else ""
    step = step_name(renewal, _number(event))
    asked = f" {approvers}, please decide." if approvers else " An approver, please decide."
    match event.what:
        case What.PLANNED:
            return f"🟠 The plan waits for approval until {when(renewal.approve_by)}.{asked}"
        case What.VOTED:
            return f"☑️ {who} approved: {_text(event, 'count')} of {_text(event, 'needed')} approvals.{reason}"
        case What.APPROVED:
            return f"✅ Approved by {who}.{reason} Preparation starts; nothing is installed before it is released."
        case What.REJECTED:
            return f"⛔ Rejected by {who}.{reason} Nothing was changed on the cluster."
        case What.EXPIRED:
            return "⌛ Nobody approved the plan in time. Nothing was changed on the cluster; ask for a new plan."
        case What.GATE_REACHED:
            return (
                "🟠 Everything is prepared and checked; nothing is installed yet. The installation waits for its"
                f" release: from then on phones may be affected.{asked}"
            )
        case What.RELEASED:
            return f"✅ Installation released by {who}.{reason}"
        case What.STARTED:
            phase = "preparation" if _text(event, "phase") == "prepare" else "the installation"
            return f"🔵 The plan was made anew and still holds; {phase} begins."
    return _on_the_way(renewal, event, who, reason, step)


def _on_the_way(renewal: Renewal, event: Event, who: str, reason: str, step: str) -> str:
    number = _number(event)
    part = f"{title}: " if (title := part_title(renewal, number)) else ""
    match event.what:
        case What.STEP_STARTED:
            return f"🔵 {part}Step {number} begins: {_about(event)}" if _outage(renewal, event) else ""
        case What.STEP_WAITING:
            why = _ended(line_of(_why(event)))
            return f"⏳ {part}Step {number} waits: {_about(event)} {why}" if _why(event) else ""
        case What.STEP_FINISHED:
            return f"✅ {part}{done(event)}{warned(event)}"
        case What.PART_SKIPPED:
            return f"⏭️ {who} left out {line_of(_text(event, 'title'), 80)}; nothing of it was installed.{reason}"
        case What.TASK_DONE:
            return "" if event.details.get("open") else f"✅ {who} did the last of what people had to do."
        case What.SETTLED:
            seen = f": {line_of(_text(event, 'seen'))}" if _text(event, "seen") else f", on the word of {who}"
            return f"✅ The cluster counts as settled{seen}.{reason} Its next trust anchor can be renewed."
        case What.STEP_SKIPPED:
            return f"⏭️ {who} skipped {step}.{reason}"
        case What.RETRIED:
            return f"🔁 {who} asked to retry {step}."
        case What.PAUSE_ASKED:
            return f"⏸ {who} asked for a pause; it takes effect before the next step."
        case What.PAUSED:
            return "⏸ Paused. Nothing runs until somebody resumes it."
        case What.RESUMED:
            return f"🔵 {who} resumed the renewal."
        case What.ABANDON_ASKED:
            return f"⛔ {who} asked to end the renewal before its next step.{reason}"
        case What.NOTICED:
            return f"📣 {line_of(_text(event, 'text'))}"
        case What.STOPPED | What.PLAN_CHANGED | What.ABANDONED | What.SUCCEEDED:
            return "\n".join(cut(line, POST_LIMIT) for line in _final(renewal, event))
    return ""


def _final(renewal: Renewal, event: Event) -> Iterator[str]:
    plan = renewal.plan
    what = f"{'The plan for ' * bool(plan.parts)}{titled(plan)} on {line_of(plan.cluster, 80)}"
    what += f" (renewal {renewal.short_id})"
    to = mention(renewal.requester)
    match event.what:
        case What.STOPPED | What.PLAN_CHANGED:
            yield f"❌ {what} stopped. {to}, please decide."
            yield from _stop(renewal, event)
        case What.ABANDONED:
            yield f"⛔ {what} has ended before its last step. {line_of(renewal.reason)}".rstrip()
            yield f"*What is true now:* {truth(renewal)}{left_waiting(renewal)}"
            yield from unsettled(renewal)
            yield from _left(renewal, to)
        case _:
            yield f"✅ {what} is done."
            yield from list(pages(list(report_lines(renewal)), POST_LIMIT - 900))[:1]
            yield from unsettled(renewal)
            yield from _left(renewal, to)
    if event.hash and event.what in (What.SUCCEEDED, What.ABANDONED):
        yield f"For the audit: entry {event.number} has the hash `{event.hash}`."


def _left(renewal: Renewal, to: str) -> Iterator[str]:
    if left := open_line(renewal):
        yield f"*What is left to do:* {to}, {left}"


def _stop(renewal: Renewal, event: Event) -> Iterator[str]:
    """What the event recorded at the time; the renewal may have moved on since."""
    number = _number(event)
    where = f"S{step_name(renewal, number)[1:]}, stopped. " if number else ""
    yield f"*What happened:* {where}{line_of(_why(event) or renewal.reason, 900)}"
    now = event.details.get("now")
    standing = [f"• {line_of(line, 300)}" for line in _together(map(str, now))] if isinstance(now, list) else []
    yield "*What is true now:*" + ("" if standing else f" {truth(renewal)}")
    yield from standing[:MOST_NODES]
    if len(standing) > MOST_NODES:
        yield f"• and {count(len(standing) - MOST_NODES, 'more node')}"
    yield choices(renewal, number)


def _together(sentences: Iterable[str]) -> Iterator[str]:
    """Nodes of which the same is true share a line."""
    found: dict[tuple[str, str], list[str]] = {}
    for sentence in sentences:
        if same := HOLDS.match(sentence):
            found.setdefault((same["purpose"] or "", same["what"]), []).append(same["node"])
        else:
            found.setdefault(("", sentence), [])
    for (purpose, what), nodes in found.items():
        names = f"{', '.join(nodes[:MOST_NODES])}{' and others' * (len(nodes) > MOST_NODES)}{purpose}"
        yield f"{names} {'each ' * (len(nodes) > 1)}{what}" if nodes else what


def outcome(renewal: Renewal) -> str:
    """What the requester is told in person when it is over."""
    plan = renewal.plan
    what = f"your renewal of {titled(plan)} on {line_of(plan.cluster, 80)} ({renewal.short_id})"
    match renewal.state.value:
        case "succeeded":
            return f"✅ Done: {what} has succeeded; the evidence is in its thread."
        case "rejected":
            reason = f"Reason: “{line_of(renewal.reason)}”. Nothing was changed on the cluster."
            return f"⛔ Rejected: {what} was not approved. {reason}"
        case "expired":
            return f"⌛ Expired: nobody decided on {what} in time. Nothing was changed; ask for a new plan."
        case "abandoned":
            why = f" {line_of(renewal.reason)}" if renewal.reason else ""
            return f"⛔ Abandoned: {what} was ended before its last step.{why} {truth(renewal)}{left_waiting(renewal)}"
    return ""


def _actor(event: Event) -> str:
    """The person as a mention when Slack knows them, else by name."""
    if event.actor.startswith("slack:") and "/" in event.actor:
        return f"<@{line_of(event.actor.rsplit('/', 1)[1], 40)}>"
    return line_of(event.actor_name or event.actor, 80) or "certrenew"


def _text(event: Event, name: str) -> str:
    value = event.details.get(name)
    return "" if value is None else str(value)


def _why(event: Event) -> str:
    return _text(event, "why") or _text(event, "reason")


def _about(event: Event) -> str:
    return _ended(line_of(_text(event, "summary") or "a step", 300))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _number(event: Event) -> int:
    value = event.details.get("step")
    return value if isinstance(value, int) else 0


def _outage(renewal: Renewal, event: Event) -> bool:
    number = _number(event)
    return 1 <= number <= len(renewal.plan.steps) and renewal.plan.steps[number - 1].risk is Risk.OUTAGE
