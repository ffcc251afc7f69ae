"""The fault switches as the control API offers them, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from certrenew_lab.slack.faults import Counted, Faults
from certrenew_lab.slack.lab import Lab
from certrenew_lab.slack.problems import Json, NotPossible, Refused
from certrenew_lab.slack.sockets import REASONS


class Sabotage:
    """Switches faults of one workspace."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._switches: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "disconnect": self._disconnect,
            "cut_sockets": self._cut_sockets,
            "swallow_pongs": self._swallow_pongs,
            "outage": self._outage,
            "bot_removed": self._bot_removed,
            "bot_added": self._bot_added,
            "token_revoked": self._token_revoked,
            "expire_triggers": self._expire_triggers,
            "rate_limits": self._rate_limits,
            "clear": self._clear,
        }
        self._counted: dict[str, tuple[str, str, float]] = {
            "drop_envelopes": ("kind", "", 0),
            "duplicate_envelopes": ("kind", "", 0),
            "delay_envelopes": ("kind", "seconds", 1),
            "rate_limit": ("method", "retry_after", 1),
            "server_error": ("method", "status", 500),
            "lose_answer": ("method", "", 0),
            "slow_api": ("method", "seconds", 1),
        }

    async def switch(self, body: Json) -> Json:
        """Switch the fault named in `fault`; raises NotPossible for an unknown name or a bad value."""
        name = str(body.get("fault"))
        try:
            if name in self._counted:
                match, amount, default = self._counted[name]
                fault = Counted(str(body.get(match, "")), int(body.get("count", 1)), float(body.get(amount, default)))
                getattr(self._lab.faults, name).append(fault)
                result: Json = {}
            elif name in self._switches:
                result = await self._switches[name](body)
            else:
                known = ", ".join(sorted([*self._counted, *self._switches]))
                raise NotPossible("unknown_fault", f"There is no fault {name!r}; known are {known}.")
        except (TypeError, ValueError) as reason:
            raise NotPossible("invalid_arguments", str(reason)) from None
        self._lab.feed.publish("fault", None, fault=name)
        return {"ok": True, **result}

    async def _disconnect(self, body: Json) -> Json:
        reason = str(body.get("reason", "refresh_requested"))
        if reason not in REASONS:
            raise ValueError(f"The reason must be one of {', '.join(REASONS)}.")
        newest = bool(body.get("only_newest", False))
        told = await self._lab.sockets.disconnect(reason, close=bool(body.get("close", True)), only_newest=newest)
        return {"told": told}

    async def _cut_sockets(self, _body: Json) -> Json:
        self._lab.sockets.cut()
        return {}

    async def _swallow_pongs(self, body: Json) -> Json:
        self._lab.faults.swallow_pongs = bool(body.get("on", True))
        return {}

    async def _outage(self, body: Json) -> Json:
        self._lab.faults.outage_until = self._lab.clock() + float(body.get("seconds", 10))
        self._lab.sockets.cut()
        return {}

    async def _bot_removed(self, body: Json) -> Json:
        return self._membership(body, bot_in=False)

    async def _bot_added(self, body: Json) -> Json:
        return self._membership(body, bot_in=True)

    def _membership(self, body: Json, *, bot_in: bool) -> Json:
        try:
            place = self._lab.conversations.named(str(body.get("channel")))
        except Refused:
            raise ValueError("There is no such channel.") from None
        change = place.members.add if bot_in else place.members.discard
        change(self._lab.workspace.bot.user_id)
        self._lab.feed.publish("channel_changed", None, channel=place.id)
        return {"channel": place.id}

    async def _token_revoked(self, body: Json) -> Json:
        kind = str(body.get("token", "bot"))
        if kind not in ("bot", "app"):
            raise ValueError('The token must be "bot" or "app".')
        if not body.get("on", True):
            self._lab.faults.revoked.discard(kind)
            return {}
        self._lab.faults.revoked.add(kind)
        if kind == "app":
            await self._lab.sockets.disconnect("link_disabled", close=True)
        return {}

    async def _expire_triggers(self, body: Json) -> Json:
        self._lab.faults.expire_triggers = int(body.get("count", 1))
        return {}

    async def _rate_limits(self, body: Json) -> Json:
        self._lab.limits.enabled = bool(body.get("on", True))
        return {}

    async def _clear(self, _body: Json) -> Json:
        for name, value in vars(Faults()).items():
            setattr(self._lab.faults, name, value)
        return {}
