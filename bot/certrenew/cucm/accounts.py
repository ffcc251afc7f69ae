"""Accounts whose password is read anew at each login, yet never tried again after a refusal until it changes."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from certrenew.domain.errors import AccessDenied


class Attempt:
    """One login with one secret; say `accepted` or `refused` when the node has answered."""

    def __init__(self, account: "Account", secret: str, where: str) -> None:
        self._account = account
        self.user = account.user
        self.secret = secret
        self.where = where

    def __repr__(self) -> str:
        return f"Attempt({self._account.name} at {self.where})"

    def accepted(self) -> None:
        self._account._remember(self.secret, good=True)

    def refused(self) -> AccessDenied:
        """Remember the refusal and return the error to raise."""
        self._account._remember(self.secret, good=False)
        return AccessDenied(
            f"{self.where} refused the {self._account.name} {self.user!r}. The password was tried once and is not "
            "tried again on any node until it changes, because repeated attempts may lock the account. Correct the "
            "secret (or wait out a lock), then retry."
        )


@dataclass(slots=True, eq=False)
class Account:
    """A user name and where its password comes from. Share one object between everything that uses the account:

    it holds the memory of a refused password. `secret` is called at each login, so that a rotated file or
    variable is picked up without a restart. Only salted hashes are remembered.
    """

    user: str
    secret: Callable[[], str] = field(repr=False)
    name: str = "account"
    _salt: bytes = field(default_factory=lambda: os.urandom(16), init=False, repr=False)
    _refused: bytes | None = field(default=None, init=False, repr=False)
    _accepted: bytes | None = field(default=None, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    @contextmanager
    def attempt(self, where: str, *, alone: bool = False) -> Iterator[Attempt]:
        """Lend the secret for one login at `where`; raises AccessDenied if this very secret was refused before.

        A secret that no node has accepted yet is tried by one caller at a time; `alone` asks for that always.
        """
        self._lock.acquire()
        held = True
        try:
            secret = self._read()
            mark = self._mark(secret)
            if mark == self._refused:
                raise AccessDenied(
                    f"The {self.name} {self.user!r} was refused earlier with the same password, so nothing was sent to "
                    f"{where}. Correct the secret, then retry."
                )
            if mark == self._accepted and not alone:
                self._lock.release()
                held = False
            yield Attempt(self, secret, where)
        finally:
            if held:
                self._lock.release()

    def current_secret(self) -> str:
        """The secret for masking it in transcripts; empty when it cannot be read."""
        try:
            return self._read()
        except AccessDenied:
            return ""

    def _read(self) -> str:
        problem = ""
        try:
            secret = self.secret().rstrip("\r\n")
        except (OSError, KeyError, ValueError) as error:
            secret, problem = "", type(error).__name__
        if not secret:
            raise AccessDenied(
                f"The password of the {self.name} {self.user!r} could not be read ({problem or 'it is empty'}). "
                "Nothing was sent; put the secret in place, then retry."
            )
        return secret

    def _mark(self, secret: str) -> bytes:
        return hashlib.sha256(self._salt + secret.encode()).digest()

    def _remember(self, secret: str, *, good: bool) -> None:
        with self._lock:
            if good:
                self._accepted, self._refused = self._mark(secret), None
            else:
                self._refused = self._mark(secret)
