"""Certificates that no authority signs: a node makes a new one by itself, and the other nodes get it from there."""

from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew.domain.plan import Blocked, Check, Done, Evidence, Outcome, Phase, Ready, Risk, Satisfied, Step
from certrenew.domain.ports import StepContext
from certrenew.steps.install import AwaitDistribution


@dataclass(frozen=True, kw_only=True)
class RegenerateCertificate(Step):
    """Replace a self-signed certificate by a new one of the same node (`set cert regen`); the old key is gone at once.

    Never done to a certificate that an authority signed (Security Guide for CUCM 14).
    """

    kind: ClassVar[str] = "regenerate_certificate"
    phase: ClassVar[Phase] = Phase.INSTALL
    risk: ClassVar[Risk] = Risk.CHANGE
    makes: ClassVar[frozenset[str]] = frozenset({"leaf"})
    purpose: str
    serial: str
    not_after: str  # of the certificate that is replaced; ISO 8601

    def summary(self) -> str:
        return f"Have {self.node} make a new self-signed {self.purpose} certificate, in place of {self.serial[-8:]}"

    def check(self, ctx: StepContext) -> Check:
        pem = ctx.session.node(self.node).identity(self.purpose)
        stored = x509.read_certificate(pem)
        if stored.serial != self.serial:
            if ctx.attempted is not None:
                return Satisfied({"leaf": pem}, note="made by an earlier attempt")
            return Blocked(
                f"{self.node} stores {self.purpose} certificate {stored.serial}, but the plan replaces {self.serial}:"
                " somebody has changed it since. Nothing was regenerated; abandon this renewal and ask for a new plan."
            )
        if not stored.self_signed:
            return Blocked(
                f"The {self.purpose} certificate of {self.node} is signed by {stored.issuer}; a self-signed one must"
                " not take its place. Nothing was regenerated; renew it with an authority."
            )
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        session = ctx.session.node(self.node)
        ctx.guard()
        refusal: StepFailed | None = None
        try:
            session.regenerate(self.purpose)
        except AccessDenied:
            raise  # an account that is refused twice is locked
        except StepFailed as error:
            refusal = error  # what counts is what the node stores: to give up now would leave a signer nobody knows
        try:
            leaf = session.identity(self.purpose)
        except AccessDenied:
            raise
        except (StepFailed, Unreachable) as error:
            told = f"{refusal} {error}" if refusal else str(error)
            raise AnswerLost(f"{told} The {self.purpose} certificate was to be regenerated before that.") from error
        if refusal is not None and x509.read_certificate(leaf).serial == self.serial:
            raise refusal
        return Done({"leaf": leaf})

    def verify(self, ctx: StepContext) -> Evidence:
        stored = x509.read_certificate(ctx.session.node(self.node).identity(self.purpose))
        if stored.serial == self.serial:
            raise StepFailed(
                f"{self.node} took the command, but stores the {self.purpose} certificate {self.serial} as before. Look"
                " at the node; retry regenerates it if it is still the same then."
            )
        if not stored.self_signed:
            raise StepFailed(
                f"{self.node} stores another {self.purpose} certificate now, {stored.serial}, which {stored.issuer}"
                " signed: it did not make that itself. Look who uploaded it before anything else is done."
            )
        if stored.not_after.isoformat() <= self.not_after:
            raise StepFailed(
                f"The new {self.purpose} certificate {stored.serial} of {self.node} ends on"
                f" {stored.not_after:%Y-%m-%d}, no later than the one before. Look at the clock of the node."
            )
        return {"stored serial": stored.serial, "expires": stored.not_after.isoformat()}


@dataclass(frozen=True, kw_only=True)
class AwaitRegenerated(AwaitDistribution):
    """From release 12.5 ITLRecovery is one certificate, made on the publisher and brought to every node: each signs
    trust lists with it."""

    kind: ClassVar[str] = "await_regenerated"
    unskippable: ClassVar[str] = "the node would sign trust lists with the old key, and phones would not believe them"

    def summary(self) -> str:
        return f"Wait until {self.node} stores the {self.purpose} certificate that {self.issued_on} made"

    def _not_arrived(self, still: str) -> str:
        return (
            f"{self.issued_on} made a new {self.purpose} certificate, but {self.node} still stores {still}. No trust"
            " list was signed anew, so the phones notice nothing yet. Look at Cisco Certificate Change Notification and"
            " the database replication on both, then retry."
        )
