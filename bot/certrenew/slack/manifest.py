"""The Slack app as Slack is told about it: the smallest set of scopes, one command, no events."""

from collections.abc import Mapping
from typing import Any

SCOPES: Mapping[str, str] = {
    "commands": "the slash command",
    "chat:write": "cards, threads and answers",
    "im:write": "to tell the requester the outcome in person",
    "channels:read": "to check that the bot is in its public channels",
    "groups:read": "the same for private channels",
    "channels:history": "to find its own message again after a lost answer, in public channels",
    "groups:history": "the same in private channels",
    "im:history": "the same in direct messages",
    "usergroups:read": "to read who is in an approver group",
    "users:read": "to check that approvers are active",
}


def manifest(*, command: str = "/certrenew", name: str = "certrenew") -> dict[str, Any]:
    """The app manifest. The app-level token with `connections:write` is made by hand afterwards."""
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": name,
            "description": "Renews CA-signed certificates on Cisco Unified Communications Manager clusters.",
        },
        "features": {
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [
                {
                    "command": command,
                    "description": "Plan, approve and follow certificate renewals",
                    "usage_hint": "<purpose> <cluster> | status | list | certs <cluster> | expiring | help",
                    "should_escape": False,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "interactivity": {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }
