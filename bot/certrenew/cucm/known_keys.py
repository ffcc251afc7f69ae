"""Public keys that a node's HTTPS may present, because this program asked for them or installed them."""

import threading
from typing import Protocol


class KnownKeys(Protocol):
    """Keys are SHA-256 of the public key (SubjectPublicKeyInfo), in lower-case hexadecimal.

    What was learned must outlive the process: a node may first present a new key after a restart of this program.
    """

    def keys(self, cluster: str, node: str) -> frozenset[str]: ...

    def learn(self, cluster: str, node: str, key: str) -> None:
        """Trust this key of the node from now on; learning it twice is no error."""
        ...


class RememberedKeys:
    """Implements `KnownKeys` for the life of the process: for tests, and for looks that change nothing."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], frozenset[str]] = {}
        self._lock = threading.Lock()

    def keys(self, cluster: str, node: str) -> frozenset[str]:
        with self._lock:
            return self._keys.get((cluster, node), frozenset())

    def learn(self, cluster: str, node: str, key: str) -> None:
        with self._lock:
            self._keys[cluster, node] = self._keys.get((cluster, node), frozenset()) | {key}
