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
    KEEPALIVE_TIMEOUT,
    RESET_BY_CALLMANAGER,
    UNREGISTERED,
    Phone,
    Sighting,
)
from .service_names import CALLMANAGER, TFTP, TVS
from .services import Event
from .trust_files import TrustFiles

_RETRY = 10.0


class Fleet:
    """Plans lie on a heap ordered by lab time; `settle` carries out those that are due, before anything is read."""

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
        self._plans: list[tuple[float, int, Phone, int, Callable[[Phone], None]]] = []
        self._count = 0
        self._stragglers_left = scenario.phone.stragglers
        for phone in phones:
            if not phone.powered_off:
                phone.trust = files.lists[phone.group[0]]
                self._appear(phone, phone.group[0])
        self.baseline = sum(self.registered_per_node().values())

    def settle(self) -> None:
        """Carry out every plan that is due."""
        now = self._clock.now()
        while self._plans and self._plans[0][0] <= now:
            _, _, phone, turn, action = heapq.heappop(self._plans)
            if turn == phone.turn:
                action(phone)

    def registered_per_node(self) -> dict[str, int]:
        """How many phones each node has registered now."""
        self.settle()
        counts = Counter(phone.node for phone in self.phones.values() if phone.node)
        return {name: counts.get(name, 0) for name in self._nodes}

    def missing(self) -> list[Phone]:
        """Phones that were on at the start and are not registered now."""
        self.settle()
        return [phone for phone in self.phones.values() if phone.node is None and not phone.powered_off]

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

    async def service_changed(self, node: Node, service: str, event: Event) -> None:
        """Follow Cisco CallManager and Cisco Tftp of a node."""
        self.settle()
        if service == TFTP and event == "started":
            self._files.tftp_started(node)
        if service != CALLMANAGER:
            return
        if event == "stopping":
            for position, phone in enumerate(self._on(node.name)):
                self._leave(phone)
                self._plan(phone, _spread(self._manners.failover, position), self._register)
            for phone in self.phones.values():
                phone.sightings.pop(node.name, None)
        else:
            for position, phone in enumerate(list(self.phones.values())):
                if phone.node and self._prefers(phone, node.name):
                    self._plan(phone, _spread(self._manners.fallback, position), self._register)

    def _on(self, name: str) -> list[Phone]:
        return [phone for phone in self.phones.values() if phone.node == name]

    def _prefers(self, phone: Phone, name: str) -> bool:
        return name in phone.group and phone.group.index(name) < phone.group.index(phone.node or "")

    def _plan(self, phone: Phone, delay: float, action: Callable[[Phone], None]) -> None:
        phone.turn += 1
        self._count += 1
        heapq.heappush(self._plans, (self._clock.now() + delay, self._count, phone, phone.turn, action))

    def _return_delay(self, position: int, total: int) -> float:
        # ASSUMPTION A-53: a linear ramp, shuffled by a fixed stride so that neighbours do not come back together.
        slot = (position * 7919) % max(1, total)
        return self._manners.first_return + (self._manners.last_return - self._manners.first_return) * slot / max(
            1, total
        )

    def _fetch_files(self, phone: Phone) -> None:
        """The first thing a reset phone does: get its trust list and configuration, and believe them or not."""
        nodes = [self._nodes[name] for name in phone.group]
        tftp = next((node for node in nodes if node.services.started(TFTP)), None)
        if tftp is None:
            self._plan(phone, _RETRY, self._fetch_files)
            return
        verdict = self._believes(phone, tftp, nodes)
        if verdict is None:
            self._plan(phone, _RETRY, self._fetch_files)
        elif verdict:
            phone.trust = self._files.lists[tftp.name]
            self._register(phone)
        else:
            phone.lost = True
            phone.sightings[phone.last_node] = Sighting("UnRegistered", CONFIGURATION_MISMATCH, int(time.time()))

    def _believes(self, phone: Phone, tftp: Node, nodes: Sequence[Node]) -> bool | None:
        """True, False, or None when the phone cannot tell yet because a TVS is away."""
        held = phone.trust
        if held is None:
            return True  # a phone without a trust file takes the first one
        # ASSUMPTION A-61: 217138 has the phone verify the TFTP signature with the CallManager certificate it knows.
        if self._manners.trust_rule == "217138":
            known = tftp.served["tftp"].fingerprint in held.callmanager
        else:
            known = self._files.lists[tftp.name].signer == held.signer
        if known or any(node.services.started(TVS) and node.served["tvs"].fingerprint in held.tvs for node in nodes):
            return True
        return False if all(node.services.started(TVS) for node in nodes) else None

    def _register(self, phone: Phone) -> None:
        target = next((name for name in phone.group if self._accepts(phone, self._nodes[name])), None)
        if target is None:
            if phone.node:
                self._disappear(phone, KEEPALIVE_TIMEOUT)
            elif phone.last_node:
                phone.sightings[phone.last_node] = Sighting("UnRegistered", KEEPALIVE_TIMEOUT, int(time.time()))
            self._plan(phone, _RETRY, self._register)
        elif target != phone.node:
            if phone.node:
                self._disappear(phone, UNREGISTERED)
            self._appear(phone, target)

    def _accepts(self, phone: Phone, node: Node) -> bool:
        if not node.services.started(CALLMANAGER) or node.unreachable:
            return False
        if not (self._scenario.mixed_mode and phone.secure):
            return True
        # A secure phone checks the CallManager it talks to against the CTL its TFTP node hands out.
        tftp = next((self._nodes[n] for n in phone.group if self._nodes[n].services.started(TFTP)), None)
        return tftp is not None and self._files.ctl_trusts(tftp, node.served["sip"].fingerprint)

    def _appear(self, phone: Phone, name: str) -> None:
        phone.node = phone.last_node = name
        phone.turn += 1
        phone.sightings[name] = Sighting("Registered", 0, int(time.time()))

    def _disappear(self, phone: Phone, reason: int) -> None:
        if phone.node:
            phone.sightings[phone.node] = Sighting("UnRegistered", reason, int(time.time()))
        self._leave(phone)

    def _leave(self, phone: Phone) -> None:
        phone.node = None
        phone.turn += 1


def _spread(window: tuple[float, float], position: int) -> float:
    return window[0] + (window[1] - window[0]) * ((position * 37) % 100) / 100
