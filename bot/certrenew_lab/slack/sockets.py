"""The Socket Mode side: tickets, up to ten connections, hello, pongs and disconnects."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from certrenew_lab.slack.faults import Faults
from certrenew_lab.slack.feed import Feed
from certrenew_lab.slack.problems import Json

MOST_CONNECTIONS = 10
REASONS = ("warning", "refresh_requested", "link_disabled", "too_many_websockets")


@dataclass(eq=False)
class Connection:
    """One open socket; a retiring one gets no payload any more."""

    id: str
    socket: web.WebSocketResponse
    request: web.Request
    retiring: bool = False


class Sockets:
    """The connections of the app; `on_ack` hears every acknowledgement, whichever socket it came over."""

    def __init__(self, app_id: str, faults: Faults, feed: Feed, handover: float) -> None:
        self._app_id = app_id
        self._faults = faults
        self._feed = feed
        self._handover = handover
        self._tickets: set[str] = set()
        self._changed = asyncio.Event()
        self._handover_ends = 0.0
        self._closing: set[asyncio.Task[object]] = set()
        self.connections: list[Connection] = []
        self.on_ack: Callable[[str, Json, str], None] = lambda _envelope_id, _payload, _connection: None

    def ticket(self) -> str:
        """Issue a ticket that opens one connection."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(secrets.token_hex(4), socket, request)
        if len(self.connections) >= MOST_CONNECTIONS:
            await socket.send_json(self._disconnect_frame("too_many_websockets"))
            await socket.close()
            return socket
        self._join(connection)
        try:
            await socket.send_json(self._hello())
            await self._listen(connection)
        except ConnectionResetError:
            pass
        finally:
            self._leave(connection)
        return socket

    async def pick(self) -> Connection | None:
        """Choose a connection at random; waits through a routine refresh, returns None when nobody is connected."""
        loop = asyncio.get_running_loop()
        while True:
            live = [c for c in self.connections if not c.retiring and not c.socket.closed]
            if live:
                return random.choice(live)
            left = self._handover_ends - loop.time()
            if left <= 0:
                return next((c for c in self.connections if not c.socket.closed), None)
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                continue

    async def disconnect(self, reason: str, *, close: bool, only_newest: bool = False) -> int:
        """Tell the app to reconnect; returns how many sockets were told. `close` shuts the old ones at once."""
        told = [c for c in self.connections if not c.retiring]
        told = told[-1:] if only_newest else told
        if reason in ("warning", "refresh_requested"):
            self._handover_ends = asyncio.get_running_loop().time() + self._handover
        for connection in told:
            connection.retiring = True
            await connection.socket.send_json(self._disconnect_frame(reason))
            if close:
                self._later(connection.socket.close())
        return len(told)

    def cut(self) -> None:
        """Break every connection without a word, as an outage does."""
        for connection in list(self.connections):
            if connection.request.transport is not None:
                connection.request.transport.abort()
            self._leave(connection)

    async def close(self) -> None:
        """Close every connection politely."""
        await asyncio.gather(*(c.socket.close() for c in list(self.connections)), return_exceptions=True)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _listen(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if frame.type is WSMsgType.PING:
                if not self._faults.swallow_pongs:
                    await connection.socket.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                try:
                    received = json.loads(frame.data)
                except ValueError:
                    continue
                if isinstance(received, dict) and isinstance(received.get("envelope_id"), str):
                    payload = received.get("payload")
                    answer = payload if isinstance(payload, dict) else {}
                    self.on_ack(received["envelope_id"], answer, connection.id)

    def _join(self, connection: Connection) -> None:
        self.connections.append(connection)
        self._tell()

    def _leave(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._feed.publish("connections", None, count=len(self.connections))

    def _later(self, work: Coroutine[Any, Any, object]) -> None:
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "applink-lab", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._app_id},
        }

    def _disconnect_frame(self, reason: str) -> Json:
        return {
            "type": "disconnect",
            "reason": reason,
            "num_connections": len(self.connections),
            "debug_info": {"host": "applink-lab"},
            "connection_info": {"app_id": self._app_id},
        }
