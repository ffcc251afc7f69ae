"""The buttons under a card: which there are, what they carry, and what a click asks for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from certrenew.app.commands import Abandon, Approve, Change, Pause, Reject, Release, Renew, Resume, Retry, Skip, Tick
from certrenew.domain.approval import Policy
from certrenew.domain.errors import CommandRefused
from certrenew.domain.plan import Risk
from certrenew.domain.renewal import Renewal, State, StepState, Want
from certrenew.slack.text import at_release_gate, count, cut, titled

PREFIX = "certrenew:"
ACTIONS = re.compile("^certrenew:")
VALUE = re.compile(
    r"^(?P<renewal>[0-9A-Za-z_-]{1,64})(?: (?:(?P<step>\d{1,4})(?:\.(?P<attempt>\d{1,6}))?|(?P<digest>[0-9a-f]{64})"
    r"|task:(?P<task>\S{1,64})))?$"
)
WANTED = re.compile(r"^(?P<purpose>\S{1,64}) (?P<cluster>\S{1,128})$")


class Do(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    RELEASE = "release"
    RETRY = "retry"
    SKIP = "skip"
    ABANDON = "abandon"
    PAUSE = "pause"
    RESUME = "resume"
    DONE = "done"
    RENEW = "renew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """What a button asks for. `ask` says that a reason must be given first, in a dialog.

    `purpose` and `cluster` are of a renewal that does not exist yet.
    """

    do: Do
    renewal: str = ""
    step: int = 0
    attempt: int = 0
    digest: str = ""
    task: str = ""
    purpose: str = ""
    cluster: str = ""
    ask: bool = False

    def command(self, reason: str = "") -> Change:
        match self.do:
            case Do.APPROVE:
                return Approve(renewal=self.renewal, reason=reason, digest=self.digest)
            case Do.REJECT:
                return Reject(renewal=self.renewal, reason=reason)
            case Do.RELEASE:
                return Release(renewal=self.renewal, reason=reason)
            case Do.RETRY:
                return Retry(renewal=self.renewal, step=self.step, attempt=self.attempt)
            case Do.SKIP:
                return Skip(renewal=self.renewal, reason=reason, step=self.step)
            case Do.ABANDON:
                return Abandon(renewal=self.renewal, reason=reason)
            case Do.PAUSE:
                return Pause(renewal=self.renewal)
            case Do.RESUME:
                return Resume(renewal=self.renewal)
            case Do.DONE:
                return Tick(renewal=self.renewal, task=self.task)
            case Do.RENEW:
                return Renew(purpose=self.purpose, cluster=self.cluster)


def read(action_id: str, value: str) -> Click:
    """The click behind a button; raises CommandRefused for a button that this version does not know."""
    name, _, ask = action_id.removeprefix(PREFIX).partition(":")
    if name == Do.RENEW and (wanted := WANTED.match(value)):
        return Click(do=Do.RENEW, purpose=wanted["purpose"], cluster=wanted["cluster"])
    found = VALUE.match(value)
    if name not in list(Do) or name == Do.RENEW or found is None:
        raise CommandRefused("This button is not one that certrenew knows now; nothing has changed. Try: status.")
    return Click(
        do=Do(name),
        renewal=found["renewal"],
        step=int(found["step"] or 0),
        attempt=int(found["attempt"] or 0),
        digest=found["digest"] or "",
        task=found["task"] or "",
        ask=ask == "reason",
    )


def buttons(renewal: Renewal, policy: Policy) -> list[dict[str, Any]]:
    """What people can do now; empty when there is nothing to decide."""
    if renewal.want is Want.ABANDON:
        return []
    match renewal.state:
        case State.PLANNED:
            return [_approve(renewal, policy), _button(renewal, Do.REJECT, "Reject renewal", "danger", ask=True)]
        case State.WAITING if at_release_gate(renewal):
            return [_release(renewal, policy), _abandon(renewal)]
        case State.APPROVED | State.RUNNING | State.WAITING:
            if renewal.want is Want.PAUSE:
                return [_button(renewal, Do.RESUME, "Resume renewal"), _abandon(renewal)]
            return [_button(renewal, Do.PAUSE, "Pause renewal"), _abandon(renewal)]
        case State.PAUSED:
            return [_button(renewal, Do.RESUME, "Resume renewal", "primary"), _abandon(renewal)]
        case State.STOPPED:
            return [*_after_a_stop(renewal), _abandon(renewal)]
    return []


def done_button(renewal: Renewal, task: str) -> dict[str, Any]:
    """Ticks one task off."""
    button = _button(renewal, Do.DONE, "Done")
    return button | {"value": f"{renewal.id} task:{task}", "accessibility_label": cut(f"Done: {task}", 75)}


def renew_button(purpose: str, cluster: str) -> dict[str, Any]:
    """Asks for a plan, as if the person who clicks had typed it."""
    return {
        "type": "button",
        "action_id": f"{PREFIX}{Do.RENEW}",
        "text": {"type": "plain_text", "text": "Renew"},
        "value": f"{purpose} {cluster}",
        "accessibility_label": cut(f"Plan a renewal of {purpose} on {cluster}", 75),
    }


def _approve(renewal: Renewal, policy: Policy) -> dict[str, Any]:
    plan = renewal.plan
    text = (
        f"{titled(plan)} on {plan.cluster}: {count(len(plan.steps), 'step')} on"
        f" {count(len({target.node for target in plan.targets}), 'node')}. Plan {plan.short_digest}."
        " Preparation starts at once; nothing is installed before somebody releases it."
    )
    button = _button(renewal, Do.APPROVE, "Approve renewal", "primary", ask=policy.reason_required)
    button["value"] = f"{renewal.id} {plan.digest}"
    return button | _confirm("Approve this renewal?", text, "Approve")


def _release(renewal: Renewal, policy: Policy) -> dict[str, Any]:
    plan = renewal.plan
    impact = plan.impact or "Services restart and phones may register again."
    if plan.parts:
        impact = f"{titled(plan)}, one after the other; the card says what each of them means."
    text = f"From here on phones and calls on {plan.cluster} are affected. {impact}"
    button = _button(renewal, Do.RELEASE, "Release installation", "primary", ask=policy.reason_required)
    return button | _confirm("Install now?", text, "Install now")


def _after_a_stop(renewal: Renewal) -> list[dict[str, Any]]:
    record = renewal.current
    if record is None or record.state is not StepState.FAILED:
        return [_button(renewal, Do.RETRY, "Retry", "primary")]
    retry = _button(renewal, Do.RETRY, f"Retry step {record.number}", "primary")
    retry["value"] = f"{renewal.id} {record.number}.{record.attempts}"  # a second click means the same stop
    step = renewal.plan.steps[record.number - 1]
    if step.traceless and record.attempts:
        retry |= _confirm("Do it again?", "Nobody can tell whether it was done already. Retry does it again.", "Retry")
    elif step.risk is Risk.OUTAGE:
        retry |= _confirm("Try it again?", f"{step.summary()}. Services or phones may be away for a while.", "Retry")
    if renewal.plan.why_not_skip(record.number, skipped=renewal.skipped):
        return [retry]
    skip = _button(renewal, Do.SKIP, f"Skip step {record.number}", ask=True)
    skip["value"] = f"{renewal.id} {record.number}"
    return [retry, skip]


def _abandon(renewal: Renewal) -> dict[str, Any]:
    return _button(renewal, Do.ABANDON, "Abandon renewal", "danger", ask=True)


def _button(renewal: Renewal, do: Do, text: str, style: str = "", *, ask: bool = False) -> dict[str, Any]:
    button: dict[str, Any] = {
        "type": "button",
        "action_id": f"{PREFIX}{do}" + (":reason" if ask else ""),
        "text": {"type": "plain_text", "text": text},
        "value": renewal.id,
        "accessibility_label": cut(f"{text}: {renewal.plan.purpose} on {renewal.plan.cluster}", 75),
    }
    return button | ({"style": style} if style else {})


def _confirm(title: str, text: str, confirm: str) -> dict[str, Any]:
    return {
        "confirm": {
            "title": {"type": "plain_text", "text": title},
            "text": {"type": "plain_text", "text": cut(text, 300)},
            "confirm": {"type": "plain_text", "text": confirm},
            "deny": {"type": "plain_text", "text": "Not now"},
        }
    }
