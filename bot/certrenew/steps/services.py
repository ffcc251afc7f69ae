"""The CTL file and service restarts: one node at a time, each confirmed before anything else happens."""

from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed, Unreachable
from certrenew.domain.model import Service
from certrenew.domain.plan import Blocked, Check, Done, Evidence, Outcome, Phase, Ready, Risk, Satisfied, Step, Waiting
from certrenew.domain.ports import NodeSession, StepContext

CLOCK_MARGIN = 2.0  # seconds between asking for a restart and the service's own start


@dataclass(frozen=True, kw_only=True)
class UpdateCtl(Step):
    """In mixed mode the CTL must name the new certificates before the restarts (Cisco 217138)."""

    kind: ClassVar[str] = "update_ctl"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.CHANGE
    renewed: tuple[str, ...]
    purpose: str

    def summary(self) -> str:
        return f"Update the CTL file on {self.node}, so that secure phones trust the new certificates"

    def check(self, ctx: StepContext) -> Check:
        return Satisfied(note="the CTL names the new certificates already") if not self._missing(ctx) else Ready()

    def act(self, ctx: StepContext) -> Outcome:
        ctx.guard()
        ctx.session.node(self.node).update_ctl()
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        if missing := self._missing(ctx):
            raise StepFailed(
                f"The CTL was updated, but does not name the new certificate of {', '.join(missing)}. Do not restart"
                " services before it does: secure phones would not come back. Look at `show ctl`, then retry."
            )
        return {"in the CTL": [f"{node} {self._serial(ctx, node)}" for node in self.renewed]}

    def _serial(self, ctx: StepContext, node: str) -> str:
        return x509.serial_of(str(ctx.output("leaf", node)))

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
        if state.changing:
            return Waiting(f"{self.service} on {self.node} is {state.state}", ctx.pace.poll_services)
        asked_ago = (ctx.now - ctx.attempted).total_seconds()
        up = node.running_for(self.service)
        if up is None:
            if asked_ago > ctx.pace.service_timeout:
                return Blocked(f"{self.service} on {self.node} has not started {asked_ago:.0f} s after its restart.")
            return Waiting(f"{self.service} on {self.node} is {state.state} after its restart", ctx.pace.poll_services)
        if up <= asked_ago + CLOCK_MARGIN:
            return Satisfied(note=f"it restarted {up:.0f} s ago, by the attempt that was cut off")
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        node = ctx.session.node(self.node)
        ctx.guard()
        node.restart(self.service)
        self._await_start(ctx, node)
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        state = self._state(ctx.session.node(self.node))
        if not state.started:
            raise StepFailed(f"{self.service} on {self.node} is {state.state} {state.note}".rstrip() + ".")
        return {self.service: state.state}

    def _await_start(self, ctx: StepContext, node: NodeSession) -> None:
        """The prompt may come back before the service does: look until it says that it started."""
        began = ctx.now
        last = "not seen"
        while (ctx.now - began).total_seconds() < ctx.pace.service_timeout:
            try:
                state = self._state(node)
                if state.started:
                    return
                last = f"{state.state} {state.note}".rstrip()
            except Unreachable as error:
                last = str(error)  # some restarts cut the line that asked for them
            ctx.sleep(ctx.pace.poll_services)
        raise StepFailed(
            f"{self.service} on {self.node} has not started within {ctx.pace.service_timeout:.0f} s; it is {last}."
            " Look at the node; retry asks for another restart, skip goes on without it."
        )

    def _state(self, node: NodeSession) -> Service:
        found = node.services().get(self.service)
        if found is None:
            raise StepFailed(f"{self.node} has no service {self.service!r}; service names are case-sensitive.")
        return found
