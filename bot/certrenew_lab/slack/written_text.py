"""What becomes of the text a person types: mentions, links, and the escapes Slack stores."""

from __future__ import annotations

import re

from certrenew_lab.slack.workspace import Workspace

_TOKEN = re.compile(r"(<(?:[@#!][^<>]+|https?://[^<>]+|mailto:[^<>]+)>)")
_LINK = re.compile(r"https?://[^\s<>]+")
_NAME = re.compile(r"(?<!\w)@([\w-]+)")


def as_slack_stores(text: str, workspace: Workspace) -> str:
    """Turn @names and bare links into Slack's tokens and escape the rest; tokens already there stay."""
    names = {user.name: f"<@{user.id}>" for user in workspace.users}
    names[workspace.bot.name] = f"<@{workspace.bot.user_id}>"
    names |= {group.handle: f"<!subteam^{group.id}>" for group in workspace.groups}

    def stored(part: str) -> str:
        escaped = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        linked = _LINK.sub(lambda found: f"<{found[0]}>", escaped)
        return _NAME.sub(lambda found: names.get(found[1], found[0]), linked)

    return "".join(part if _TOKEN.fullmatch(part) else stored(part) for part in _TOKEN.split(text))
