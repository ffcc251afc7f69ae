"""Faults that are armed from outside and fire at the next matching moment."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS: dict[str, str] = {
    "ssh_drop": "cut the SSH connection at output number `count` of the next command matching `match`",
    "ssh_lost_answer": "perform the next command matching `match`, then cut the connection before its answer",
    "rest_status": "answer the next REST request matching `match` (METHOD path) with `status`, doing nothing",
    "rest_slow": "wait `seconds` lab seconds before the next REST request matching `match`",
    "rest_lost_answer": "perform the next REST request matching `match`, then cut the connection",
    "axl_status": "answer the next AXL request with `status` (503 throttle, 599 malformed)",
    "restart_hangs": "the next restart of a service matching `match` stays in STARTING",
    "restart_refused": "the next restart, stop or start of a service matching `match` is refused",
    "restart_returns_early": "the next restart over SSH of a service matching `match` says nothing of [STARTED]",
    "phones_never_return": "the next `count` phones that are reset do not come back",
}


@dataclass
class Fault:
    """One armed fault; it fires `times` times on `node` (any node when empty)."""

    kind: str
    node: str = ""
    match: str = ""
    times: int = 1
    status: int = 503
    seconds: float = 60.0
    count: int = 1

    def fits(self, kind: str, node: str, text: str) -> bool:
        """Whether this fault is meant for what is about to happen."""
        return (
            self.kind == kind
            and self.times > 0
            and (not self.node or not node or self.node == node)
            and re.search(self.match, text) is not None
        )


class Faults:
    """The armed faults of one cluster."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Add a fault; ValueError for an unknown kind."""
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}; known: {', '.join(sorted(KINDS))}")
        self.armed.append(fault)

    def take(self, kind: str, node: str, text: str = "") -> Fault | None:
        """The first armed fault that fits, used up once; None when nothing is armed."""
        for fault in self.armed:
            if fault.fits(kind, node, text):
                fault.times -= 1
                self.armed = [other for other in self.armed if other.times > 0]
                return fault
        return None
