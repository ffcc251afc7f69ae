"""A bounded record of one terminal session, with secrets and certificate bodies masked before they are kept."""

import re
from collections import deque
from collections.abc import Callable

_PEM = re.compile(r"(-----BEGIN [A-Z0-9 ]+-----)(.*?)(-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)


class Transcript:
    """Keeps the last `limit` exchanges. `secrets` is asked at reading time, so that a new password is masked too."""

    def __init__(self, secrets: Callable[[], tuple[str, ...]], limit: int = 200, width: int = 20_000) -> None:
        self._secrets = secrets
        self._width = width
        self._lines: deque[str] = deque(maxlen=limit)

    def __repr__(self) -> str:
        return f"Transcript({len(self._lines)} exchanges)"

    def sent(self, text: str) -> None:
        self._lines.append("> " + self._masked(text.rstrip()))

    def received(self, text: str) -> None:
        if text.strip():
            self._lines.append("< " + self._masked(text.strip())[: self._width])

    def note(self, text: str) -> None:
        self._lines.append("# " + self._masked(text))

    def text(self) -> str:
        """Everything kept so far, safe to show."""
        return self._masked("\n".join(self._lines))

    def _masked(self, text: str) -> str:
        for secret in self._secrets():
            if secret:
                text = text.replace(secret, "********")
        return _PEM.sub(lambda block: f"{block[1]} ({len(block[2].split())} lines) {block[3]}".rstrip(), text)
