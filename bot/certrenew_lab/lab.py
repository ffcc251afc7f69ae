"""The whole lab: a cluster, an authority and a workspace, started together and described in one file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from certrenew_lab import assumptions
from certrenew_lab.authority import LabAuthority
from certrenew_lab.cucm import LabCucm
from certrenew_lab.scenario import ClusterScenario
from certrenew_lab.slack import LabSlack

DESCRIPTION = "lab.json"


class Lab:
    """`await start()`, then `description()`; `await stop()` closes every port."""

    def __init__(self, scenario: ClusterScenario | None = None, *, slack_port: int = 0) -> None:
        self.cucm = LabCucm(scenario or ClusterScenario())
        self.authority = LabAuthority()
        self.slack = LabSlack()
        self._slack_port = slack_port

    async def start(self) -> None:
        await asyncio.gather(self.cucm.start(), self.authority.start(), self.slack.start(port=self._slack_port))

    async def stop(self) -> None:
        await asyncio.gather(self.slack.stop(), self.authority.stop(), self.cucm.stop(), return_exceptions=True)

    def description(self) -> dict[str, Any]:
        """Everything a client must know, with passwords and tokens: the lab's are made up and worth nothing."""
        return {
            "cluster": self.cucm.description(),
            "authority": self.authority.description(),
            "slack": self.slack.description(),
        }


def write_description(description: dict[str, Any], directory: Path) -> Path:
    """Write `lab.json` at once and readable by its owner only; returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / DESCRIPTION
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(description, indent=2), encoding="utf-8")
    os.replace(temporary, path)
    return path


def how_to_reach(description: dict[str, Any], path: Path) -> str:
    """What a person needs to try other tools on the running lab: addresses, accounts and the control address."""
    cluster = description["cluster"]
    first = cluster["nodes"][0]
    lines = [
        f"Cluster {cluster['cluster']}, release {cluster['version']}, {cluster['speed']:g} lab seconds a second:",
        *(
            f"  {node['fqdn']:<32} {node['role']:<20} {node['address']}"
            f"  ssh {node['ssh_port']}  https {node['https_port']}"
            for node in cluster["nodes"]
        ),
        f"Command line and certificate API: {_account(cluster['platform'])}",
        f"  ssh -p {first['ssh_port']} {cluster['platform']['username']}@{first['address']}",
        f"AXL and serviceability: {_account(cluster['application'])}",
        f"  https://{first['address']}:{first['https_port']}/axl/",
        f"Control: {cluster['control_url']}  (GET /state, /journal, /faults; POST /fault)",
        f"Everything else, with certificates and host keys: {path}",
        "Ctrl-C ends the lab.",
    ]
    return "\n".join(lines)


def _account(account: dict[str, str]) -> str:
    return f"{account['username']} / {account['password']}"


async def serve(
    directory: Path,
    scenario: ClusterScenario,
    *,
    slack_port: int = 0,
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Run until interrupted; `announce` is told how to reach the lab once it can be reached."""
    lab = Lab(scenario, slack_port=slack_port)
    try:
        await lab.start()
        path = write_description(lab.description(), directory)
        announce(how_to_reach(lab.description(), path))
        await _interrupted()
    finally:
        await lab.stop()


async def _interrupted() -> None:
    """Returns on Ctrl-C, on SIGTERM, or when the process that started this one is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    parent = os.getppid()
    while not stopping.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stopping.wait(), 1.0)
        except TimeoutError:
            continue


def small(nodes: int, **changes: Any) -> ClusterScenario:
    """A scenario of so many nodes, the first of them the publisher."""
    base = ClusterScenario()
    publisher = base.nodes[0]
    subscribers = tuple(replace(base.nodes[1], name=f"cucm-sub{number}") for number in range(1, nodes))
    return replace(base, nodes=(publisher, *subscribers), **changes)


def assumption_text() -> str:
    """The register of everything that the lab assumes beyond evidence."""
    return assumptions.as_text()
