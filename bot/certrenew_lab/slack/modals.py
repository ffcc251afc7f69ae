"""Modal stacks and home tabs: at most three views deep, guarded by hashes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from certrenew_lab.slack.blocks.walking import with_block_ids
from certrenew_lab.slack.feed import Feed
from certrenew_lab.slack.problems import Json, Refused
from certrenew_lab.slack.timing import Clock
from certrenew_lab.slack.workspace import Workspace

DEEPEST = 3


@dataclass
class View:
    """An open modal or a published home tab; `entered` is what the user has typed so far."""

    id: str
    user: str
    content: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    entered: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class Modals:
    """Every view, the stack of each user, and each user's home tab."""

    def __init__(self, workspace: Workspace, clock: Clock, feed: Feed) -> None:
        self._workspace = workspace
        self._clock = clock
        self._feed = feed
        self._views: dict[str, View] = {}
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        """List the open modals of a user, the visible one last."""
        return self._stacks.get(user, [])

    def home(self, user: str) -> View | None:
        """Return what the app published for a user."""
        return self._homes.get(user)

    def find(self, view_id: str | None, external_id: str | None = None) -> View:
        """Find a live view by id or external id; raises Refused."""
        for view in self._views.values():
            if view.id == view_id or (external_id and view.content.get("external_id") == external_id):
                return view
        raise Refused("not_found")

    def open(self, user: str, content: Json) -> View:
        """Open a modal as the bottom of a new stack."""
        self._check_external_id(content, None)
        self.clear(user)
        return self._add(user, content, None)

    def push(self, user: str, content: Json, on_top_of: str | None) -> View:
        """Put a modal on top of the one named; raises Refused."""
        stack = self.stack(user)
        if not stack or on_top_of not in [view.id for view in stack]:
            raise Refused("not_found")
        if len(stack) >= DEEPEST:
            raise Refused("push_limit_reached")
        self._check_external_id(content, None)
        return self._add(user, content, stack[-1])

    def update(self, view: View, content: Json, expected_hash: str | None = None) -> View:
        """Replace a view's content; what was entered stays where block and action ids stay."""
        if expected_hash is not None and expected_hash != view.hash:
            raise Refused("hash_conflict")
        self._check_external_id(content, view)
        view.content = content | {"blocks": with_block_ids(content["blocks"])}
        view.hash = self._new_hash()
        view.errors = {}
        kept = {(block["block_id"], self._action(block)) for block in view.content["blocks"]}
        view.entered = {
            block_id: {action_id: value for action_id, value in actions.items() if (block_id, action_id) in kept}
            for block_id, actions in view.entered.items()
        }
        self._tell("view_updated", view)
        return view

    def publish(self, user: str, content: Json, expected_hash: str | None) -> View:
        """Replace a user's home tab."""
        home = self._homes.get(user)
        if home is not None:
            return self.update(home, content, expected_hash)
        if expected_hash is not None:
            raise Refused("hash_conflict")
        home = self._new(user, content, None)
        self._homes[user] = home
        self._tell("view_updated", home)
        return home

    def close(self, view: View) -> None:
        """Take one view off its stack."""
        stack = self.stack(view.user)
        if view in stack:
            stack.remove(view)
            self._views.pop(view.id, None)
            self._tell("view_closed", view)

    def clear(self, user: str) -> list[View]:
        """Close a whole stack; returns the views that were open."""
        closed = list(self.stack(user))
        for view in reversed(closed):
            self.close(view)
        return closed

    def show_errors(self, view: View, errors: dict[str, str]) -> None:
        """Show messages under the blocks named and keep the view open."""
        view.errors = errors
        self._tell("view_errors", view)

    def describe(self, view: View) -> Json:
        """Render a view as Slack's API does."""
        content = view.content
        rendered: Json = {
            "id": view.id,
            "team_id": self._workspace.team_id,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "state": {"values": view.entered},
            "hash": view.hash,
            "title": content.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": bool(content.get("clear_on_close")),
            "notify_on_close": bool(content.get("notify_on_close")),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": self._workspace.bot.app_id,
            "external_id": content.get("external_id", ""),
            "app_installed_team_id": self._workspace.team_id,
            "bot_id": self._workspace.bot.bot_id,
        }
        return rendered

    def for_page(self, view: View) -> Json:
        """Render a view for the page and for scripted tests."""
        return self.describe(view) | {"user": view.user, "errors": view.errors}

    def _add(self, user: str, content: Json, below: View | None) -> View:
        view = self._new(user, content, below)
        self._stacks.setdefault(user, []).append(view)
        self._tell("view_pushed" if below else "view_opened", view)
        return view

    def _new(self, user: str, content: Json, below: View | None) -> View:
        number = "V" + secrets.token_hex(5).upper()
        content = content | {"blocks": with_block_ids(content["blocks"])}
        root = below.root_id if below else number
        view = View(number, user, content, self._new_hash(), root, below.id if below else None)
        self._views[number] = view
        return view

    def _check_external_id(self, content: Json, own: View | None) -> None:
        wanted = content.get("external_id")
        if wanted and any(v.content.get("external_id") == wanted for v in self._views.values() if v is not own):
            raise Refused("duplicate_external_id")

    def _new_hash(self) -> str:
        return f"{int(self._clock())}.{secrets.token_hex(4)}"

    def _action(self, block: Json) -> str | None:
        element = block.get("element") or block.get("accessory") or {}
        action_id: str | None = element.get("action_id")
        return action_id

    def _tell(self, kind: str, view: View) -> None:
        self._feed.publish(kind, view.user, view=self.for_page(view))
