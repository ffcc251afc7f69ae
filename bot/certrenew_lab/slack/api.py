"""The Web API over HTTP: arguments in any form, tokens, scopes, limits and faults before the method runs."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import parse_qsl

from aiohttp import web

from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.methods import chat, conversations, directory, extras, views
from certrenew_lab.slack.methods.call import Call, Method
from certrenew_lab.slack.problems import Json, Refused, invalid_arguments, missing_scope

METHODS: dict[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **directory.METHODS,
    **extras.METHODS,
    **views.METHODS,
}


class Api:
    """Serves /api/<method>."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one call and record it."""
        lab = self._lab
        name = request.match_info["method"]
        started, at = time.monotonic(), lab.clock()
        arguments: Json = {}
        try:
            arguments = await _arguments(request)
            response, outcome = await self._answer(request, name, arguments)
        except Refused as refusal:
            response, outcome = self._json(name, refusal.answer()), refusal.code
        lab.journal.call(at=at, method=name, outcome=outcome, seconds=time.monotonic() - started, arguments=arguments)
        if outcome == "ok" and lab.faults.strike("lose_answer", name) and request.transport:
            request.transport.abort()
        return response

    async def _answer(self, request: web.Request, name: str, arguments: Json) -> tuple[web.Response, str]:
        lab = self._lab
        slow = lab.faults.strike("slow_api", name)
        if slow:
            await asyncio.sleep(slow.amount)
        if lab.clock() < lab.faults.outage_until:
            return web.Response(status=503, text="service_unavailable"), "service_unavailable"
        broken = lab.faults.strike("server_error", name)
        if broken:
            status = int(broken.amount) or 500
            return web.json_response({"ok": False, "error": "fatal_error"}, status=status), "fatal_error"
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        self._authorize(request, method, arguments)
        limited = lab.faults.strike("rate_limit", name)
        wait = int(limited.amount or 1) if limited else lab.limits.call(name, method.tier)
        if wait:
            return self._too_fast(wait), "ratelimited"
        try:
            answer = method.run(Call(lab, name, request.method, arguments))
        except chat.TooFast as excess:
            return self._too_fast(excess.seconds), "ratelimited"
        return self._json(name, {"ok": True, **answer}), "ok"

    def _authorize(self, request: web.Request, method: Method, arguments: Json) -> None:
        """Refuse a call without the right kind of token or scope."""
        lab = self._lab
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = "" if method.token == "app" else str(arguments.get("token") or "")
        if not token:
            raise Refused("not_authed")
        known = {lab.tokens.bot: "bot", lab.tokens.app: "app"}
        kind = known.get(token)
        if kind is None:
            raise Refused("invalid_auth")
        if kind in lab.faults.revoked:
            raise Refused("token_revoked")
        if kind != method.token:
            raise Refused("not_allowed_token_type")
        if method.scopes and not set(method.scopes) & set(lab.workspace.scopes):
            raise missing_scope(method.scopes, lab.workspace.scopes)

    def _json(self, name: str, answer: Json) -> web.Response:
        method = METHODS.get(name)
        app = method is not None and method.token == "app"
        headers = {
            "x-oauth-scopes": "connections:write" if app else ",".join(self._lab.workspace.scopes),
            "x-accepted-oauth-scopes": "connections:write" if app else ",".join(method.scopes if method else ()),
        }
        return web.json_response(answer, headers=headers)

    def _too_fast(self, seconds: int) -> web.Response:
        headers = {"Retry-After": str(seconds)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


async def _arguments(request: web.Request) -> Json:
    """Merge query, form and JSON arguments; raises Refused for a body that is none of them."""
    merged: Json = dict(request.query)
    kind = request.content_type
    if kind == "multipart/form-data":
        return merged | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    body = await request.read()
    if not body.strip():
        return merged
    if kind == "application/json":
        try:
            sent = json.loads(body)
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(sent, dict):
            raise Refused("json_not_object")
        return merged | sent
    if kind == "application/x-www-form-urlencoded":
        try:
            return merged | dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise Refused("invalid_charset") from None
    if request.method == "POST":
        raise Refused("invalid_post_type")
    raise invalid_arguments("a body needs a POST request")
