"""The processes of the demonstration: the lab, and the bots, which are started again when they die."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from certrenew.domain.errors import CertrenewError

TOO_OFTEN = 20
START = 60.0  # seconds that the lab may take to make its keys


class Processes:
    """`start_lab`, then `start_bots`; `stop` ends all. Bots are kept alive as a service manager would."""

    def __init__(self, directory: Path, *, told: Callable[[str], None]) -> None:
        self.directory = directory
        self._told = told
        self._lab: subprocess.Popen[bytes] | None = None
        self._bots: dict[str, subprocess.Popen[bytes]] = {}
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

    def start_bots(self, config: Path, replicas: int = 1) -> None:
        """Start so many bots on one configuration: more than one need PostgreSQL."""
        self._config = config
        for name in ["bot", *(f"bot-{number}" for number in range(2, replicas + 1))]:
            self._bots[name] = self._serve(name)
            threading.Thread(target=self._keep_alive, args=(name,), name=f"keep-{name}", daemon=True).start()

    def kill_bot(self, executor: str = "") -> str:
        """As hard as a power failure: the one that calls itself `executor`, else any. Returns its name."""
        names = list(self._bots)
        name = next((found for found in names if executor and self._executor(found) == executor), names[0])
        self._bots[name].kill()
        return name

    def _executor(self, name: str) -> str:
        """What a bot called itself at its last start."""
        found = re.findall(r"certrenew is running \((\S+)\)", (self.directory / f"{name}.log").read_text("utf-8"))
        return str(found[-1]) if found else ""

    def _serve(self, name: str) -> "subprocess.Popen[bytes]":
        return self._run(name, ["--config", str(self._config), "serve"])

    def _keep_alive(self, name: str) -> None:
        while not self._stopping.is_set():
            bot = self._bots[name]
            bot.wait()
            if self._stopping.is_set():
                return
            self.deaths += 1
            if bot.returncode > 0 and self.deaths > TOO_OFTEN:
                self._told(f"The {name} does not start; see {self.directory / f'{name}.log'}.")
                return
            self._told(f"The {name} has died (exit code {bot.returncode}); starting it again.")
            if bot.returncode > 0:
                time.sleep(1.0)
            self._bots[name] = self._serve(name)

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
        running = [found for found in (*self._bots.values(), self._lab) if found is not None and found.poll() is None]
        for process in running[:-1]:
            process.terminate()
        for process in running:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
