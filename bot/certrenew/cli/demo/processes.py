"""The two processes of the demonstration: the lab, and the bot, which is started again when it dies."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from certrenew.domain.errors import CertrenewError

START = 60.0  # seconds that the lab may take to make its keys


class Processes:
    """`start_lab`, then `start_bot`; `stop` ends both. The bot is kept alive as a service manager would."""

    def __init__(self, directory: Path, *, told: Callable[[str], None]) -> None:
        self.directory = directory
        self._told = told
        self._lab: subprocess.Popen[bytes] | None = None
        self._bot: subprocess.Popen[bytes] | None = None
        self._config = directory / "certrenew.toml"
        self._stopping = threading.Event()
        self.deaths = 0

    def start_lab(self, options: list[str]) -> dict[str, Any]:
        """Start the lab and wait until it describes itself."""
        description = self.directory / "lab.json"
        description.unlink(missing_ok=True)
        self._lab = self._run("lab", ["lab", "--directory", str(self.directory), *options])
        deadline = time.monotonic() + START
        while not description.exists():
            if self._lab.poll() is not None or time.monotonic() > deadline:
                raise CertrenewError(f"The lab did not start; see {self.directory / 'lab.log'}.")
            time.sleep(0.05)
        return cast("dict[str, Any]", json.loads(description.read_text(encoding="utf-8")))

    def start_bot(self, config: Path) -> None:
        self._config = config
        self._bot = self._run("bot", ["--config", str(config), "serve"])
        threading.Thread(target=self._keep_alive, name="keep-alive", daemon=True).start()

    def kill_bot(self) -> None:
        """As hard as a power failure."""
        if self._bot is not None:
            self._bot.kill()

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            bot = self._bot
            if bot is None:
                return
            bot.wait()
            if self._stopping.is_set():
                return
            self.deaths += 1
            if bot.returncode > 0 and self.deaths > 3 and self.deaths > 20:
                self._told(f"The bot does not start; see {self.directory / 'bot.log'}.")
                return
            self._told(f"The bot has died (exit code {bot.returncode}); starting it again.")
            if bot.returncode > 0:
                time.sleep(1.0)
            self._bot = self._run("bot", ["--config", str(self._config), "serve"])

    def _run(self, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        log = os.open(self.directory / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "certrenew", *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        finally:
            os.close(log)

    def stop(self) -> None:
        self._stopping.set()
        for process in (self._bot, self._lab):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
