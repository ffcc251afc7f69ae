"""The control API: act as any user, look at what happened, switch faults, follow the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from certrenew_lab.slack.acting import Acting
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.problems import Json, NotPossible, Refused
from certrenew_lab.slack.sabotage import Sabotage

KEEP_ALIVE = 15.0


class Control:
    """Serves /lab/…; every act answers with JSON, an impossible one with status 409."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._acting = Acting(lab)
        self._sabotage = Sabotage(lab)

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        acts: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "command": lambda b: self._acting.command(_text(b, "user"), _text(b, "channel"), _text(b, "text")),
            "click": self._acting.click,
            "clicks": self._clicks,
            "submit_view": lambda b: self._acting.submit_view(
                _text(b, "user"), _text(b, "view_id"), b.get("values") or {}
            ),
            "close_view": lambda b: self._acting.close_view(_text(b, "user"), _text(b, "view_id")),
            "message": lambda b: self._acting.message(
                _text(b, "user"), _text(b, "channel"), _text(b, "text"), b.get("thread_ts")
            ),
            "open_home": self._open_home,
            "suggest": self._acting.suggest,
            "fault": self._sabotage.switch,
        }
        looks: dict[str, Callable[[web.Request], web.Response]] = {
            "state": self._state,
            "messages": self._messages,
            "views": self._views,
            "calls": lambda _request: _json(list(self._lab.journal.calls)),
            "envelopes": lambda _request: _json([each.describe() for each in self._lab.journal.envelopes]),
            "faults": lambda _request: _json(self._lab.faults.describe()),
        }
        return [
            *(web.post(f"/lab/{name}", self._act(act)) for name, act in acts.items()),
            *(web.get(f"/lab/{name}", self._look(look)) for name, look in looks.items()),
            web.get("/lab/stream", self._stream),
        ]

    def _act(self, act: Callable[[Json], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            if request.content_type != "application/json":
                return _json({"ok": False, "error": "invalid_post_type"}, 415)
            try:
                body = await request.json()
                if not isinstance(body, dict):
                    raise NotPossible("invalid_arguments", "Send a JSON object.")
                return _json(await act(body))
            except ValueError:
                return _json({"ok": False, "error": "invalid_json"}, 400)
            except NotPossible as reason:
                refused = {"ok": False, "error": reason.error, "sentence": reason.sentence, **reason.details}
                return _json(refused, 409)

        return serve

    def _look(self, look: Callable[[web.Request], web.Response]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            try:
                return look(request)
            except NotPossible as reason:
                return _json({"ok": False, "error": reason.error, "sentence": reason.sentence}, 409)
            except Refused as refusal:
                return _json(refusal.answer(), 404)

        return serve

    async def _clicks(self, body: Json) -> Json:
        clicks = body.get("clicks")
        if not isinstance(clicks, list):
            raise NotPossible("invalid_arguments", "Send a list of clicks.")
        return {"ok": True, "results": await self._acting.click_together(clicks)}

    async def _open_home(self, body: Json) -> Json:
        return self._acting.open_home(_text(body, "user"))

    def _state(self, request: web.Request) -> web.Response:
        """Answer with all the page needs to draw its frame for one user."""
        lab, workspace = self._lab, self._lab.workspace
        viewer = lab.people.acting(request.query.get("as") or workspace.users[0].id)
        direct = lab.conversations.direct_with(viewer.id)
        places = [each for each in lab.conversations.open_to(viewer.id) if not each.direct]
        home = lab.modals.home(viewer.id)
        return _json(
            {
                "team": workspace.team_name,
                "you": viewer.id,
                "bot": {"id": workspace.bot.user_id, "name": workspace.bot.name},
                "users": [{k: v for k, v in vars(user).items() if k != "email"} for user in workspace.users],
                "groups": [{"id": g.id, "handle": g.handle, "name": g.name} for g in workspace.groups],
                "channels": [
                    {
                        "id": each.id,
                        "name": each.name,
                        "private": each.kind == "private",
                        "bot_in": workspace.bot.user_id in each.members,
                        "members": len(each.members),
                    }
                    for each in places
                ],
                "all_channels": [{"id": c.id, "name": c.name} for c in workspace.channels],
                "direct": direct.id,
                "commands": [vars(each) for each in workspace.commands],
                "connections": len(lab.sockets.connections),
                "views": [lab.modals.for_page(view) for view in lab.modals.stack(viewer.id)],
                "home": lab.modals.for_page(home) if home else None,
                "last": lab.feed.last,
            }
        )

    def _messages(self, request: web.Request) -> web.Response:
        lab = self._lab
        viewer = request.query.get("as")
        viewer_id = lab.people.acting(viewer).id if viewer else None
        place = lab.conversations.all.get(request.query.get("channel", ""))
        place = place or lab.conversations.named(request.query.get("channel", ""))
        if viewer_id and viewer_id not in place.members:
            raise NotPossible("not_in_channel", "This user is not in that channel.")
        shown = lab.messages.seen_by(viewer_id, place.id, request.query.get("thread_ts"))
        return _json([lab.messages.for_page(message) for message in shown])

    def _views(self, request: web.Request) -> web.Response:
        lab = self._lab
        user = lab.people.acting(request.query.get("user", ""))
        home = lab.modals.home(user.id)
        stack = [lab.modals.for_page(view) for view in lab.modals.stack(user.id)]
        return _json({"stack": stack, "home": lab.modals.for_page(home) if home else None})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send changes as server-sent events, from `after` (or Last-Event-ID) on, as user `as` sees them."""
        lab = self._lab
        viewer = request.query.get("as")
        try:
            viewer_id = lab.people.acting(viewer).id if viewer else None
        except NotPossible as reason:
            return _json({"ok": False, "error": reason.error}, 409)
        after = request.headers.get("Last-Event-ID") or request.query.get("after") or str(lab.feed.last)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        await response.write(b": following\n\n")
        start = int(after) if after.isdigit() else 0
        if start > lab.feed.last:
            await response.write(b'data: {"kind": "restarted"}\n\n')
        changes = lab.feed.read(min(start, lab.feed.last), viewer_id)
        coming = asyncio.ensure_future(anext(changes, None))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=KEEP_ALIVE)
                if not done:
                    await response.write(b": still here\n\n")
                    continue
                change = coming.result()
                if change is None:
                    break
                await response.write(f"id: {change['id']}\ndata: {json.dumps(change)}\n\n".encode())
                coming = asyncio.ensure_future(anext(changes, None))
        except (ConnectionResetError, asyncio.CancelledError):
            pass
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            await changes.aclose()
        return response


def _json(answer: object, status: int = 200) -> web.Response:
    return web.json_response(answer, status=status)


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise NotPossible("invalid_arguments", f"Send {name} as text.")
    return value
