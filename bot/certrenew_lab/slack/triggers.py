"""Trigger ids: each opens one view, once, within three seconds."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from certrenew_lab.slack.faults import Faults
from certrenew_lab.slack.problems import Refused
from certrenew_lab.slack.timing import Clock


@dataclass
class Trigger:
    """What a trigger id stands for; `view_id` is the modal it came from, if any."""

    user: str
    expires_at: float
    view_id: str | None
    exchanged: bool = False


class Triggers:
    """The trigger ids given out."""

    def __init__(self, clock: Clock, lifetime: float, faults: Faults) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._faults = faults
        self._given: dict[str, Trigger] = {}

    def give(self, user: str, view_id: str | None = None) -> str:
        """Give out a new trigger id for an act of `user`."""
        lifetime = self._lifetime
        if self._faults.expire_triggers > 0:
            self._faults.expire_triggers -= 1
            lifetime = -1.0
        number = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._given[number] = Trigger(user, self._clock() + lifetime, view_id)
        return number

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger id up; raises Refused when it is unknown, used or too old."""
        trigger = self._given.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.exchanged:
            raise Refused("exchanged_trigger_id")
        if self._clock() > trigger.expires_at:
            raise Refused("expired_trigger_id")
        trigger.exchanged = True
        return trigger
