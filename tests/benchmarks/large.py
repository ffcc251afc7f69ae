"""A large cluster with its rate limits in force: how often the bot asks, how often it is refused, what it holds.

The lab runs in a process of its own and counts every request by its own clock, in which a minute is shorter.
"""

import json
import multiprocessing
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from measuring import ANA, CARMEN, Clock, Timed, TimedRunner, resident, to_the_end

from certrenew.app.commands import Approve, Renew
from certrenew.app.standing import standing
from certrenew.cli.demo.configuration import PACE, write_configuration
from certrenew.cucm import session
from certrenew.cucm.budget import Budget, CarefulBudget, CommonBudget
from certrenew.cucm.settings import ClusterAccess
from certrenew.domain.renewal import Renewal
from certrenew.settings import PaceTable, Settings, load
from certrenew.slack.cards import card
from certrenew.wiring import application, parts
from certrenew.wiring.application import Application
from certrenew_lab.cucm.cluster import Cluster
from certrenew_lab.cucm.inspection import state
from certrenew_lab.cucm.web.axl import AxlService
from certrenew_lab.cucm.web.serviceability import Serviceability
from certrenew_lab.lab import Lab, small
from certrenew_lab.scenario import ClusterScenario

MINUTE = 60.0
Asked = list[tuple[str, str, float]]  # service, node, lab second


def large(nodes: int, phones: int, speed: float) -> None:
    """One renewal of CallManager; prints what it took."""
    scenario = small(nodes, phones=phones, speed=speed, mixed_mode=True)
    with _lab(scenario) as lab, tempfile.TemporaryDirectory() as place:
        config = _configured(lab.ask("description"), Path(place), speed)
        settings, _ = load(config)
        with _short_minutes(speed):
            app = Application(settings.model_copy(update={"slack": None}), runs=True)
        clock = Clock()
        application.Runner = TimedRunner  # type: ignore[attr-defined,misc]
        app.sessions._clusters = Timed(clock, app.sessions._clusters)  # type: ignore[assignment]
        app.authorities = {name: Timed(clock, each) for name, each in app.authorities.items()}
        app.start()
        memory = Memory()
        began = time.perf_counter()
        answer = app.service.handle(Renew(purpose="callmanager", cluster=scenario.name), ANA, key="b1")
        planned = time.perf_counter() - began
        inside = clock.inside
        app.service.handle(Approve(renewal=answer.renewal), CARMEN, key="b2")
        TimedRunner.moves.clear()
        renewal = to_the_end(app, answer.renewal)
        moves = TimedRunner.moves
        total, waited = moves[-1][1] - moves[0][0], TimedRunner.waited()
        own = total - (clock.inside - inside) - waited
        memory.stop()
        print(f"{nodes} nodes, {phones} phones, mixed mode, lab at speed {speed:.0f}: {renewal.state} {renewal.reason}")
        print(f"  {len(renewal.steps)} steps; wall {total:.0f} s, lab {total * speed / 60:.0f} min; planning", end=" ")
        print(f"{planned:.1f} s; own {own:.1f} s = {1000 * own / len(renewal.steps):.0f} ms a step", end=" ")
        print(f"= {100 * own / (total * speed):.2f} % of the time at real speed")
        print(f"  memory {memory.first / 2**20:.0f} MB at the start, {memory.most / 2**20:.0f} MB at most")
        _tell_slowest(renewal, speed)
        _tell_stored(app)
        _tell_standing(app, settings, renewal, speed)
        app.stop()
        _tell_lab(lab.ask("report"), nodes)


# ---- the lab, counting ---------------------------------------------------------------------------------------------


