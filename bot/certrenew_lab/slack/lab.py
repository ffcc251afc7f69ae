"""The state of one running workspace, and the acts on it that several parts share."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from certrenew_lab.slack.conversations import Conversation, Conversations
from certrenew_lab.slack.deliveries import Deliveries
from certrenew_lab.slack.faults import Faults
from certrenew_lab.slack.feed import Feed
from certrenew_lab.slack.files import Files
from certrenew_lab.slack.journal import Journal
from certrenew_lab.slack.limits import RateLimits
from certrenew_lab.slack.messages import SLACKBOT, Message, Messages
from certrenew_lab.slack.modals import Modals
from certrenew_lab.slack.payloads import Payloads
from certrenew_lab.slack.people import People
from certrenew_lab.slack.problems import Json
from certrenew_lab.slack.response_urls import ResponseUrls
from certrenew_lab.slack.sockets import Sockets
from certrenew_lab.slack.timing import Clock, Timing
from certrenew_lab.slack.triggers import Triggers
from certrenew_lab.slack.workspace import Workspace


@dataclass(frozen=True)
class Tokens:
    """The secrets of the app in this workspace."""

    bot: str
    app: str
    signing_secret: str


def tokens_of(workspace: Workspace) -> Tokens:
    """Take the tokens the scenario fixes and make up the others."""
    return Tokens(
        workspace.bot_token or f"xoxb-{secrets.randbelow(10**12)}-{secrets.token_urlsafe(18)}",
        workspace.app_token or f"xapp-1-{workspace.bot.app_id}-{secrets.token_hex(24)}",
        workspace.signing_secret or secrets.token_hex(16),
    )


class Lab:
    """One workspace while it runs; it knows its own address once the server listens."""

    def __init__(self, workspace: Workspace, timing: Timing, clock: Clock = time.time) -> None:
        self.workspace = workspace
        self.timing = timing
        self.clock = clock
        self.tokens = tokens_of(workspace)
        self.address = ""
        self.feed = Feed(clock)
        self.faults = Faults()
        self.journal = Journal()
        self.limits = RateLimits(clock, timing.posts_per_second, timing.post_burst)
        self.people = People(workspace)
        self.conversations = Conversations(workspace)
        self.messages = Messages(workspace, clock, self.feed)
        self.modals = Modals(workspace, clock, self.feed)
        self.files = Files(workspace)
        self.triggers = Triggers(clock, timing.trigger, self.faults)
        self.response_urls = ResponseUrls(clock, timing)
        self.sockets = Sockets(workspace.bot.app_id, self.faults, self.feed, timing.handover)
        self.deliveries = Deliveries(self.sockets, self.faults, self.journal, self.feed, clock, timing)
        self.payloads = Payloads(workspace, self.triggers)

    def post(self, message: Message) -> Message:
        """Keep a message and send the events that tell of it."""
        self.messages.add(message)
        conversation = self.conversations.all[message.channel]
        described = self.messages.describe(message)
        if not message.ephemeral:
            self.announce_in(conversation, self.payloads.message_event(conversation, described), message.user)
            bot = self.workspace.bot.user_id
            if f"<@{bot}>" in message.text and message.user != bot and not conversation.direct:
                self.announce_in(conversation, self.payloads.mention_event(conversation, described), message.user)
        return message

    def edit(self, message: Message, text: str | None, blocks: list[Json] | None, *, mark: bool) -> None:
        """Change a message and send the event that tells of it."""
        before = self.messages.describe(message)
        self.messages.edit(message, text, blocks, mark=mark)
        if not message.ephemeral:
            conversation = self.conversations.all[message.channel]
            event = self.payloads.changed_event(
                conversation, self.messages.describe(message), before, self.messages.new_ts()
            )
            self.announce_in(conversation, event, message.user)

    def announce_in(self, conversation: Conversation, event: Json, user: str) -> None:
        """Send an event where the bot is a member and the manifest subscribes to it."""
        kind = event["type"]
        name = f"message.{ {'public': 'channels', 'private': 'groups', 'im': 'im'}[conversation.kind] }"
        subscribed = kind in self.workspace.events or (kind == "message" and name in self.workspace.events)
        if subscribed and self.workspace.bot.user_id in conversation.members:
            self.deliveries.announce(self.payloads.event(event), f"event {kind}", user)

    def tell(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Show a note of Slack itself to one user, such as a failure."""
        note = Message(
            channel, self.messages.new_ts(), SLACKBOT, text, only_for=user, failure=True, thread_ts=thread_ts
        )
        return self.messages.add(note)

    def response_url(self, kind: str, user: str, channel: str, source: Message | None) -> str:
        """Give out a response_url that answers in a channel, and may replace `source`."""
        return f"{self.address}/{self.response_urls.give(kind, user, channel, source)}"
