"""The payloads Slack sends to an app, field by field."""

from __future__ import annotations

import secrets
import uuid

from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.problems import Json
from certrenew_lab.slack.triggers import Triggers
from certrenew_lab.slack.workspace import User, Workspace

VERIFICATION_TOKEN = "lab-verification-token"


class Payloads:
    """Builds payloads for one workspace; every payload that needs one gets a fresh trigger id."""

    def __init__(self, workspace: Workspace, triggers: Triggers) -> None:
        self._workspace = workspace
        self._triggers = triggers

    def slash_command(self, user: User, place: Conversation, command: str, text: str, response_url: str) -> Json:
        """Build a slash command."""
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": self._workspace.team_id,
            "team_domain": self._workspace.team_domain,
            "channel_id": place.id,
            "channel_name": place.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self._workspace.bot.app_id,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": self._triggers.give(user.id),
        }

    def message_action(
        self, user: User, place: Conversation, message: Message, described: Json, state: Json, url: str, action: Json
    ) -> Json:
        """Build the use of an element in a message; an ephemeral message is not part of the payload."""
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": place.id,
            "is_ephemeral": message.ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload = self._interaction("block_actions", user) | {
            "container": container,
            "trigger_id": self._triggers.give(user.id),
            "channel": {"id": place.id, "name": place.name},
            "state": {"values": state},
            "response_url": url,
            "actions": [action],
        }
        return payload if message.ephemeral else payload | {"message": described}

    def view_action(self, user: User, view: Json, action: Json) -> Json:
        """Build the use of an element in a modal or home tab."""
        return self._interaction("block_actions", user) | {
            "container": {"type": "view", "view_id": view["id"]},
            "trigger_id": self._triggers.give(user.id, view["id"]),
            "view": view,
            "actions": [action],
        }

    def view_submission(self, user: User, view: Json) -> Json:
        """Build the submission of a modal."""
        return self._interaction("view_submission", user) | {
            "trigger_id": self._triggers.give(user.id, view["id"]),
            "view": view,
            "response_urls": [],
        }

    def view_closed(self, user: User, view: Json, *, is_cleared: bool) -> Json:
        """Build the notice that a user closed a modal."""
        return self._interaction("view_closed", user) | {"view": view, "is_cleared": is_cleared}

    def suggestion(self, user: User, container: Json, action_id: str, block_id: str, value: str) -> Json:
        """Build the request for the options of an external select."""
        return self._interaction("block_suggestion", user) | {
            "action_id": action_id,
            "block_id": block_id,
            "value": value,
            **container,
        }

    def event(self, event: Json) -> Json:
        """Wrap an event as the Events API does; redeliveries carry the same event_id."""
        team = self._workspace.team_id
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": team,
            "context_team_id": team,
            "api_app_id": self._workspace.bot.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(float(event["event_ts"])),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team,
                    "user_id": self._workspace.bot.user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": "4-" + secrets.token_urlsafe(24),
        }

    def message_event(self, place: Conversation, described: Json) -> Json:
        """Build the event of a new message."""
        kind = {"public": "channel", "private": "group", "im": "im"}[place.kind]
        blocks = described.get("blocks") or [_rich_text(described["text"])]
        return described | {
            "client_msg_id": str(uuid.uuid4()),
            "blocks": blocks,
            "channel": place.id,
            "channel_type": kind,
            "event_ts": described["ts"],
        }

    def mention_event(self, place: Conversation, described: Json) -> Json:
        """Build the event of a message that mentions the bot."""
        event = self.message_event(place, described) | {"type": "app_mention"}
        del event["channel_type"]
        return event

    def changed_event(self, place: Conversation, described: Json, before: Json, ts: str) -> Json:
        """Build the event of an edited message."""
        return {
            "type": "message",
            "subtype": "message_changed",
            "message": described,
            "previous_message": before,
            "hidden": True,
            "channel": place.id,
            "channel_type": {"public": "channel", "private": "group", "im": "im"}[place.kind],
            "ts": ts,
            "event_ts": ts,
        }

    def home_opened(self, user: User, direct: Conversation, ts: str, view: Json | None) -> Json:
        """Build the event of an opened home tab."""
        event = {"type": "app_home_opened", "user": user.id, "channel": direct.id, "tab": "home", "event_ts": ts}
        return event if view is None else event | {"view": view}

    def _interaction(self, kind: str, user: User) -> Json:
        workspace = self._workspace
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": workspace.team_id},
            "api_app_id": workspace.bot.app_id,
            "token": VERIFICATION_TOKEN,
            "team": {"id": workspace.team_id, "domain": workspace.team_domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }


def _rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "block_id": secrets.token_urlsafe(4), "elements": [section]}
