"""Keeps a second process away from an embedded database."""

import fcntl
import os
import time
from pathlib import Path

from certrenew.domain.errors import ConfigError

SOON = 1.0  # seconds; a command that looks whether a server runs holds the lock for a moment


class FileLock:
    """An advisory lock of the operating system: it ends with the process, however that dies."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file: int | None = None

    def take(self, *, patience: float = SOON) -> None:
        """Raises ConfigError when another process holds it for longer than `patience` seconds."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                holder = self._path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
                os.close(descriptor)
                raise ConfigError(
                    f"Another certrenew (process {holder}) already works on {self._path.with_suffix('')}. Stop that"
                    " one, or use PostgreSQL to run several."
                ) from error
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._file = descriptor

    @property
    def taken(self) -> bool:
        """Whether some process holds it; taking nothing away from anybody."""
        if not self._path.exists():
            return False
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
