"""The server of the workspace: Web API, Socket Mode, files, control API and page on one loopback port."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from importlib import resources
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from certrenew_lab.slack.answers import answer_through_url
from certrenew_lab.slack.api import Api
from certrenew_lab.slack.control import Control
from certrenew_lab.slack.feed import Feed
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.problems import Json, Refused
from certrenew_lab.slack.timing import Clock, Timing
from certrenew_lab.slack.workspace import Workspace

LARGEST_BODY = 32 * 1024 * 1024
CONTENT_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LabSlack:
    """A Slack-compatible workspace that lives in memory; killed or reconnecting bots do not disturb it."""

    def __init__(
        self, workspace: Workspace | None = None, timing: Timing | None = None, clock: Clock = time.time
    ) -> None:
        self.lab = Lab(workspace or Workspace(), timing or Timing(), clock)
        self._runner: web.AppRunner | None = None
        self._api = Api(self.lab)
        self._control = Control(self.lab)

    @property
    def feed(self) -> Feed:
        """The stream of changes, for scripted tests in the same process."""
        return self.lab.feed

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on a loopback address (port 0 picks a free one); raises ValueError for any other address."""
        if not ip_address(host).is_loopback:
            raise ValueError("The lab workspace listens on loopback only: whoever reaches it can approve.")
        app = web.Application(middlewares=[self._guard], client_max_size=LARGEST_BODY)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._api.serve),
                web.get("/link/", self.lab.sockets.accept),
                web.post("/commands/{id}/{secret}", self._response_url),
                web.post("/actions/{id}/{secret}", self._response_url),
                web.post("/upload/v1/{secret}/{id}", self._upload),
                web.get("/files/{id}/{name}", self._file),
                *self._control.routes(),
                web.get("/", self._page),
                web.get("/archives/{channel}/{message}", self._page),
                web.get("/static/{name}", self._static),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0]
        self.lab.address = f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        await self.lab.deliveries.stop()
        self.lab.feed.close()
        await self.lab.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def description(self) -> Json:
        """Describe how to reach and use the workspace, as JSON-able values."""
        lab, workspace = self.lab, self.lab.workspace
        return {
            "base_url": f"{lab.address}/api/",
            "page_url": f"{lab.address}/",
            "control_url": f"{lab.address}/lab/",
            "bot_token": lab.tokens.bot,
            "app_token": lab.tokens.app,
            "signing_secret": lab.tokens.signing_secret,
            "team_id": workspace.team_id,
            "app_id": workspace.bot.app_id,
            "bot_user_id": workspace.bot.user_id,
            "channels": {channel.name: channel.id for channel in workspace.channels},
            "users": {user.name: user.id for user in workspace.users},
            "groups": {group.handle: group.id for group in workspace.groups},
            "direct_messages": {user.name: lab.conversations.direct_with(user.id).id for user in workspace.users},
        }

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse other hosts and origins: a page elsewhere must not act here in somebody's name."""
        own = urlsplit(self.lab.address)
        allowed = {f"{own.hostname}:{own.port}", f"localhost:{own.port}", f"[{own.hostname}]:{own.port}"}
        origin = request.headers.get("Origin")
        if request.host not in allowed or (origin is not None and urlsplit(origin).netloc not in allowed):
            return web.json_response({"ok": False, "error": "forbidden_origin"}, status=403)
        response = await handler(request)
        if not response.prepared:
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    async def _response_url(self, request: web.Request) -> web.Response:
        url = self.lab.response_urls.use(request.path.lstrip("/"))
        if url is None:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        try:
            body = json.loads(await request.text())
            if not isinstance(body, dict):
                raise Refused("invalid_payload")
            answer_through_url(self.lab, url, body)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except Refused as refusal:
            return web.json_response(refusal.answer(), status=400)
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.Response:
        file = self.lab.files.all.get(request.match_info["id"])
        if file is None or file.secret != request.match_info["secret"] or file.content is not None:
            return web.Response(status=404, text="no such upload")
        content = await request.read()
        if len(content) != file.length:
            return web.Response(status=400, text=f"expected {file.length} bytes, got {len(content)}")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def _file(self, request: web.Request) -> web.Response:
        file = self.lab.files.all.get(request.match_info["id"])
        if file is None or file.content is None or not file.shared:
            raise web.HTTPNotFound
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if "download" in request.query:
            headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        return web.Response(body=file.content, headers=headers)

    async def _page(self, _request: web.Request) -> web.Response:
        return _asset("index.html")

    async def _static(self, request: web.Request) -> web.Response:
        return _asset(request.match_info["name"])


def _asset(name: str) -> web.Response:
    suffix = name[name.rfind(".") :]
    asset = resources.files("certrenew_lab.slack") / "static" / name
    if suffix not in CONTENT_TYPES or "/" in name or not asset.is_file():
        raise web.HTTPNotFound
    headers = {"Cache-Control": "no-cache"}
    return web.Response(body=asset.read_bytes(), content_type=CONTENT_TYPES[suffix], charset="utf-8", headers=headers)
