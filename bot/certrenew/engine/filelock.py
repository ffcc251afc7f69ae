"""Keeps a second process away from an embedded database."""

import fcntl
import os
from pathlib import Path

from certrenew.domain.errors import ConfigError


class FileLock:
    """An advisory lock of the operating system: it ends with the process, however that dies."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file: int | None = None

    def take(self) -> None:
        """Raises ConfigError when another process holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigError(
                f"Another certrenew (process {holder}) already works on {self._path.with_suffix('')}. Stop that one, or"
                " use PostgreSQL to run several."
            ) from error
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._file = descriptor

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
