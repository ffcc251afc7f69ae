"""Users and user groups as Slack's API renders them."""

from __future__ import annotations

from certrenew_lab.slack.problems import Json, NotPossible, Refused
from certrenew_lab.slack.workspace import User, UserGroup, Workspace


class People:
    """The directory of the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._users = {user.id: user for user in workspace.users}

    def find(self, user_id: str) -> User | None:
        """Find a human by id."""
        return self._users.get(user_id)

    def acting(self, name_or_id: str) -> User:
        """Find the person who acts, by id or name; raises NotPossible for strangers and deactivated accounts."""
        user = self._users.get(name_or_id) or next((u for u in self._users.values() if u.name == name_or_id), None)
        if user is None:
            raise NotPossible("user_not_found", f"There is no user {name_or_id!r} in this workspace.")
        if user.deactivated:
            raise NotPossible("account_inactive", f"The account of {user.real_name} is deactivated.")
        return user

    def describe(self, user_id: str) -> Json:
        """Render a user or the bot; raises Refused when there is none."""
        bot = self._workspace.bot
        if user_id == bot.user_id:
            user = User(bot.user_id, bot.name, bot.name, "")
            return self._render(user, bot_id=bot.bot_id)
        if user_id not in self._users:
            raise Refused("user_not_found")
        return self._render(self._users[user_id])

    def all(self) -> list[Json]:
        """Render everybody, the bot last."""
        return [self.describe(user_id) for user_id in [*self._users, self._workspace.bot.user_id]]

    def group(self, group_id: str) -> UserGroup:
        """Find a user group by id; raises Refused."""
        for group in self._workspace.groups:
            if group.id == group_id:
                return group
        raise Refused("no_such_subteam")

    def describe_group(self, group: UserGroup) -> Json:
        """Render a user group."""
        return {
            "id": group.id,
            "team_id": self._workspace.team_id,
            "is_usergroup": True,
            "name": group.name,
            "description": "",
            "handle": group.handle,
            "is_external": False,
            "date_create": 1_767_225_600,
            "date_update": 1_767_225_600,
            "date_delete": 0,
            "user_count": len(group.members),
        }

    def _render(self, user: User, bot_id: str = "") -> Json:
        profile: Json = {
            "title": user.title,
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.name,
            "display_name_normalized": user.name,
            "team": self._workspace.team_id,
        }
        if bot_id:
            profile |= {"bot_id": bot_id, "api_app_id": self._workspace.bot.app_id}
        elif "users:read.email" in self._workspace.scopes:
            profile["email"] = user.email
        return {
            "id": user.id,
            "team_id": self._workspace.team_id,
            "name": user.name,
            "deleted": user.deactivated,
            "real_name": user.real_name,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": bool(bot_id),
            "is_app_user": False,
            "updated": 1_767_225_600,
        }