class LabProcess:
    """Asks the lab, which runs elsewhere, for its description and its report."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def ask(self, what: str) -> dict[str, Any]:
        self._pipe.send(what)
        found: dict[str, Any] = self._pipe.recv()
        return found


@contextmanager
def _lab(scenario: ClusterScenario) -> Iterator[LabProcess]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, scenario), daemon=True)
    process.start()
    try:
        yield LabProcess(ours)
    finally:
        process.terminate()
        process.join(10)


def _serve(pipe: Connection, scenario: ClusterScenario) -> None:
    import asyncio

    asked: Asked = []
    _count(asked)

    async def serve() -> None:
        lab = Lab(scenario)
        await lab.start()
        while True:
            what = await asyncio.to_thread(pipe.recv)
            pipe.send(lab.description() if what == "description" else _report(lab.cucm.cluster, asked))

    asyncio.run(serve())


def _count(asked: Asked) -> None:
    """Note every request to the four SOAP services."""
    answer, post = Serviceability.answer, AxlService._post

    async def counted(self: Serviceability, request: Any) -> Any:
        asked.append((self.via, self.node.name, self.cluster.clock.now()))
        return await answer(self, request)

    async def posted(self: AxlService, request: Any) -> Any:
        asked.append(("axl", self._node.name, self._cluster.clock.now()))
        return await post(self, request)

    Serviceability.answer = counted  # type: ignore[method-assign]
    AxlService._post = posted  # type: ignore[method-assign]


def _report(cluster: Cluster, asked: Asked) -> dict[str, Any]:
    truth = state(cluster)
    logins = [entry for entry in cluster.journal.acts("login", ok=True) if "ssh" in str(entry["detail"]).lower()]
    return {
        "asked": asked,
        "refused": Counter(entry["detail"]["via"] for entry in cluster.journal.acts("rate_limited")),
        "logins": Counter(entry["node"] for entry in logins),
        **{name: truth[name] for name in ("baseline", "registered", "stranded", "violations")},
    }


# ---- the bot, with the lab's minutes -----------------------------------------------------------------------------


def _configured(description: dict[str, Any], place: Path, speed: float) -> Path:
    """The production pace and limits, in lab time."""
    pace = {name: value for name, value in PaceTable().model_dump().items() if name != "phones_threshold"}
    lines = "".join(f"{name} = {value / speed}\n" for name, value in pace.items())
    path = write_configuration(description, place)
    text = path.read_text(encoding="utf-8").replace(PACE, f"[pace]\n{lines}")
    text = text.replace("[approval]\n", '[approval]\napprovers = ["local:carmen"]\n')
    text = text.replace("perfmon_per_minute = 100000", "perfmon_per_minute = 50")
    text = text.replace("realtime_per_minute = 100000", "realtime_per_minute = 15")
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def _short_minutes(speed: float) -> Iterator[None]:
    """A limit holds for every sliding minute, so our minute must be as short as the lab's: fifteen requests in two
    seconds are not what 450 in sixty are."""
    accesses = parts.accesses

    def patient(settings: Settings) -> Iterator[ClusterAccess]:
        for access in accesses(settings):
            real = access.timeouts
            waits = replace(real, rate_wait=real.rate_wait / speed, rate_budget=real.rate_budget / speed)
            yield replace(access, timeouts=waits)

    parts.accesses = patient
    budgets = (Budget, CarefulBudget, CommonBudget)
    for budget in budgets:
        setattr(session, budget.__name__, partial(budget, period=MINUTE / speed))
    try:
        yield
    finally:
        parts.accesses = accesses
        for budget in budgets:
            setattr(session, budget.__name__, budget)


class Memory:
    """Looks at this process twice a second."""

    def __init__(self) -> None:
        self.first = self.most = resident(multiprocessing.current_process().pid or 0)
        self._done = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self.most = max(self.most, resident(multiprocessing.current_process().pid or 0))

    def stop(self) -> None:
        self._done.set()


# ---- what is told --------------------------------------------------------------------------------------------------


def _tell_slowest(renewal: Renewal, speed: float) -> None:
    spent: Counter[str] = Counter()
    for record in renewal.steps:
        if record.started_at and record.finished_at:
            spent[record.kind] += int((record.finished_at - record.started_at).total_seconds() * speed)
    slowest = ", ".join(f"{kind} {seconds / 60:.1f}" for kind, seconds in spent.most_common(8))
    print(f"  lab minutes by kind of step: {slowest}")


def _tell_stored(app: Application) -> None:
    queries = {
        "outputs": "select sum(length(output)), max(length(output)) from step",
        "evidence": "select sum(length(evidence)), max(length(evidence)) from step",
        "audit": "select sum(length(details)), max(length(details)) from audit_event",
    }
    with app.database.connect() as connection:
        found = {name: connection.execute(sa.text(query)).one() for name, query in queries.items()}
    told = ", ".join(f"{name} {all_ / 1000:.0f} (longest {most / 1000:.1f})" for name, (all_, most) in found.items())
    print(f"  stored kB: {told}")


def _tell_standing(app: Application, settings: Settings, renewal: Renewal, speed: float) -> None:
    """As if it stopped now, with new sessions."""
    fresh = app.sessions.open(renewal.plan.cluster)
    began = time.perf_counter()
    sentences = standing(renewal, fresh)
    took = time.perf_counter() - began
    fresh.close()
    unread = sum("could not be read" in sentence for sentence in sentences)
    began = time.perf_counter()
    with app.store(reading=True) as unit:
        read = unit.get(renewal.id)
    reading = time.perf_counter() - began
    drawn = card(read, app.policies[renewal.plan.cluster], datetime.now(UTC))
    drawing = time.perf_counter() - began - reading
    size = len(json.dumps(drawn.blocks))
    print(f"  standing of a stop: {took:.1f} s (lab {took * speed:.0f} s), {unread} of {len(sentences)} unread")
    print(f"  card: read in {1000 * reading:.0f} ms, drawn in {1000 * drawing:.0f} ms, {size / 1000:.1f} kB")


def _tell_lab(report: dict[str, Any], nodes: int) -> None:
    asked: Asked = report["asked"]

    def times(*services: str, node: str = "") -> list[float]:
        return [at for service, where, at in asked if service in services and node in ("", where)]

    perfmon = [_busiest(times("perfmon", node=node)) for node in {where for _, where, _ in asked}]
    print(f"  RIS {len(times('ris'))} + Control Center {len(times('ccs'))}: {_busiest(times('ris', 'ccs'))} in the")
    print(f"    busiest lab minute (limit 15), refused {report['refused']['ris'] + report['refused']['ccs']}")
    print(f"  PerfMon {len(times('perfmon'))}: {max(perfmon)} of one node in the busiest lab minute (limit 80),")
    print(f"    {_busiest(times('perfmon'))} of all {nodes}; refused {report['refused']['perfmon']}")
    print(f"  AXL {len(times('axl'))}: {_busiest(times('axl'))} in the busiest lab minute")
    print(f"  SSH logins per node, planning and standing included: {sorted(report['logins'].values())}")
    print(f"  phones: {report['registered']} of {report['baseline']} registered, {len(report['stranded'])} stranded")
    print(f"  violations: {report['violations'] or 'none'}")


def _busiest(times: Iterable[float]) -> int:
    most, window = 0, deque[float]()
    for at in sorted(times):
        window.append(at)
        while at - window[0] >= MINUTE:
            window.popleft()
        most = max(most, len(window))
    return most
