"""The one dialog there is: it asks for a reason."""

import json
from typing import Any

from certrenew.app.commands import Change
from certrenew.domain.errors import CommandRefused
from certrenew.slack.buttons import Click, Do

CALLBACK = "certrenew:reason"
TITLES = {
    Do.APPROVE: "Approve renewal",
    Do.REJECT: "Reject renewal",
    Do.RELEASE: "Release installation",
    Do.SKIP: "Skip a step",
    Do.ABANDON: "Abandon renewal",
}
HINTS = {
    Do.APPROVE: "Preparation starts at once. The reason is kept in the audit.",
    Do.REJECT: "Nothing on the cluster has been changed. The requester is told this reason.",
    Do.RELEASE: "From here on phones and calls are affected. The reason is kept in the audit.",
    Do.SKIP: "The renewal goes on without this step. The reason is kept in the audit.",
    Do.ABANDON: "What is done stays done; the rest is not done. The reason is shown in the thread.",
}


def reason_dialog(click: Click, channel: str) -> dict[str, Any]:
    """The view to open for a click that needs a reason."""
    about = f"renewal {click.renewal[:8]}" + (f", step {click.step}" if click.step else "")
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _plain(TITLES[click.do]),
        "submit": _plain(click.do.capitalize()),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps(
            {
                "do": str(click.do),
                "renewal": click.renewal,
                "step": click.step,
                "digest": click.digest,
                "channel": channel,
            }
        ),
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": _plain(f"Why? ({about})"),
                "hint": _plain(HINTS[click.do]),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "multiline": True,
                    "max_length": 500,
                    "focus_on_load": True,
                },
            }
        ],
    }


def submitted(view: dict[str, Any]) -> tuple[Change, str, Click]:
    """The command, the channel it was asked in, and the click; raises CommandRefused when the reason is blank."""
    try:
        meta = json.loads(view["private_metadata"])
        click = Click(do=Do(meta["do"]), renewal=meta["renewal"], step=meta["step"], digest=meta["digest"])
        channel = str(meta["channel"])
    except (KeyError, TypeError, ValueError) as error:
        raise CommandRefused("This dialog is from another version of certrenew; close it and click again.") from error
    values = view.get("state", {}).get("values", {})
    reason = str(values.get("reason", {}).get("reason", {}).get("value") or "").strip()
    if not reason:
        raise CommandRefused("Write a reason of at least one word.")
    return click.command(reason), channel, click


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
