"""Fake phones: they leave when something resets them and come back after a while, or never."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from certrenew.domain.model import Phone, Registration
from certrenew.domain.ports import Clock

AWAY = 40.0  # seconds until a phone that was reset is back
DEVICE_RESET, CALLMANAGER_RESET = 8, 9


@dataclass
class FakePhone:
    name: str
    device_pool: str
    node: str
    back_at: datetime
    since: datetime
    reason: int = 0
    itl: frozenset[str] = frozenset()  # serial numbers in the files that it holds
    ctl: frozenset[str] = frozenset()


@dataclass
class FakePhones:
    """`stragglers` are names that never come back once they have left; `accepts` says who still trusts the cluster."""

    clock: Clock
    accepts: Callable[[FakePhone], bool] = lambda _phone: True
    phones: list[FakePhone] = field(default_factory=list[FakePhone])
    stragglers: set[str] = field(default_factory=set[str])

    def add(self, name: str, device_pool: str, node: str) -> None:
        start = self.clock.now() - timedelta(days=3)
        phone = FakePhone(name, device_pool, node, start, start)
        self.accepts(phone)
        self.phones.append(phone)

    def configured(self) -> tuple[Phone, ...]:
        return tuple(Phone(phone.name, phone.device_pool) for phone in self.phones)

    def leave(self, phones: Sequence[FakePhone], reason: int) -> None:
        now = self.clock.now()
        for phone in phones:
            if not self.accepts(phone):
                self.stragglers.add(phone.name)
            gone = phone.name in self.stragglers
            phone.since, phone.reason = now, reason
            phone.back_at = datetime.max.replace(tzinfo=now.tzinfo) if gone else now + timedelta(seconds=AWAY)

    def reset_pool(self, name: str) -> None:
        self.leave([phone for phone in self.phones if phone.device_pool == name], DEVICE_RESET)

    def reset_phone(self, name: str) -> None:
        self.leave([phone for phone in self.phones if phone.name == name], DEVICE_RESET)

    def reset_all(self) -> None:
        self.leave(self.phones, DEVICE_RESET)

    def node_left(self, node: str) -> None:
        self.leave([phone for phone in self.phones if phone.node == node], CALLMANAGER_RESET)

    def on(self, node: str) -> int:
        return sum(phone.node == node and self.is_here(phone) for phone in self.phones)

    def is_here(self, phone: FakePhone) -> bool:
        return phone.back_at <= self.clock.now()

    def registration(self, name: str) -> Registration | None:
        for phone in self.phones:
            if phone.name == name:
                here = self.is_here(phone)
                status = "Registered" if here else "UnRegistered"
                since = max(phone.since, phone.back_at) if here else phone.since
                return Registration(name, status, phone.node, phone.reason, since)
        return None
