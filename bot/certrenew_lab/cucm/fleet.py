"""All phones of the cluster: resets, failover, the way back, and the phones that stay away."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ..scenario import ClusterScenario
from .clock import LabClock
from .faults import Faults
from .journal import Journal
from .node import Node
from .phone import (
    CONFIGURATION_MISMATCH,
    CONNECTIVITY_ERROR,
    KEEPALIVE_TIMEOUT,
    RESET_BY_CALLMANAGER,
    UNREGISTERED,
    Phone,
    Sighting,
)
from .phone_trust import PhoneTrust
from .service_names import CALLMANAGER, TFTP
from .services import Event
from .trust_files import TrustFiles

_RETRY = 10.0
Action = Callable[[Phone], None]


class Fleet:
    """Plans lie on a heap ordered by lab time; `settle` carries out those that are due, before anything is read.

    A phone that cannot get on waits until the cluster changes, so that 40,000 waiting phones cost nothing.
    """

    def __init__(
        self,
        scenario: ClusterScenario,
        phones: Sequence[Phone],
        nodes: Sequence[Node],
        files: TrustFiles,
        clock: LabClock,
        journal: Journal,
        faults: Faults,
    ) -> None:
        self._scenario = scenario
        self._manners = scenario.phone
        self.phones = {phone.name: phone for phone in phones}
        self._nodes = {node.name: node for node in nodes}
        self._files = files
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._trust = PhoneTrust(self._nodes, files, scenario.phone)
        self._plans: list[tuple[float, int, Phone, int, Action]] = []
        self._count = 0
        self._waiting: list[tuple[Phone, int, Action]] = []
        self._newly_waiting = False
        self._check_at = 0.0
        self._world: tuple[object, ...] = ()
        self._stragglers_left = scenario.phone.stragglers
        self._on: dict[str, dict[str, Phone]] = {node.name: {} for node in nodes}
        self._soft_on: Counter[str] = Counter()
        self._away: dict[str, Phone] = {}
        for phone in phones:
            if not phone.powered_off:
                phone.trust = files.lists[phone.group[0]]
                phone.control = files.controls[phone.group[0]]
                self._appear(phone, phone.group[0])
        self.issue_lscs()
        self.baseline = sum(self.registered_per_node().values())

    def settle(self) -> None:
        """Carry out every plan that is due."""
        now = self._clock.now()
        while self._plans and self._plans[0][0] <= now:
            _, _, phone, turn, action = heapq.heappop(self._plans)
            if turn == phone.turn:
                action(phone)
        if self._waiting and now >= self._check_at:
            self._check_at = now + _RETRY
            self._wake()

    def _wake(self) -> None:
        """Let waiting phones try again, unless nothing has changed since all of them tried."""
        world = self._trust.world(list(self._nodes.values()))
        if world == self._world and not self._newly_waiting:
            return
        self._world = world
        waiting, self._waiting = self._waiting, []
        for phone, turn, action in waiting:
            if turn == phone.turn:
                action(phone)
        self._newly_waiting = False

    def registered_per_node(self) -> dict[str, int]:
        """How many phones each node has registered now."""
        self.settle()
        return {name: len(here) for name, here in self._on.items()}

    def kinds_on(self, name: str) -> tuple[int, int]:
        """How many hardware and how many soft phones one node has registered now."""
        self.settle()
        soft = self._soft_on.get(name, 0)
        return len(self._on.get(name, {})) - soft, soft

    def registered_on(self, name: str) -> list[Phone]:
        """The phones one node has registered now."""
        self.settle()
        return list(self._on.get(name, {}).values())

    def missing(self) -> list[Phone]:
        """Phones that were on at the start and are not registered now."""
        self.settle()
        return sorted(self._away.values(), key=lambda phone: phone.number)

    def reset(self, phones: Iterable[Phone], scope: str, cause: str) -> int:
        """Reset the registered ones among these phones; returns how many, and they come back over the ramp."""
        self.settle()
        hit = [phone for phone in phones if phone.node]
        fault = self._faults.take("phones_never_return", "", cause)
        never = (fault.count if fault else 0) + self._stragglers_left
        self._stragglers_left = max(0, self._stragglers_left - len(hit))
        self._journal.record("", "phones_reset", scope=scope, count=len(hit), cause=cause)
        # Stragglers are spread over the fleet, so that every pool and node has its share.
        step = max(1, len(hit) // never) if never else 0
        for position, phone in enumerate(hit):
            stays_away = bool(never) and position % step == 0 and position // step < never
            if stays_away:
                self._disappear(phone, KEEPALIVE_TIMEOUT if position // step % 2 == 0 else CONFIGURATION_MISMATCH)
                phone.lost = True
            else:
                self._disappear(phone, RESET_BY_CALLMANAGER)
                self._plan(phone, self._return_delay(position, len(hit)), self._fetch_files)
        return len(hit)

    def unlock(self, count: int) -> int:
        """Somebody deletes the trust files of stranded phones by hand; returns how many come back for it."""
        self.settle()
        stranded = [phone for phone in self._away.values() if phone.stranded][:count]
        for position, phone in enumerate(stranded):
            phone.trust = phone.control = None
            phone.lost = phone.stranded = False
            self._plan(phone, self._return_delay(position, len(stranded)), self._fetch_files)
        return len(stranded)

    def issue_lscs(self) -> int:
        """Give the secure phones that use one a certificate of the CAPF of today; returns how many."""
        share = self._manners.lsc_share
        every = round(1 / share) if share else 0
        secure = [phone for phone in self.phones.values() if phone.secure]
        issued = secure[::every] if every else []
        capf = next(iter(self._nodes.values())).store.identities["CAPF"].fingerprint
        for phone in issued:
            phone.lsc = capf
        self._world = ()  # those who were refused with the old one try again
        return len(issued)

    async def service_changed(self, node: Node, service: str, event: Event) -> None:
        """Follow Cisco CallManager and Cisco Tftp of a node."""
        self.settle()
        if service == TFTP and event == "started":
            self._files.tftp_started(node)
        if service != CALLMANAGER:
            return
        if event == "stopping":
            for position, phone in enumerate(self.registered_on(node.name)):
                self._leave(phone)
                self._plan(phone, _spread(self._manners.failover, position), self._register)
            for phone in self.phones.values():
                phone.sightings.pop(node.name, None)
        else:
            for position, phone in enumerate(list(self.phones.values())):
                if phone.node and self._prefers(phone, node.name):
                    self._plan(phone, _spread(self._manners.fallback, position), self._register)

    def _prefers(self, phone: Phone, name: str) -> bool:
        return name in phone.group and phone.group.index(name) < phone.group.index(phone.node or "")

    def _plan(self, phone: Phone, delay: float, action: Action) -> None:
        phone.turn += 1
        self._count += 1
        heapq.heappush(self._plans, (self._clock.now() + delay, self._count, phone, phone.turn, action))

    def _wait(self, phone: Phone, action: Action) -> None:
        phone.turn += 1
        self._waiting.append((phone, phone.turn, action))
        self._newly_waiting = True

    def _return_delay(self, position: int, total: int) -> float:
        # ASSUMPTION A-53: a linear ramp, shuffled by a fixed stride so that neighbours do not come back together.
        slot = (position * 7919) % max(1, total)
        return self._manners.first_return + (self._manners.last_return - self._manners.first_return) * slot / max(
            1, total
        )

    def _fetch_files(self, phone: Phone) -> None:
        """The first thing a reset phone does: get its trust list and configuration, and believe them or not."""
        tftp = next((self._nodes[name] for name in phone.group if self._nodes[name].services.started(TFTP)), None)
        if tftp is None:
            self._wait(phone, self._fetch_files)
            return
        self._trust.take_control_list(phone, tftp)
        # A damaged file is thrown away; the phone goes on with the one it has.
        verdict = self._trust.believes(phone, tftp) if self._files.itl[tftp.name].valid else True
        if verdict is None:
            self._wait(phone, self._fetch_files)
        elif verdict:
            if self._files.itl[tftp.name].valid:
                phone.trust = self._files.lists[tftp.name]
            self._register(phone)
        else:
            phone.lost = phone.stranded = True
            if phone.node:
                self._disappear(phone, CONFIGURATION_MISMATCH)
            phone.sightings[phone.last_node] = Sighting("UnRegistered", CONFIGURATION_MISMATCH, int(time.time()))

    def _register(self, phone: Phone) -> None:
        reason = KEEPALIVE_TIMEOUT
        for name in phone.group:
            refusal = self._refusal(phone, self._nodes[name])
            if refusal is None:
                if name != phone.node:
                    self._move(phone, name)
                return
            reason = refusal or reason
        if phone.node:
            self._disappear(phone, reason)
        elif phone.last_node:
            phone.sightings[phone.last_node] = Sighting("UnRegistered", reason, int(time.time()))
        # A secure phone that nobody takes asks for its files again; the others only need a CallManager.
        self._wait(phone, self._fetch_files if phone.control is not None and phone.secure else self._register)

    def _move(self, phone: Phone, name: str) -> None:
        if phone.node:
            self._disappear(phone, UNREGISTERED)
        self._appear(phone, name)

    def _refusal(self, phone: Phone, node: Node) -> int | None:
        """Why the phone cannot register here, as a reason number (0: nobody answers); None when it can."""
        if not node.services.started(CALLMANAGER) or node.unreachable:
            return 0
        if not (self._scenario.mixed_mode and phone.secure):
            return None
        if not self._trust.serves_known_callmanager(phone, node):
            return KEEPALIVE_TIMEOUT
        if not self._trust.accepts_lsc(phone):
            return CONNECTIVITY_ERROR if int(phone.number) % 2 else KEEPALIVE_TIMEOUT
        return None

    def _appear(self, phone: Phone, name: str) -> None:
        phone.node = phone.last_node = name
        phone.turn += 1
        phone.sightings[name] = Sighting("Registered", 0, int(time.time()))
        self._on[name][phone.name] = phone
        self._soft_on[name] += phone.soft
        self._away.pop(phone.name, None)

    def _disappear(self, phone: Phone, reason: int) -> None:
        if phone.node:
            phone.sightings[phone.node] = Sighting("UnRegistered", reason, int(time.time()))
        self._leave(phone)

    def _leave(self, phone: Phone) -> None:
        if phone.node:
            self._on[phone.node].pop(phone.name, None)
            self._soft_on[phone.node] -= phone.soft
            self._away[phone.name] = phone
        phone.node = None
        phone.turn += 1


def _spread(window: tuple[float, float], position: int) -> float:
    return window[0] + (window[1] - window[0]) * ((position * 37) % 100) / 100
