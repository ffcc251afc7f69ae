"""The stage: a lab and a bot in processes of their own, people at Slack and at the command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from certrenew.cli.demo.configuration import write_configuration
from certrenew.cli.demo.people import People
from certrenew.cli.demo.processes import Processes
from certrenew.domain.renewal import Renewal
from certrenew.settings import load
from certrenew.store.audit import verify
from certrenew.store.database import database_url, open_engine
from certrenew.store.store import Store


class Stage:
    """Everything that a story needs; `directory` holds the logs if it ends badly."""

    def __init__(self, directory: Path, *options: str, slack: bool = True) -> None:
        self.directory = directory
        self.processes = Processes(directory, told=lambda _: None)
        small = ("--nodes", "1", "--phones", "20", "--speed", "240")
        self.lab = self.processes.start_lab([*small, *options])
        self.config = write_configuration(self.lab, directory)
        self._let_the_terminal_decide(slack)
        self.said: list[str] = []
        self.people = People(self.lab["slack"], self.lab["cluster"], say=lambda _, text: self.said.append(text))
        self.engine = open_engine(database_url(load(self.config)[0].database.url))
        self.store = Store(self.engine, patience=10.0)

    def _let_the_terminal_decide(self, slack: bool) -> None:
        """Dora approves from the command line; without Slack nobody else can."""
        text = self.config.read_text().replace("phones_settle = 4.0", "phones_settle = 1.0")
        if slack:
            text = text.replace("[approval]\n", '[approval]\napprovers = ["local:dora"]\n')
        else:
            before, rest = text.split("[slack]")
            text = before + '[approval]\napprovers = ["local:dora"]\n' + rest[rest.index("[pace]") - 1 :]
        self.config.write_text(text)

    def cli(self, *arguments: str, login: str = "alice") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self._command(*arguments), env=_login(login), capture_output=True, text=True, timeout=60)

    def cli_in_background(self, *arguments: str, login: str = "alice") -> "subprocess.Popen[str]":
        out = subprocess.PIPE
        return subprocess.Popen(self._command(*arguments), env=_login(login), stdout=out, stderr=out, text=True)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "certrenew", "--config", str(self.config), *arguments]

    def renewal(self) -> Renewal | None:
        """The newest one, once the bot has made its tables."""
        try:
            with self.store() as unit:
                found = unit.newest(limit=1)
        except Exception:
            return None
        return found[0] if found else None

    def journal(self, act: str) -> list[dict[str, Any]]:
        return [entry for entry in self.people.journal() if entry["act"] == act]

    def trouble_at_the_authority(self, kind: str, seconds: float) -> None:
        authority = self.lab["authority"]
        bundle = self.directory / "tls" / "authority-ca.pem"
        url = f"{authority['url']}/lab/fault"
        answer = requests.post(url, json={"kind": kind, "seconds": seconds}, verify=str(bundle), timeout=10)
        assert answer.status_code == 200, answer.text

    def until(self, condition: Callable[[], object], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (
                f"not within {seconds} s; see {self.directory}/bot.log; {self.renewal()}"
            )
            time.sleep(0.05)

    def audit_is_whole(self) -> bool:
        return not verify(self.engine).problem

    def close(self) -> None:
        self.processes.stop()
        self.engine.dispose()


def _login(name: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LOGNAME": name}


@pytest.fixture
def make_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    stages: list[Stage] = []

    def make(*options: str, slack: bool = True) -> Stage:
        stages.append(Stage(tmp_path, *options, slack=slack))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
