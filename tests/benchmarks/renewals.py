"""Benchmark of whole renewals against the lab: python tests/benchmarks/renewals.py [own|acks|large|all]

own    the bot's own time in a renewal on many nodes, as a share of the time the cluster itself needs; SSH logins
acks   acknowledgement latency of slash commands while 20 renewals run, and the bot's memory
large  a mixed-mode cluster with 40,000 phones and its rate limits in force: requests a minute, refusals, memory
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from large import large
from measuring import ANA, CARMEN, Clock, Timed, TimedRunner, resident, to_the_end

from certrenew.app.commands import Approve, Renew
from certrenew.cli.demo.configuration import write_configuration
from certrenew.settings import load
from certrenew.wiring import application
from certrenew.wiring.application import Application
from certrenew_lab.authority import LabAuthority
from certrenew_lab.cucm import LabCucm
from certrenew_lab.lab import small
from certrenew_lab.slack import LabSlack


class World:
    """The lab in a thread of its own, so that the bot may block in ours."""

    def __init__(self, clusters: int, nodes: int, phones: int, speed: float) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        base = small(nodes, phones=phones, speed=speed)
        self.cucm = [LabCucm(replace(base, name=f"cluster-{number}")) for number in range(clusters)]
        self.authority, self.slack = LabAuthority(), LabSlack()
        for part in (*self.cucm, self.authority, self.slack):
            self._run(part.start())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def configure(self, directory: Path, *, approvers: str = "") -> Path:
        description = {
            "cluster": [cluster.description() for cluster in self.cucm],
            "authority": self.authority.description(),
            "slack": self.slack.description(),
        }
        path = write_configuration(description, directory)
        text = path.read_text(encoding="utf-8").replace("[approval]\n", f"[approval]\n{approvers}")
        path.write_text(text, encoding="utf-8")
        return path

    def stop(self) -> None:
        for part in (self.slack, self.authority, *self.cucm):
            self._run(part.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)


def own_time(nodes: int, speed: float) -> None:
    """One renewal, the bot in this process with a clock on every port."""
    world = World(1, nodes, phones=nodes * 25, speed=speed)
    with tempfile.TemporaryDirectory() as place:
        settings, _ = load(world.configure(Path(place), approvers='approvers = ["local:carmen"]\n'))
        app = Application(settings.model_copy(update={"slack": None}), runs=True)
        clock = Clock()
        application.Runner = TimedRunner  # type: ignore[attr-defined,misc]
        real = app.sessions._clusters
        app.sessions._clusters = Timed(clock, real)  # type: ignore[assignment]
        app.authorities = {name: Timed(clock, each) for name, each in app.authorities.items()}
        app.start()
        answer = app.service.handle(Renew(purpose="callmanager", cluster="cluster-0"), ANA, key="b1")
        inside = clock.inside
        app.service.handle(Approve(renewal=answer.renewal), CARMEN, key="b2")
        TimedRunner.moves.clear()
        renewal = to_the_end(app, answer.renewal)
        moves = TimedRunner.moves
        total, waited = moves[-1][1] - moves[0][0], TimedRunner.waited()
        app.stop()
    inside = clock.inside - inside
    own = total - inside - waited
    ssh = Counter(
        entry["node"]
        for entry in world.cucm[0].journal
        if entry["act"] == "login" and entry["detail"].get("ok") and "ssh" in str(entry["detail"]).lower()
    )
    world.stop()
    steps = len(renewal.steps)
    unavoidable = (total - own) * speed
    print(f"renewal on {nodes} nodes: {steps} steps, {renewal.state}")
    print(
        f"  wall {total:.1f} s = in the cluster and the authority {inside:.1f} + waiting {waited:.1f} + own {own:.1f}"
    )
    print(f"  own time per step {1000 * own / steps:.1f} ms")
    print(f"  share of the lab's time at its speed of {speed:.0f}: {100 * own / (total - own):.2f} %")
    share = 100 * own / unavoidable
    print(f"  share at real speed ({unavoidable / 60:.0f} minutes): {share:.3f} %  (target: at most 2 %)")
    print(f"  SSH logins per node, planning included (3 phases): {sorted(ssh.values())}")


def acks(renewals: int, seconds: float) -> None:
    """The bot as a process of its own, `renewals` clusters at work, slash commands at ten a second."""
    world = World(renewals, 2, phones=50, speed=6.0)
    with tempfile.TemporaryDirectory() as place:
        config = world.configure(Path(place))
        command = [sys.executable, "-m", "certrenew", "--config", str(config), "serve"]
        bot = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        control = world.slack.description()["control_url"].rstrip("/")
        channel = "uc-certificates"
        _until(lambda: requests.get(f"{control}/state", timeout=5).json()["connections"] > 0)
        for number in range(renewals):
            _act(control, "command", user="ana", channel=channel, text=f"/certrenew callmanager cluster-{number}")
        approved = 0
        deadline = time.monotonic() + 120
        while approved < 2 * renewals and time.monotonic() < deadline:
            approved += _press(control, channel, ("Approve", "Release"))
            time.sleep(0.5)
        before = len(requests.get(f"{control}/envelopes", timeout=5).json())
        until = time.monotonic() + seconds
        memory: list[int] = []
        while time.monotonic() < until:
            _act(control, "command", user="sam", channel=channel, text="/certrenew help")
            memory.append(resident(bot.pid))
            time.sleep(0.05)
        envelopes = requests.get(f"{control}/envelopes", timeout=5).json()[before:]
        bot.terminate()
        bot.wait(20)
    world.stop()
    took = sorted(1000 * (e["acked_at"] - e["sent_at"]) for e in envelopes if e.get("acked_at"))
    lost = sum(not e.get("acked_at") for e in envelopes)
    print(f"slash commands while {renewals} renewals run ({approved} decisions were clicked):")
    if took:
        worst = took[min(len(took) - 1, int(0.99 * len(took)))]
        middle = statistics.median(took)
        print(
            f"  {len(took)} acknowledged, {lost} lost; p50 {middle:.0f} ms, p99 {worst:.0f} ms  (target: under 100 ms)"
        )
    print(f"  resident memory {max(memory) / 2**20:.0f} MB  (target: 200 MB)")


def _press(control: str, channel: str, labels: tuple[str, ...]) -> int:
    pressed = 0
    query = {"channel": channel, "as": "carmen"}
    for message in requests.get(f"{control}/messages", params=query, timeout=10).json():
        for block in message.get("blocks") or []:
            for element in block.get("elements") or [] if block["type"] == "actions" else []:
                if str(element["text"]["text"]).startswith(labels):
                    where = {"ts": message["ts"], "block_id": block["block_id"], "action_id": element["action_id"]}
                    key = json.dumps(where)
                    if key not in _PRESSED:
                        _PRESSED.add(key)
                        pressed += bool(_act(control, "click", user="carmen", channel=channel, **where).get("ok"))
    return pressed


_PRESSED: set[str] = set()


def _act(control: str, what: str, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(f"{control}/{what}", json=body, timeout=30).json()
    return answer


def _until(true: Callable[[], bool], patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="all", choices=["own", "acks", "large", "all"])
    parser.add_argument("--nodes", type=int, default=21)
    parser.add_argument("--speed", type=float, default=30.0)
    parser.add_argument("--renewals", type=int, default=20)
    parser.add_argument("--phones", type=int, default=40_000, help="of the large cluster")
    options = parser.parse_args()
    if options.what in ("own", "all"):
        own_time(options.nodes, options.speed)
    if options.what in ("acks", "all"):
        acks(options.renewals, 15.0)
    if options.what in ("large", "all"):
        large(options.nodes, options.phones, options.speed)
