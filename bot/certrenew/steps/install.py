"""Root, intermediates, identity, in that order (Cisco 217138): from here on phones may notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import AccessDenied, CertrenewError, StepFailed, Unreadable
from certrenew.domain.plan import (
    Blocked,
    Check,
    Done,
    Evidence,
    Outcome,
    Phase,
    Ready,
    Risk,
    Satisfied,
    Step,
    Waiting,
)
from certrenew.domain.ports import NodeSession, StepContext
from certrenew.steps.looking import Looking, seconds_waited
from certrenew.steps.preflight import must_be_text


def chain_of(ctx: StepContext, node: str) -> list[str]:
    """The validated chain of this node as PEM: leaf first, root last."""
    chain = ctx.output("chain", node)
    if not isinstance(chain, list) or len(chain) < 2:
        raise StepFailed(f"The recorded chain of {node} is incomplete; nothing was uploaded.")
    return [str(pem) for pem in chain]


def still_the_signed_request(ctx: StepContext, session: NodeSession, node: str, purpose: str) -> Blocked | None:
    """Blocked when the request that was signed is no longer the one on the node: its key is lost for good."""
    waiting = session.pending_csr(purpose)
    signed = x509.key_hash(must_be_text(ctx.output("csr", node), "signing request"))
    if waiting is None:
        return Blocked(
            f"{node} has no {purpose} signing request any more: somebody used or removed it, and the new certificate"
            f" has no key there. It cannot be installed on {node}, and a retry does not help: abandon this renewal and"
            " ask for a new one, with --replace-csr."
        )
    if x509.key_hash(waiting) != signed:
        return Blocked(
            f"Somebody generated another {purpose} signing request on {node} after ours was signed, which destroyed"
            f" our key. The new certificate cannot be installed on {node}, and a retry does not help: agree with that"
            " person, abandon this renewal and ask for a new one, with --replace-csr."
        )
    return None


def must_not_have_expired(ctx: StepContext, node: str, purpose: str) -> Blocked | None:
    """Blocked when the new certificate ended while the renewal waited for its release, or stood still."""
    leaf = x509.read_certificate(chain_of(ctx, node)[0])
    if leaf.not_after > ctx.now:
        return None
    return Blocked(
        f"The new {purpose} certificate of {node} expired on {leaf.not_after:%Y-%m-%d %H:%M} UTC, before it was"
        " installed. Abandon this renewal and ask for a new one, with --replace-csr."
    )


@dataclass(frozen=True, kw_only=True)
class CheckRequest(Looking):
    """Every node is asked before the first upload: a request lost on the last one must not show half-way."""

    kind: ClassVar[str] = "check_request"
    phase: ClassVar[Phase] = Phase.INSTALL
    unskippable: ClassVar[str] = "this node could not take its certificate, and the others would go on without it"
    needs: ClassVar[frozenset[str]] = frozenset({"csr", "chain"})
    purpose: str

    def summary(self) -> str:
        return f"Check that {self.node} still holds the {self.purpose} request that was signed"

    def check(self, ctx: StepContext) -> Check:
        lost = still_the_signed_request(ctx, ctx.session.node(self.node), self.node, self.purpose)
        lost = lost or must_not_have_expired(ctx, self.node, self.purpose)
        return lost or Satisfied({"request": "waits on the node"})


@dataclass(frozen=True, kw_only=True)
class UploadChain(Step):
    """The root, then each intermediate, into the trust stores; some stores get the root alone."""

    kind: ClassVar[str] = "upload_chain"
    phase: ClassVar[Phase] = Phase.INSTALL
    risk: ClassVar[Risk] = Risk.CHANGE
    needs: ClassVar[frozenset[str]] = frozenset({"csr", "chain"})
    purpose: str
    trust: tuple[str, ...]
    root_trust: tuple[str, ...] = ()
    issued_on: str = ""  # the node whose request was signed for several

    @property
    def origin(self) -> str:
        return self.issued_on or self.node

    def summary(self) -> str:
        stores = " and ".join(f"{purpose}-trust" for purpose in self.trust)
        also = "".join(f", the root also to {purpose}-trust," for purpose in self.root_trust)
        return f"Upload root and intermediate certificates to {stores}{also} on {self.node}"

    def check(self, ctx: StepContext) -> Check:
        session = ctx.session.node(self.node)
        if not self._missing(ctx, session, unread=True):
            return Satisfied(note="all of them are there already")
        lost = still_the_signed_request(ctx, ctx.session.node(self.origin), self.origin, self.purpose)
        return lost or must_not_have_expired(ctx, self.origin, self.purpose) or Ready()

    def act(self, ctx: StepContext) -> Outcome:
        session = ctx.session.node(self.node)
        for purpose, pem in self._missing(ctx, session, unread=True):
            ctx.guard()
            session.upload_trust(purpose, pem)
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        session = ctx.session.node(self.node)
        if missing := self._missing(ctx, session, unread=False):
            named = ", ".join(f"{x509.read_certificate(pem).subject} in {purpose}-trust" for purpose, pem in missing)
            raise StepFailed(
                f"{self.node} accepted the upload but does not hold {named}. A certificate with the same name and a"
                " later start date keeps its place; delete that one first, then retry."
            )
        return {"in trust": [x509.read_certificate(pem).subject for pem in reversed(chain_of(ctx, self.origin)[1:])]}

    def _missing(self, ctx: StepContext, session: NodeSession, *, unread: bool) -> Sequence[tuple[str, str]]:
        """(purpose, PEM) of what is not in its store yet: root first, then downwards.

        A store that the node does not print counts as empty before the upload (`unread`), and as filled after it:
        the upload itself makes sure that each certificate is listed by its name.
        """
        chain = list(reversed(chain_of(ctx, self.origin)[1:]))
        found: list[tuple[str, str]] = []
        for purpose in (*self.trust, *self.root_trust):
            wanted = chain if purpose in self.trust else chain[:1]
            try:
                stored = {x509.fingerprint_of(pem) for pem in session.trust(purpose)}
            except Unreadable:
                found += [(purpose, pem) for pem in wanted if unread]
                continue
            found += [(purpose, pem) for pem in wanted if x509.fingerprint_of(pem) not in stored]
        return found


@dataclass(frozen=True, kw_only=True)
class UploadIdentity(Step):
    """The certificate itself. The node compares it with its request, consumes that, and keeps serving the old one."""

    kind: ClassVar[str] = "upload_identity"
    phase: ClassVar[Phase] = Phase.INSTALL
    risk: ClassVar[Risk] = Risk.OUTAGE
    needs: ClassVar[frozenset[str]] = frozenset({"csr", "leaf", "chain"})
    purpose: str

    def summary(self) -> str:
        return f"Upload the new {self.purpose} certificate to {self.node}"

    def check(self, ctx: StepContext) -> Check:
        session = ctx.session.node(self.node)
        leaf = must_be_text(ctx.output("leaf", self.node), "certificate")
        if x509.fingerprint_of(session.identity(self.purpose)) == x509.fingerprint_of(leaf):
            return Satisfied(note="it is stored already")
        lost = still_the_signed_request(ctx, session, self.node, self.purpose)
        return lost or must_not_have_expired(ctx, self.node, self.purpose) or Ready()

    def act(self, ctx: StepContext) -> Outcome:
        leaf, *rest = chain_of(ctx, self.node)
        session = ctx.session.node(self.node)
        ctx.guard()
        try:
            session.upload_identity(self.purpose, leaf, rest)
        except StepFailed as error:
            raise self._side_by_side(session, leaf, error) from error
        return Done()

    def _side_by_side(self, session: NodeSession, leaf: str, error: StepFailed) -> StepFailed:
        """The refusal with what differs between the request on the node and the certificate, when anything does."""
        try:
            waiting = session.pending_csr(self.purpose)
            seen = x509.differences(waiting, leaf) if waiting else ()
        except CertrenewError:
            seen = ()
        if not seen or isinstance(error, AccessDenied):
            return error
        return StepFailed(f"{error} Request on the node and certificate, side by side: {'; '.join(seen)}.")

    def verify(self, ctx: StepContext) -> Evidence:
        session = ctx.session.node(self.node)
        leaf = must_be_text(ctx.output("leaf", self.node), "certificate")
        stored = x509.read_certificate(session.identity(self.purpose))
        if stored.fingerprint != x509.fingerprint_of(leaf):
            raise StepFailed(
                f"{self.node} took the upload without an error, but stores the {self.purpose} certificate"
                f" {stored.serial}, not the new one. Look at the node before retrying."
            )
        return {"stored serial": stored.serial, "expires": stored.not_after.isoformat()}


@dataclass(frozen=True, kw_only=True)
class AwaitDistribution(Looking):
    """Cisco Certificate Change Notification brings a shared certificate from the node of the upload to the others."""

    kind: ClassVar[str] = "await_distribution"
    phase: ClassVar[Phase] = Phase.INSTALL
    unskippable: ClassVar[str] = "this node would go on with its old certificate while the others have the new one"
    needs: ClassVar[frozenset[str]] = frozenset({"leaf"})
    purpose: str
    issued_on: str

    @property
    def origin(self) -> str:
        return self.issued_on

    def summary(self) -> str:
        return f"Wait until {self.node} stores the {self.purpose} certificate that was uploaded on {self.issued_on}"

    def check(self, ctx: StepContext) -> Check:
        stored = x509.read_certificate(ctx.session.node(self.node).identity(self.purpose))
        if stored.fingerprint == x509.fingerprint_of(must_be_text(ctx.output("leaf", self.origin), "certificate")):
            return Satisfied({"stored serial": stored.serial, "expires": stored.not_after.isoformat()})
        waited = seconds_waited(ctx)
        if waited <= ctx.pace.served_timeout:
            return Waiting(f"{self.node} still stores its old {self.purpose} certificate", ctx.pace.poll_services)
        return Blocked(self._not_arrived(f"{stored.serial} after {waited / 60:.0f} minutes"))

    def _not_arrived(self, still: str) -> str:
        """Why a person must look; `still` is the serial number stored here, and since when."""
        return (
            f"{self.issued_on} took the shared {self.purpose} certificate, but {self.node} still stores {still}."
            " Look at Cisco Certificate Change Notification on both, then retry."
        )
