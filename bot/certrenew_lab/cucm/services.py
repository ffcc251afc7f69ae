"""The services of one node: their states and what happens around a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from ..scenario import PUBLISHER, ClusterScenario, NodeScenario
from .clock import LabClock
from .faults import Faults
from .journal import Journal
from .release import Release
from .service_names import CAPF, CTL_PROVIDER, NEVER_ACTIVATED, OS_SERVICES, STOPPED_ON_SUBSCRIBERS, names_for

State = Literal["STARTED", "STOPPED", "STARTING", "STOPPING"]
Event = Literal["stopping", "started"]
Watcher = Callable[[str, Event], Awaitable[None]]

NOT_ACTIVATED = "Service Not Activated"
OUT_OF_SERVICE = "Commanded Out of Service"
_INITIAL_UPTIME = 5 * 24 * 3600.0


class ServiceRefused(Exception):
    """The service cannot do that now; `reason` is Cisco's reason code."""

    def __init__(self, reason: int, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


@dataclass
class Service:
    """One service; `started_at` is real epoch seconds, `note` the legend behind a stopped state."""

    name: str
    state: State = "STARTED"
    note: str = ""
    started_at: float = 0.0
    belongs_to_system: bool = False

    @property
    def uptime(self) -> int:
        """Seconds since it started; -1 while it is not running."""
        return int(time.time() - self.started_at) if self.state == "STARTED" else -1


class ServiceBoard:
    """All services of a node; restarts run by themselves, whatever becomes of the connection that asked for them."""

    def __init__(
        self, scenario: ClusterScenario, node: NodeScenario, clock: LabClock, journal: Journal, faults: Faults
    ) -> None:
        self._scenario = scenario
        self._node = node.name
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._running: dict[str, asyncio.Task[None]] = {}
        self.watchers: list[Watcher] = []
        self.stays_down: Callable[[str], bool] = lambda _: False
        self.services: dict[str, Service] = {}
        for name in OS_SERVICES:
            self._add(Service(name, belongs_to_system=True))
        for name in names_for(Release(scenario.version), presence=node.presence):
            self._add(_initial(name, node))

    def _add(self, service: Service) -> None:
        if service.state == "STARTED":
            service.started_at = time.time() - _INITIAL_UPTIME
        self.services[service.name] = service

    def started(self, name: str) -> bool:
        """Whether a service runs; services this release does not have count as running, for nothing waits on them."""
        service = self.services.get(name)
        return service is None or service.state == "STARTED"

    def start_restart(self, name: str, via: str) -> asyncio.Task[None]:
        """Begin a restart and return its task; ServiceRefused when the state does not allow it."""
        service = self._restartable(name)
        self._journal.record(self._node, "service_restarted", service=name, via=via)
        service.state, service.note = "STOPPING", ""
        return self._keep(name, self._stop_and_start(service))

    def start_stop(self, name: str, via: str) -> asyncio.Task[None]:
        """Begin to stop a service for good."""
        service = self._restartable(name)
        if service.state == "STOPPED":
            raise ServiceRefused(-1040, "Service is already stopped")
        self._journal.record(self._node, "service_stopped", service=name, via=via)
        service.state = "STOPPING"
        return self._keep(name, self._stop(service, self._scenario.restart_duration(name) / 2))

    def start_start(self, name: str, via: str) -> asyncio.Task[None]:
        """Begin to start a stopped service."""
        service = self._restartable(name)
        if service.state == "STARTED":
            raise ServiceRefused(-1039, "Service is already started")
        self._journal.record(self._node, "service_start_requested", service=name, via=via)
        service.state, service.note = "STARTING", ""
        return self._keep(name, self._start(service, self._scenario.restart_duration(name) / 2))

    async def force(self, name: str, state: State, note: str = "") -> None:
        """Put a service into a state from outside, as a fault."""
        service = self.services[name]
        self._journal.record(self._node, "service_forced", service=name, state=state, note=note)
        service.state, service.note = state, note
        if state == "STARTED":
            service.started_at = time.time()
        await self._tell(name, "started" if state == "STARTED" else "stopping")

    async def close(self) -> None:
        """Forget restarts that are under way, because the lab ends."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _restartable(self, name: str) -> Service:
        service = self.services.get(name)
        if service is None or service.belongs_to_system:
            raise ServiceRefused(-1010, "No such service")
        if service.note == NOT_ACTIVATED:
            raise ServiceRefused(-1068, NOT_ACTIVATED)
        # A service that hangs in STARTING has no task any more, so it can be restarted again.
        if name in self._running:
            raise ServiceRefused(-1029, "Operation is pending")
        if self._faults.take("restart_refused", self._node, name):
            self._journal.record(self._node, "service_refused", service=name)
            raise ServiceRefused(-1042, "State transition not allowed")
        return service

    def _keep(self, name: str, work: Awaitable[None]) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await work
            finally:
                self._running.pop(name, None)

        task = asyncio.get_running_loop().create_task(run())
        self._running[name] = task
        return task

    async def _stop_and_start(self, service: Service) -> None:
        half = self._scenario.restart_duration(service.name) / 2
        await self._tell(service.name, "stopping")
        await self._clock.sleep(half)
        if self.stays_down(service.name):
            service.state, service.note = "STOPPED", OUT_OF_SERVICE
            self._journal.record(self._node, "service_stayed_down", service=service.name)
            return
        service.state = "STARTING"
        await self._start(service, half)

    async def _stop(self, service: Service, seconds: float) -> None:
        await self._tell(service.name, "stopping")
        await self._clock.sleep(seconds)
        service.state, service.note = "STOPPED", OUT_OF_SERVICE

    async def _start(self, service: Service, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if self._faults.take("restart_hangs", self._node, service.name):
            self._journal.record(self._node, "service_hangs", service=service.name)
            return
        service.state, service.started_at = "STARTED", time.time()
        self._journal.record(self._node, "service_started", service=service.name)
        await self._tell(service.name, "started")

    async def _tell(self, name: str, event: Event) -> None:
        for watcher in self.watchers:
            await watcher(name, event)


def _initial(name: str, node: NodeScenario) -> Service:
    subscriber = node.role != PUBLISHER
    if name in node.not_activated or name in NEVER_ACTIVATED or (subscriber and name in (CAPF, CTL_PROVIDER)):
        return Service(name, "STOPPED", NOT_ACTIVATED)
    if name in node.out_of_service or (subscriber and name in STOPPED_ON_SUBSCRIBERS):
        return Service(name, "STOPPED", OUT_OF_SERVICE)
    return Service(name)
