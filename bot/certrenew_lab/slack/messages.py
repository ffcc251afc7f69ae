"""The messages of the workspace: posted, edited, deleted, and those only one person sees."""

from __future__ import annotations

from dataclasses import dataclass, field

from certrenew_lab.slack.blocks.walking import with_block_ids
from certrenew_lab.slack.feed import Feed
from certrenew_lab.slack.problems import Json
from certrenew_lab.slack.timing import Clock
from certrenew_lab.slack.workspace import Workspace

SLACKBOT = "USLACKBOT"


@dataclass
class Message:
    """A message; `only_for` names the one user who sees an ephemeral one."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    edited: str | None = None
    broadcast: bool = False
    only_for: str | None = None
    failure: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[Json] = field(default_factory=list)
    earlier_blocks: list[list[Json]] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it and Slack does not keep it."""
        return self.only_for is not None


class Messages:
    """Every message, by channel and ts; each change goes to the feed."""

    def __init__(self, workspace: Workspace, clock: Clock, feed: Feed) -> None:
        self._workspace = workspace
        self._clock = clock
        self._feed = feed
        self._last_ts = 0
        self._kept: dict[tuple[str, str], Message] = {}

    def new_ts(self) -> str:
        """Return a timestamp no other message has."""
        self._last_ts = max(self._last_ts + 1, int(self._clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add(self, message: Message) -> Message:
        """Keep a message and tell the feed."""
        message.blocks = with_block_ids(message.blocks)
        self._kept[message.channel, message.ts] = message
        self._tell("message", message)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        """Find a message, an ephemeral one too."""
        return self._kept.get((channel, ts))

    def lasting(self, channel: str, ts: str) -> Message | None:
        """Find a message Slack keeps."""
        found = self._kept.get((channel, ts))
        return None if found is None or found.ephemeral else found

    def edit(self, message: Message, text: str | None, blocks: list[Json] | None, *, mark: bool) -> None:
        """Replace text and blocks (None keeps them), with the edited mark if asked."""
        message.earlier_blocks.append(message.blocks)
        message.text = message.text if text is None else text
        message.blocks = message.blocks if blocks is None else with_block_ids(blocks)
        message.edited = self.new_ts() if mark else message.edited
        self._tell("message_changed", message)

    def changed(self, message: Message) -> None:
        """Tell the feed about a change made to reactions or files."""
        self._tell("message_changed", message)

    def delete(self, message: Message) -> None:
        """Forget a message."""
        self._kept.pop((message.channel, message.ts), None)
        self._tell("message_deleted", message)

    def in_channel(self, channel: str) -> list[Message]:
        """List what Slack keeps of a channel, oldest first, replies only when broadcast."""
        return [m for m in self._ordered(channel) if not m.ephemeral and (m.thread_ts in (None, m.ts) or m.broadcast)]

    def in_thread(self, channel: str, parent: str) -> list[Message]:
        """List a parent and its replies, oldest first."""
        return [m for m in self._ordered(channel) if not m.ephemeral and parent in (m.ts, m.thread_ts)]

    def seen_by(self, viewer: str | None, channel: str, thread_ts: str | None) -> list[Message]:
        """List what a user sees in a channel or thread, ephemeral notes included; None sees those of all."""
        return [
            m
            for m in self._ordered(channel)
            if (not m.ephemeral or viewer in (None, m.only_for))
            and (thread_ts in (m.ts, m.thread_ts) if thread_ts else (m.thread_ts in (None, m.ts) or m.broadcast))
        ]

    def describe(self, message: Message, *, metadata: bool = False) -> Json:
        """Render a message as Slack's API does."""
        bot = self._workspace.bot
        rendered: Json = {
            "type": "message",
            "user": message.user,
            "team": self._workspace.team_id,
            "ts": message.ts,
            "text": message.text,
        }
        if message.user == bot.user_id:
            rendered |= {
                "bot_id": bot.bot_id,
                "app_id": bot.app_id,
                "bot_profile": {
                    "id": bot.bot_id,
                    "app_id": bot.app_id,
                    "name": bot.name,
                    "deleted": False,
                    "updated": 1_767_225_600,
                    "team_id": self._workspace.team_id,
                },
            }
        if message.blocks:
            rendered["blocks"] = message.blocks
        if message.attachments:
            rendered["attachments"] = message.attachments
        if message.edited:
            rendered["edited"] = {"user": message.user, "ts": message.edited}
        if message.files:
            rendered["files"] = message.files
        if message.reactions:
            rendered["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
            ]
        if metadata and message.metadata:
            rendered["metadata"] = message.metadata
        return rendered | self._thread_fields(message)

    def for_page(self, message: Message) -> Json:
        """Render a message for the page and for scripted tests, with what only a client knows."""
        return self.describe(message, metadata=True) | {
            "channel": message.channel,
            "ephemeral_for": message.only_for,
            "failure": message.failure,
            "broadcast": message.broadcast,
        }

    def _thread_fields(self, message: Message) -> Json:
        if message.thread_ts and message.thread_ts != message.ts:
            parent = self.find(message.channel, message.thread_ts)
            fields: Json = {"thread_ts": message.thread_ts}
            if parent:
                fields["parent_user_id"] = parent.user
            return fields | ({"subtype": "thread_broadcast"} if message.broadcast else {})
        replies = [m for m in self.in_thread(message.channel, message.ts) if m is not message]
        if not replies:
            return {}
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": sorted({reply.user for reply in replies}),
            "reply_users_count": len({reply.user for reply in replies}),
            "latest_reply": replies[-1].ts,
        }

    def _ordered(self, channel: str) -> list[Message]:
        return sorted((m for m in self._kept.values() if m.channel == channel), key=lambda m: m.ts)

    def _tell(self, kind: str, message: Message) -> None:
        self._feed.publish(kind, message.only_for, message=self.for_page(message))
        parent = self.lasting(message.channel, message.thread_ts) if message.thread_ts else None
        if parent and parent is not message and kind != "message_changed":
            self._feed.publish("message_changed", None, message=self.for_page(parent))
