"""Channels and direct messages, and who is in them."""

from __future__ import annotations

from dataclasses import dataclass

from certrenew_lab.slack.problems import Json, Refused
from certrenew_lab.slack.workspace import Workspace


@dataclass
class Conversation:
    """A channel or a direct message; `members` are user ids, the bot's included."""

    id: str
    kind: str
    name: str
    members: set[str]
    archived: bool = False
    opened: bool = True

    @property
    def direct(self) -> bool:
        """Whether this is a direct message with the bot."""
        return self.kind == "im"

    @property
    def scope_prefix(self) -> str:
        """The first half of the scopes that govern it."""
        return {"public": "channels", "private": "groups", "im": "im"}[self.kind]


class Conversations:
    """Every conversation of the workspace; each user has one with the bot."""

    def __init__(self, workspace: Workspace) -> None:
        self._bot = workspace.bot.user_id
        self._created = 1_767_225_600
        self.all: dict[str, Conversation] = {}
        for channel in workspace.channels:
            members = {*channel.members} | ({self._bot} if channel.bot_in else set())
            kind = "private" if channel.private else "public"
            self.all[channel.id] = Conversation(channel.id, kind, channel.name, members, channel.archived)
        for user in workspace.users:
            name = "D" + user.id[1:]
            self.all[name] = Conversation(name, "im", "directmessage", {user.id, self._bot}, opened=False)

    def named(self, name: str) -> Conversation:
        """Find a conversation by id or channel name, as the app may see it; raises Refused."""
        found = self.all.get(name) or next(
            (each for each in self.all.values() if not each.direct and each.name == name.removeprefix("#")), None
        )
        if found is None or (found.kind == "private" and self._bot not in found.members):
            raise Refused("channel_not_found")
        return found

    def direct_with(self, user: str) -> Conversation:
        """Return the direct message between a user and the bot."""
        return self.all["D" + user[1:]]

    def writable(self, name: str) -> Conversation:
        """Find the conversation the bot wants to write to; raises Refused when it may not."""
        conversation = self.named(name)
        if conversation.archived:
            raise Refused("is_archived")
        if self._bot not in conversation.members:
            raise Refused("not_in_channel")
        return conversation

    def open_to(self, user: str) -> list[Conversation]:
        """List what a user sees in the sidebar."""
        return [each for each in self.all.values() if user in each.members and not each.archived]

    def other_member(self, conversation: Conversation) -> str:
        """Return the human of a direct message."""
        return next(member for member in sorted(conversation.members) if member != self._bot)

    def describe(self, conversation: Conversation) -> Json:
        """Render a conversation as Slack's API does."""
        if conversation.direct:
            return {
                "id": conversation.id,
                "created": self._created,
                "is_im": True,
                "is_org_shared": False,
                "user": self.other_member(conversation),
                "is_user_deleted": False,
                "is_open": conversation.opened,
                "priority": 0,
            }
        return {
            "id": conversation.id,
            "name": conversation.name,
            "name_normalized": conversation.name,
            "is_channel": conversation.kind == "public",
            "is_group": conversation.kind == "private",
            "is_im": False,
            "is_mpim": False,
            "is_private": conversation.kind == "private",
            "created": self._created,
            "is_archived": conversation.archived,
            "is_general": conversation.name == "general",
            "is_member": self._bot in conversation.members,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(conversation.members),
        }
