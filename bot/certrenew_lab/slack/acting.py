"""What a person does in the client: commands, messages, clicks, modals, the home tab."""

from __future__ import annotations

import asyncio
from typing import Any

from certrenew_lab.slack import forms
from certrenew_lab.slack.answers import apply_command_answer, apply_submission_answer
from certrenew_lab.slack.clicks import Click, find_target
from certrenew_lab.slack.conversations import Conversation
from certrenew_lab.slack.deliveries import DeliveryFailed
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.messages import Message
from certrenew_lab.slack.modals import View
from certrenew_lab.slack.problems import Json, NotPossible, Refused
from certrenew_lab.slack.workspace import User
from certrenew_lab.slack.written_text import as_slack_stores


class Acting:
    """Lets somebody act as any user; every act answers with what that user sees."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def command(self, user_name: str, channel: str, text: str) -> Json:
        """Run a slash command and wait for its ack."""
        lab = self._lab
        user, place = self._at(user_name, channel)
        command, _, rest = text.strip().partition(" ")
        if command not in {known.command for known in lab.workspace.commands}:
            note = lab.tell(user.id, place.id, f"`{command}` is not a valid command.")
            return {"ok": False, "error": "invalid_command", "shown": [lab.messages.for_page(note)]}
        url = lab.response_url("commands", user.id, place.id, None)
        payload = lab.payloads.slash_command(user, place, command, rest.strip(), url)
        try:
            answer = await lab.deliveries.deliver(
                "slash_commands", payload, accepts_answer=True, summary=text, user=user.id
            )
        except DeliveryFailed as failure:
            note = lab.tell(user.id, place.id, f"{command} failed with the error “{failure.error}”.")
            lab.feed.publish("failure", user.id, user=user.id, error=failure.error, channel=place.id, command=text)
            return {"ok": False, "error": failure.error, "shown": [lab.messages.for_page(note)]}
        return apply_command_answer(lab, user, place, command, answer)

    async def click(self, wanted: Json) -> Json:
        """Use an element of a message, ephemeral note, modal or home tab, and wait for the ack."""
        return await self._send_click(*self._prepare_click(wanted))

    async def click_together(self, wanted: list[Json]) -> list[Json]:
        """Let several people click at the same moment: each still saw the blocks of before."""
        prepared = [self._prepare_click(each) for each in wanted]
        return await asyncio.gather(*(self._send_click(*each) for each in prepared))

    async def message(self, user_name: str, channel: str, text: str, thread_ts: str | None) -> Json:
        """Post a message as a person; @names become mentions."""
        lab = self._lab
        user, place = self._at(user_name, channel)
        if thread_ts and lab.messages.lasting(place.id, thread_ts) is None:
            raise NotPossible("thread_not_found", "There is no such message to reply to.")
        posted = Message(
            place.id, lab.messages.new_ts(), user.id, as_slack_stores(text, lab.workspace), thread_ts=thread_ts or None
        )
        lab.post(posted)
        return {"ok": True, "ts": posted.ts, "message": lab.messages.for_page(posted)}

    def open_home(self, user_name: str) -> Json:
        """Open the home tab; the app hears of it and may publish."""
        lab = self._lab
        user = lab.people.acting(user_name)
        home = lab.modals.home(user.id)
        place = lab.conversations.direct_with(user.id)
        place.opened = True
        view = lab.modals.describe(home) if home else None
        lab.announce_in(place, lab.payloads.home_opened(user, place, lab.messages.new_ts(), view), user.id)
        return {"ok": True, "view": lab.modals.for_page(home) if home else None}

    async def submit_view(self, user_name: str, view_id: str, values: dict[str, dict[str, Any]]) -> Json:
        """Submit the modal on top; `values` are laid over what was entered before."""
        lab = self._lab
        user, view = self._own_view(user_name, view_id)
        entered = forms.merged(view.content["blocks"], view.entered, values)
        view.entered = entered
        errors = forms.refusals(view.content["blocks"], entered)
        if errors:
            lab.modals.show_errors(view, errors)
            return {"ok": False, "error": "invalid_input", "errors": errors}
        payload = lab.payloads.view_submission(user, lab.modals.describe(view))
        try:
            answer = await self._interact(payload, f"submit {view.content.get('callback_id', '')}", user, True)
        except DeliveryFailed as failure:
            return self._failed(user, failure.error, view_id=view.id)
        return apply_submission_answer(lab, view, answer)

    async def close_view(self, user_name: str, view_id: str) -> Json:
        """Close a modal as its x or Close button does."""
        lab = self._lab
        user, view = self._own_view(user_name, view_id)
        described = lab.modals.describe(view)
        cleared = bool(view.content.get("clear_on_close"))
        closed = lab.modals.clear(user.id) if cleared else [view]
        lab.modals.close(view)
        if view.content.get("notify_on_close"):
            payload = lab.payloads.view_closed(user, described, is_cleared=cleared)
            try:
                await self._interact(payload, "close view", user, False)
            except DeliveryFailed as failure:
                return {"ok": False, "error": failure.error, "closed": [each.id for each in closed]}
        return {"ok": True, "closed": [each.id for each in closed]}

    async def suggest(self, wanted: Json) -> Json:
        """Type into an external select; answers with the options offered."""
        lab = self._lab
        user = lab.people.acting(str(wanted.get("user")))
        target = find_target(lab, user, wanted)
        container: Json = {"container": {"type": "message", "message_ts": wanted.get("ts")}}
        if target.view:
            view = lab.modals.describe(target.view)
            container = {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        payload = lab.payloads.suggestion(
            user, container, target.element["action_id"], target.block["block_id"], str(wanted.get("value", ""))
        )
        try:
            answer = await self._interact(payload, "suggestion", user, True)
        except DeliveryFailed as failure:
            return self._failed(user, failure.error)
        return {"ok": True, "options": answer.get("options", []), "option_groups": answer.get("option_groups", [])}

    def _prepare_click(self, wanted: Json) -> tuple[User, Click, Json]:
        lab = self._lab
        user = lab.people.acting(str(wanted.get("user")))
        click = find_target(lab, user, wanted)
        action = click.action(lab.messages.new_ts(), wanted.get("value"))
        state = wanted.get("state") or {}
        if click.view:
            click.view.entered = forms.merged(click.view.content["blocks"], click.view.entered, state)
            return user, click, lab.payloads.view_action(user, lab.modals.describe(click.view), action)
        assert click.message
        place = lab.conversations.all[click.message.channel]
        values = forms.merged(click.blocks, state)
        chosen = click.element["action_id"]
        if click.element["type"] not in forms.STATELESS:
            values.setdefault(click.block["block_id"], {})[chosen] = forms.state_of(click.element, wanted.get("value"))
        described = lab.messages.describe(click.message) | {"blocks": click.blocks}
        url = lab.response_url("actions", user.id, place.id, click.message)
        return user, click, lab.payloads.message_action(user, place, click.message, described, values, url, action)

    async def _send_click(self, user: User, click: Click, payload: Json) -> Json:
        name = click.element["action_id"]
        try:
            await self._interact(payload, f"click {name}", user, False)
        except DeliveryFailed as failure:
            place = {"channel": click.message.channel, "ts": click.message.ts} if click.message else {}
            where = {"view_id": click.view.id} if click.view else {}
            return self._failed(user, failure.error, action_id=name, **place, **where)
        return {"ok": True, "action_id": name}

    async def _interact(self, payload: Json, summary: str, user: User, accepts_answer: bool) -> Json:
        return await self._lab.deliveries.deliver(
            "interactive", payload, accepts_answer=accepts_answer, summary=summary, user=user.id
        )

    def _failed(self, user: User, error: str, **where: Any) -> Json:
        self._lab.feed.publish("failure", user.id, user=user.id, error=error, **where)
        return {"ok": False, "error": error}

    def _at(self, user_name: str, channel: str) -> tuple[User, Conversation]:
        user = self._lab.people.acting(user_name)
        try:
            place = self._lab.conversations.named(channel)
        except Refused as refusal:
            raise NotPossible(refusal.code, f"There is no channel {channel!r}.") from None
        if user.id not in place.members:
            raise NotPossible("not_in_channel", f"{user.real_name} is not in that channel.")
        return user, place

    def _own_view(self, user_name: str, view_id: str) -> tuple[User, View]:
        user = self._lab.people.acting(user_name)
        for view in self._lab.modals.stack(user.id)[-1:]:
            if view.id == view_id:
                return user, view
        raise NotPossible("view_not_found", "That modal is not on top for this user.")
