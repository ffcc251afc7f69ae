"""Proof: what each node stores and serves now. Stored is not served, so both are looked at."""

from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed
from certrenew.domain.plan import Blocked, Check, Json, Phase, Satisfied, Waiting
from certrenew.domain.ports import StepContext
from certrenew.steps.looking import Looking, seconds_waited


@dataclass(frozen=True, kw_only=True)
class Proof(Looking):
    """A step that reads only; its check says what was seen, or why the proof fails."""

    phase: ClassVar[Phase] = Phase.PROVE


@dataclass(frozen=True, kw_only=True)
class ProveStored(Proof):
    kind: ClassVar[str] = "prove_stored"
    needs: ClassVar[frozenset[str]] = frozenset({"leaf"})
    purpose: str
    issued_on: str = ""

    @property
    def origin(self) -> str:
        return self.issued_on or self.node

    def summary(self) -> str:
        return f"Check that {self.node} stores the new {self.purpose} certificate and has no request left"

    def check(self, ctx: StepContext) -> Check:
        session = ctx.session.node(self.node)
        stored = x509.read_certificate(session.identity(self.purpose))
        if stored.fingerprint != x509.fingerprint_of(str(ctx.output("leaf", self.origin))):
            return Blocked(f"{self.node} stores {self.purpose} certificate {stored.serial}, not the new one.")
        if session.pending_csr(self.purpose) is not None:
            return Blocked(
                f"{self.node} stores the new certificate, but a {self.purpose} signing request waits there again:"
                " somebody generated one meanwhile. The renewal itself is complete."
            )
        return Satisfied(
            {"stored serial": stored.serial, "expires": stored.not_after.isoformat(), "request left": False}
        )


@dataclass(frozen=True, kw_only=True)
class ProveServed(Proof):
    """A TLS handshake on the ports that present this certificate; those that listen must all show the new one."""

    kind: ClassVar[str] = "prove_served"
    needs: ClassVar[frozenset[str]] = frozenset({"leaf"})
    purpose: str
    ports: tuple[int, ...]
    issued_on: str = ""
    elliptic: bool = False  # an RSA certificate shares the ports: the handshake asks for the other one
    may_be_closed: bool = False  # whether these ports listen depends on the cluster's features

    @property
    def origin(self) -> str:
        return self.issued_on or self.node

    def summary(self) -> str:
        return f"Check by TLS that {self.node} serves the new {self.purpose} certificate"

    def check(self, ctx: StepContext) -> Check:
        session = ctx.session.node(self.node)
        new = x509.read_certificate(str(ctx.output("leaf", self.origin)))
        seen: dict[str, Json] = {}
        old: list[str] = []
        for port in self.ports:
            served = session.served(port, elliptic=self.elliptic)
            if served is None and not self.elliptic:  # a port that speaks only protocols where none can be chosen
                served = session.served(port)
            if served is None:
                continue
            found = x509.read_certificate(served)
            seen[f"port {port}"] = found.serial
            if found.fingerprint != new.fingerprint:
                old.append(f"port {port} serves {found.serial}")
        if seen and not old:
            return Satisfied({"served": seen, "serial": new.serial, "expires": new.not_after.isoformat()})
        if self.may_be_closed and not seen:
            closed = f"nothing presents it on {', '.join(map(str, self.ports))}"
            return Satisfied({"served": closed, "serial": new.serial}, note=f"{closed}: not in use there")
        waited = seconds_waited(ctx)
        what = "; ".join(old) or f"nothing listens on {', '.join(map(str, self.ports))}"
        if waited <= ctx.pace.served_timeout:
            return Waiting(f"{self.node}: {what}", ctx.pace.poll_services)
        return Blocked(
            f"{self.node} stores the new {self.purpose} certificate {new.serial} but does not serve it: {what}."
            " The service behind that port has perhaps not restarted since the upload: look at it, then retry."
        )


@dataclass(frozen=True, kw_only=True)
class ProveServices(Proof):
    kind: ClassVar[str] = "prove_services"
    services: tuple[str, ...]

    def summary(self) -> str:
        return f"Check that every restarted service runs on {self.node}"

    def check(self, ctx: StepContext) -> Check:
        found = ctx.session.node(self.node).services()
        down = [name for name in self.services if name not in found or not found[name].started]
        if down:
            return Blocked(f"{', '.join(down)} does not run on {self.node}. Start it, then retry.")
        return Satisfied({name: found[name].state for name in self.services})


@dataclass(frozen=True, kw_only=True)
class ProveBackupSystem(Proof):
    """The disaster recovery system uses the ipsec certificates: it must still answer."""

    kind: ClassVar[str] = "prove_backup_system"

    def summary(self) -> str:
        return "Check that the disaster recovery system answers"

    def check(self, ctx: StepContext) -> Check:
        waited = seconds_waited(ctx)
        try:
            running = ctx.session.node(self.node).backup_running()
        except StepFailed as error:
            if waited <= ctx.pace.served_timeout:
                return Waiting(f"the disaster recovery system does not answer yet: {error}", ctx.pace.poll_services)
            return Blocked(
                f"The disaster recovery system does not answer {waited / 60:.0f} minutes after its restart: {error}"
                " Look at Cisco DRF Master on the publisher and at the entry of each node in ipsec-trust, then retry."
            )
        return Satisfied({"disaster recovery system": "answers", "backup running": running})
