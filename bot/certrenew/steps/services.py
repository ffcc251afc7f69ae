"""The CTL file and service restarts: one node at a time, each confirmed before anything else happens."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed, Unreachable
from certrenew.domain.model import Service
from certrenew.domain.plan import Blocked, Check, Done, Evidence, Outcome, Phase, Ready, Risk, Satisfied, Step, Waiting
from certrenew.domain.ports import NodeSession, StepContext

CLOCK_MARGIN = 2.0  # seconds between asking for a restart and the service's own start
LOOKS = 4  # polls until a command whose line was cut counts as never carried out


@dataclass(frozen=True, kw_only=True)
class UpdateCtl(Step):
    """In mixed mode the CTL must name the new certificates before the restarts (Cisco 217138)."""

    kind: ClassVar[str] = "update_ctl"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.CHANGE
    unskippable: ClassVar[str] = "after the restarts secure phones would not come back without it"
    renewed: tuple[str, ...]
    purpose: str
    issued_on: str = ""
    elliptic: bool = False  # not every release lists elliptic curve certificates in the CTL

    def summary(self) -> str:
        return f"Update the CTL file on {self.node}, so that secure phones trust the new certificates"

    def check(self, ctx: StepContext) -> Check:
        return Satisfied(note="the CTL names the new certificates already") if not self._missing(ctx) else Ready()

    def act(self, ctx: StepContext) -> Outcome:
        ctx.guard()
        ctx.session.node(self.node).update_ctl()
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        missing = self._missing(ctx)
        if missing and self.elliptic:
            return {"in the CTL": f"updated; it lists no elliptic curve certificate of {', '.join(missing)}"}
        if missing:
            raise StepFailed(
                f"The CTL was updated, but does not name the new certificate of {', '.join(missing)}. Do not restart"
                " services before it does: secure phones would not come back. Look at `show ctl`, then retry."
            )
        return {"in the CTL": [f"{node} {self._serial(ctx, node)}" for node in self.renewed]}

    def _serial(self, ctx: StepContext, node: str) -> str:
        return x509.serial_of(str(ctx.output("leaf", self.issued_on or node)))

    def _missing(self, ctx: StepContext) -> list[str]:
        serials = {serial.lstrip("0") for serial in ctx.session.node(self.node).ctl_serials()}
        return [node for node in self.renewed if self._serial(ctx, node).lstrip("0") not in serials]


@dataclass(frozen=True, kw_only=True)
class RestartService(Step):
    """Restart one service on one node and wait until it has started; never repeated because a line was cut."""

    kind: ClassVar[str] = "restart_service"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.OUTAGE
    service: str

    def summary(self) -> str:
        return f"Restart {self.service} on {self.node} and wait until it has started"

    def check(self, ctx: StepContext) -> Check:
        node = ctx.session.node(self.node)
        state = self._state(node)
        if ctx.attempted is None:
            if not state.active:
                return Blocked(
                    f"{self.service} on {self.node} is {state.state} {state.note}".rstrip()
                    + ", so it is not restarted. Start it, or skip this step, if it is meant to be off."
                )
            return Ready()
        asked_ago = (ctx.now - ctx.attempted).total_seconds()
        up = None if state.changing else node.running_for(self.service)
        if up is None:
            if asked_ago > ctx.pace.service_timeout:
                return Blocked(
                    f"{self.service} on {self.node} has not started {asked_ago:.0f} s after its restart; it is"
                    f" {state.state}. Start it on the node, then retry: a retry only looks again."
                )
            return Waiting(f"{self.service} on {self.node} is {state.state} after its restart", ctx.pace.poll_services)
        if up <= asked_ago + CLOCK_MARGIN:
            return Satisfied(note=f"it restarted {up:.0f} s ago, by the attempt that was cut off")
        if asked_ago < LOOKS * ctx.pace.poll_services:  # the node may only be about to stop it
            return Waiting(
                f"looking whether the restart of {self.service} on {self.node} that was cut off takes effect",
                ctx.pace.poll_services,
            )
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        node = ctx.session.node(self.node)
        asked = ctx.now
        ctx.guard()
        node.restart(self.service)
        self._await_start(ctx, node, asked)
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        state = self._state(ctx.session.node(self.node))
        if not state.started:
            raise StepFailed(f"{self.service} on {self.node} is {state.state} {state.note}".rstrip() + ".")
        return {self.service: state.state}

    def _await_start(self, ctx: StepContext, node: NodeSession, asked: datetime) -> None:
        """The prompt may come back before the service does, or before it has even stopped: look until it says that
        it started, and not before it was asked to."""
        began = ctx.now
        last = "not seen"
        while (ctx.now - began).total_seconds() < ctx.pace.service_timeout:
            try:
                state = self._state(node)
                if state.started and self._anew(ctx, node, asked):
                    return
                last = "still the one from before" if state.started else f"{state.state} {state.note}".rstrip()
            except Unreachable as error:
                last = str(error)  # some restarts cut the line that asked for them
            ctx.sleep(ctx.pace.poll_services)
        raise StepFailed(
            f"{self.service} on {self.node} has not started within {ctx.pace.service_timeout:.0f} s; it is {last}."
            " Look at the node; retry asks for another restart, skip goes on without it."
        )

    def _anew(self, ctx: StepContext, node: NodeSession, asked: datetime) -> bool:
        """Whether it started after it was asked to. Where nothing tells since when it runs, its state has to do."""
        try:
            up = node.running_for(self.service)
        except (StepFailed, Unreachable):
            return True
        return up is None or up <= (ctx.now - asked).total_seconds() + CLOCK_MARGIN

    def _state(self, node: NodeSession) -> Service:
        found = node.services().get(self.service)
        if found is None:
            raise StepFailed(f"{self.node} has no service {self.service!r}; service names are case-sensitive.")
        return found
