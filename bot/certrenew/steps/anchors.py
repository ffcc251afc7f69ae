"""What phones trust beside the certificate that is renewed: it must be in order before anything of it changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed
from certrenew.domain.plan import Blocked, Evidence, Phase
from certrenew.domain.ports import StepContext
from certrenew.steps.preflight import Precheck

PORTS = {"CallManager": (6972, 5061, 2443), "TVS": (2445,), "CAPF": (3804,)}  # where each is presented
IN_CTL = ("CallManager", "CAPF")


@dataclass(frozen=True, kw_only=True)
class CheckAnchors(Precheck):
    """A trust anchor that was replaced and is not served yet, or that the CTL does not name, has not settled: to
    replace another one now would leave phones nothing to trust (Cisco 217138, 225746)."""

    kind: ClassVar[str] = "check_anchors"
    unskippable: ClassVar[str] = "phones that trust neither the old nor the new certificates are lost for good"
    renewing: str
    nodes: tuple[str, ...]  # that register phones
    beside: tuple[str, ...] = ()  # the other nodes of CUCM: TFTP, TVS or CAPF may run there alone
    in_ctl: bool  # whether the CTL must name what is stored: mixed mode, and this renewal will not update it first

    def summary(self) -> str:
        return "Check that no other trust anchor of the phones is in the middle of a change"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        others = tuple(purpose for purpose in PORTS if purpose != self.renewing)
        ctl = ctx.session.node(self.node).ctl_serials() if self.in_ctl else frozenset()
        unsettled: list[str] = []
        for name in (*self.nodes, *self.beside):
            for purpose, stored in ctx.session.node(name).identities(others).items():
                unsettled += self._faults(ctx, name, purpose, x509.read_certificate(stored).serial, ctl)
        if unsettled:
            return Blocked(
                f"{self.renewing} must wait: {'; '.join(unsettled)}. That renewal has not settled, and phones would"
                " trust nothing any more. Finish it (CTL, services, every phone back), then retry."
            )
        return {"other trust anchors": "stored and served are the same"}

    def _faults(self, ctx: StepContext, name: str, purpose: str, serial: str, ctl: frozenset[str]) -> Iterator[str]:
        shown = [pem for port in PORTS[purpose] if (pem := self._served(ctx, name, port)) is not None]
        serials = {x509.serial_of(pem) for pem in shown}
        if old := sorted(serials - {serial}):
            yield f"{name} stores {purpose} certificate {serial} but still serves {', '.join(old)}"
        named = name == self.node if purpose == "CAPF" else purpose in IN_CTL and name in self.nodes
        if self.in_ctl and named and serial.lstrip("0") not in ctl:
            yield f"the CTL file does not name the {purpose} certificate {serial} that {name} stores"

    @staticmethod
    def _served(ctx: StepContext, name: str, port: int) -> str | None:
        try:
            return ctx.session.node(name).served(port, elliptic=False)
        except StepFailed:
            return None


@dataclass(frozen=True, kw_only=True)
class CheckAnchorsNow(CheckAnchors):
    """The same right before the first upload: days may have passed, and in a campaign the anchor before this one."""

    kind: ClassVar[str] = "check_anchors_now"
    phase: ClassVar[Phase] = Phase.INSTALL

    def summary(self) -> str:
        return "Check again that no other trust anchor of the phones is in the middle of a change"
