"""Removing expired certificates from trust stores, one named certificate at a time, and nothing beside it."""

from dataclasses import dataclass
from typing import ClassVar

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import TrustFile
from certrenew.domain.plan import Blocked, Check, Done, Evidence, Outcome, Phase, Ready, Risk, Satisfied, Step
from certrenew.domain.ports import StepContext
from certrenew.steps.looking import Looking

LONGEST = 70  # characters of a file name in a summary


@dataclass(frozen=True, kw_only=True)
class DeleteTrust(Step):
    """Delete one entry of a trust store, if it still holds the certificate that was approved.

    Some stores are emptied cluster-wide (Security Guide for CUCM 14), others node by node (Cisco 214231): where the
    entry is gone already, nothing is done.
    """

    kind: ClassVar[str] = "delete_trust"
    phase: ClassVar[Phase] = Phase.INSTALL
    risk: ClassVar[Risk] = Risk.CHANGE
    store: str
    file: str
    fingerprint: str
    serial: str
    subject: str

    def summary(self) -> str:
        file = self.file if len(self.file) <= LONGEST else f"{self.file[:LONGEST]}…"
        return f"Delete {self.store}-trust/{file} on {self.node}, if it is still there"

    def check(self, ctx: StepContext) -> Check:
        held = self._held(ctx)
        if held is None:
            return Satisfied(note="it is gone there already")
        if held.certificate.fingerprint != self.fingerprint:
            return Blocked(
                f"{self.store}-trust/{self.file} on {self.node} holds another certificate now,"
                f" {held.certificate.serial} until {held.certificate.not_after:%Y-%m-%d}, not {self.serial}. It was not"
                " deleted. Skip this step, or ask for a new plan."
            )
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        ctx.guard()
        ctx.session.node(self.node).delete_trust(self.store, self.file)
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        held = self._held(ctx)
        if held is not None and held.certificate.fingerprint == self.fingerprint:
            raise StepFailed(
                f"{self.node} took the command, but still holds {self.store}-trust/{self.file}. Retry deletes it again;"
                " skip leaves it there."
            )
        return {"deleted": f"{self.store}-trust/{self.file}", "subject": self.subject, "serial": self.serial}

    def _held(self, ctx: StepContext) -> TrustFile | None:
        entries = ctx.session.node(self.node).trust_files(self.store)
        return next((entry for entry in entries if entry.file == self.file), None)


@dataclass(frozen=True, kw_only=True)
class ProveTrust(Looking):
    """The stores of one node are listed anew: what was removed has not come back, and what is needed is there.

    `removed` and `kept` are spelt "store fingerprint". Kept are the issuers of every certificate that a node has of its
    own, and the entries of ipsec-trust by which the disaster recovery system knows the nodes.
    """

    kind: ClassVar[str] = "prove_trust"
    phase: ClassVar[Phase] = Phase.PROVE
    stores: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    def summary(self) -> str:
        return f"List the trust stores of {self.node} again: nothing expired is back, and nothing needed is gone"

    def check(self, ctx: StepContext) -> Check:
        session = ctx.session.node(self.node)
        entries = [entry for store in self.stores for entry in session.trust_files(store)]
        held = {f"{entry.store} {entry.certificate.fingerprint}": entry for entry in entries}
        if gone := [name for name in self.kept if name not in held]:
            named = ", ".join(f"{store}-trust (SHA-256 {mark[:16]}…)" for store, mark in map(str.split, gone))
            return Blocked(
                f"{self.node} no longer holds what it held and needs in {named}. This renewal did not name it for"
                " deletion. Upload that certificate again, then retry, which looks again."
            )
        if back := [held[name] for name in self.removed if name in held]:
            named = ", ".join(f"{entry.store}-trust/{entry.file}" for entry in back)
            return Blocked(
                f"{self.node} holds {named}: left there by a step that was skipped, or brought back by Cisco"
                " Certificate Change Notification. No harm is done. Delete it by hand and retry, or skip this step."
            )
        return Satisfied({"removed": len(self.removed), "still needed and there": len(self.kept)})
