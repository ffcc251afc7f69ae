"""auth.test, team.info, users.* and usergroups.*: who is who."""

from __future__ import annotations

import re

from certrenew_lab.slack.methods.call import Call, Method
from certrenew_lab.slack.problems import Json, Refused, invalid_arguments

USER_ID = r"^[UW][A-Z0-9]{2,}$"


def auth_test(call: Call) -> Json:
    """auth.test."""
    workspace = call.lab.workspace
    return {
        "url": f"{call.lab.address}/",
        "team": workspace.team_name,
        "user": workspace.bot.name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot.user_id,
        "bot_id": workspace.bot.bot_id,
        "is_enterprise_install": False,
    }


def team_info(call: Call) -> Json:
    """team.info."""
    workspace = call.lab.workspace
    return {"team": {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain}}


def bots_info(call: Call) -> Json:
    """bots.info."""
    bot = call.lab.workspace.bot
    if call.text("bot") not in ("", bot.bot_id):
        raise Refused("bot_not_found")
    return {"bot": {"id": bot.bot_id, "app_id": bot.app_id, "name": bot.name, "user_id": bot.user_id, "deleted": False}}


def user_info(call: Call) -> Json:
    """users.info."""
    user = call.required("user")
    if not re.match(USER_ID, user):
        raise invalid_arguments(f"input must match regex pattern: {USER_ID} [json-pointer:/user]")
    return {"user": call.lab.people.describe(user)}


def user_list(call: Call) -> Json:
    """users.list."""
    shown, metadata = call.page(call.lab.people.all(), call.number("limit", 100, 1000))
    return {"members": shown, "cache_ts": int(call.lab.clock()), "response_metadata": metadata}


def lookup_by_email(call: Call) -> Json:
    """users.lookupByEmail: finds nobody whose account is deactivated."""
    email = call.required("email").lower()
    for user in call.lab.workspace.users:
        if user.email.lower() == email and not user.deactivated:
            return {"user": call.lab.people.describe(user.id)}
    raise Refused("users_not_found")


def group_list(call: Call) -> Json:
    """usergroups.list."""
    groups = []
    for group in call.lab.workspace.groups:
        described = call.lab.people.describe_group(group)
        groups.append(described | ({"users": list(group.members)} if call.flag("include_users") else {}))
    return {"usergroups": groups}


def group_members(call: Call) -> Json:
    """usergroups.users.list: only accounts that are active."""
    group = call.lab.people.group(call.required("usergroup"))
    people = [call.lab.people.find(member) for member in group.members]
    return {"users": [person.id for person in people if person and not person.deactivated]}


METHODS = {
    "auth.test": Method(auth_test, None),
    "team.info": Method(team_info, 3, ("team:read",)),
    "bots.info": Method(bots_info, 3, ("users:read",)),
    "users.info": Method(user_info, 4, ("users:read",)),
    "users.list": Method(user_list, 2, ("users:read",)),
    "users.lookupByEmail": Method(lookup_by_email, 3, ("users:read.email",)),
    "usergroups.list": Method(group_list, 2, ("usergroups:read",)),
    "usergroups.users.list": Method(group_members, 2, ("usergroups:read",)),
}
