"""The two separate account realms of a node, with lockout."""

from __future__ import annotations

from dataclasses import dataclass, field

from .clock import LabClock
from .journal import Journal


@dataclass
class Realm:
    """One realm (platform or application): a wrong password counts, and enough of them lock the account for a while."""

    name: str
    username: str
    password: str
    clock: LabClock
    journal: Journal
    attempts: int = 3
    lock_seconds: float = 300.0
    _bad: dict[str, int] = field(default_factory=dict)
    _locked_until: dict[str, float] = field(default_factory=dict)

    def locked(self, username: str) -> bool:
        """Whether this account is locked right now."""
        return self.clock.now() < self._locked_until.get(username, 0.0)

    def lock(self, node: str, username: str, seconds: float) -> None:
        """Lock an account from now on, as enough wrong passwords do."""
        self._locked_until[username] = self.clock.now() + seconds
        self.journal.record(node, "account_locked", realm=self.name, account=username)

    def check(self, node: str, username: str, password: str, via: str) -> bool:
        """Verify and journal one login; ASSUMPTION A-50: application users lock like platform accounts."""
        locked = self.locked(username)
        good = not locked and username == self.username and password == self.password
        self.journal.record(node, "login", realm=self.name, account=username, ok=good, locked=locked, via=via)
        if good:
            self._bad.pop(username, None)
        elif not locked:
            self._bad[username] = self._bad.get(username, 0) + 1
            if self._bad[username] >= self.attempts:
                self._bad.pop(username)
                self.lock(node, username, self.lock_seconds)
        return good
