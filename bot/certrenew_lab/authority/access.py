"""Who may ask the lab's authority: one fixed token, and tokens lent by an AppRole login."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

LEASE = 600  # seconds


@dataclass
class Access:
    token: str = field(default_factory=lambda: f"lab.{secrets.token_urlsafe(18)}", repr=False)
    role_id: str = "certrenew-lab"
    secret_id: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    _lent: dict[str, float] = field(default_factory=dict, repr=False)

    def login(self, role_id: object, secret_id: object) -> str | None:
        """A token for the length of a lease, or None."""
        if (role_id, secret_id) != (self.role_id, self.secret_id):
            return None
        lent = f"lab.{secrets.token_urlsafe(18)}"
        self._lent[lent] = time.monotonic() + LEASE
        return lent

    def allows(self, token: str) -> bool:
        return token == self.token or self._lent.get(token, 0.0) > time.monotonic()

    def remaining(self, token: str) -> int:
        """Seconds that the token is still good for; 0 for the fixed one, which never ends."""
        return max(0, int(self._lent[token] - time.monotonic())) if token in self._lent else 0

    def revoke_lent(self) -> None:
        self._lent.clear()
