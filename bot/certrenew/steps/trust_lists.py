"""The ITL and CTL files while ITLRecovery, which signs them, changes: phones must always know who signed them.

The bridge is the CallManager key: the files are signed with it until every phone has fetched the new ITLRecovery
certificate (Security Guide for CUCM 14). The header of a file tells its signer, so an attempt leaves a trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed
from certrenew.domain.plan import Blocked, Check, Done, Evidence, Outcome, Phase, Ready, Risk, Satisfied, Step, Waiting
from certrenew.domain.ports import NodeSession, StepContext
from certrenew.steps.looking import Looking, seconds_waited
from certrenew.steps.phone_names import (
    counts_of,
    names_of,
    recorded,
    registered_anew,
    registered_since,
    still_missing,
    waiting_for,
)
from certrenew.steps.phones import NAMED_STRAGGLERS
from certrenew.steps.preflight import Precheck

BRIDGE = "CallManager"
LOOKS = 4  # polls until a command whose line was cut counts as never carried out


@dataclass(frozen=True, kw_only=True)
class CheckTrustLists(Precheck):
    """Phones that cannot verify the files of today cannot follow to those of tomorrow."""

    kind: ClassVar[str] = "check_trust_lists"
    nodes: tuple[str, ...]

    def summary(self) -> str:
        return "Check that the ITL file of every TFTP node, and the CTL file if there is one, verify"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        problems = [problem for name in self.nodes for problem in ctx.session.node(name).trust_list_problems()]
        if problems:
            return Blocked(
                " ".join(problems) + " Nothing was changed. Repair the trust lists first, then retry: phones could not"
                " follow a change of their signer."
            )
        return {"trust lists": f"verify on {', '.join(self.nodes)}"}


@dataclass(frozen=True, kw_only=True)
class CheckTrustListsNow(CheckTrustLists):
    """The same right before the signer changes, and whether every counted phone can be asked for by its name.

    Which phones have fetched the next list is told by their names alone: without any, none would be waited for.
    """

    kind: ClassVar[str] = "check_trust_lists_now"
    phase: ClassVar[Phase] = Phase.INSTALL
    unskippable: ClassVar[str] = "phones that do not believe the lists of today would be lost with the next ones"
    needs: ClassVar[frozenset[str]] = frozenset({"baseline", "phones"})

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        counted = sum(counts_of(ctx, self.node).values())
        if counted and not names_of(ctx, self.node):
            return Blocked(
                f"{counted} phones are counted, but none is known by its name, so nothing would show which of them have"
                " fetched the new list. Nothing was changed. Look at RISPort70 and at the phones that AXL lists; then"
                " abandon this renewal and ask for a new one, which counts them again."
            )
        return super().look(ctx)


@dataclass(frozen=True, kw_only=True)
class SignWithCallManager(Step):
    """`utils itl|ctl reset localkey`: the file is signed with the key that every phone knows, and handed out at once.

    Where a file does not tell who signed it, a person decides after a cut-off attempt.
    """

    kind: ClassVar[str] = "sign_with_callmanager"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.CHANGE
    traceless: ClassVar[bool] = True
    file: str  # ITL or CTL
    nodes: tuple[str, ...]  # where the file is looked at

    def summary(self) -> str:
        return f"Sign the {self.file} file with the CallManager key, which every phone knows (reset localkey)"

    def check(self, ctx: StepContext) -> Check:
        if ctx.attempted is None:
            return Ready()
        key = bridge_serial(ctx, self.node)
        if all(_signer(ctx, name, self.file) == key for name in self.nodes):
            return Satisfied(note="it is signed with the CallManager key already")
        if (ctx.now - ctx.attempted).total_seconds() < LOOKS * ctx.pace.poll_services:
            return Waiting(f"looking whether the {self.file} file gets signed after all", ctx.pace.poll_services)
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        session = ctx.session.node(self.node)
        ctx.guard()
        if self.file == "ITL":
            session.reset_itl_key()
        else:
            session.reset_ctl_key()
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        return {"signed with": f"CallManager certificate {bridge_serial(ctx, self.node)}"}


@dataclass(frozen=True, kw_only=True)
class CheckBridge(Looking):
    """The last look before phones fetch the file: it is signed by CallManager and names the new certificate.

    Remembers since when each phone was registered, so that a later step can tell who has fetched the file.
    """

    kind: ClassVar[str] = "check_bridge"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    unskippable: ClassVar[str] = "phones that miss this file would believe none of the following ones"
    needs: ClassVar[frozenset[str]] = frozenset({"leaf", "baseline", "phones"})
    makes: ClassVar[frozenset[str]] = frozenset({"registered_since"})
    file: str  # ITL or CTL
    nodes: tuple[str, ...]

    def summary(self) -> str:
        return f"Check that the {self.file} file is signed by CallManager and names the new ITLRecovery certificate"

    def check(self, ctx: StepContext) -> Check:
        key, new = bridge_serial(ctx, self.node), new_serial(ctx, self.node)
        faults: list[str] = []
        for name in self.nodes:
            session = ctx.session.node(name)
            signer, named = session.trust_list_signer(self.file), _named(session, self.file)
            if signer not in ("", key):
                faults.append(f"the {self.file} file of {name} is signed by {signer}, not by CallManager ({key})")
            elif key not in named:
                faults.append(f"the {self.file} file of {name} does not name the CallManager certificate {key}")
            if new not in named:
                faults.append(f"the {self.file} file of {name} does not name the new ITLRecovery certificate {new}")
            faults += _problems(session, (self.file,))
        if not faults:
            return Satisfied({"registered_since": registered_since(ctx, self.node), "names": new})
        waited = seconds_waited(ctx)
        if waited <= ctx.pace.served_timeout:
            return Waiting("; ".join(faults), ctx.pace.poll_services)
        return Blocked(
            f"The new ITLRecovery certificate is stored, but {'; '.join(faults)}. No phone was reset and Cisco Tftp was"
            f" not restarted, so phones go on with the list that they have: do not restart Cisco Tftp now. Run `utils"
            f" {self.file.lower()} reset localkey` on {self.node} by hand, then retry."
        )


@dataclass(frozen=True, kw_only=True)
class AwaitNewList(Looking):
    """Each phone of the baseline has registered anew since the file was signed by CallManager, and so fetched it.

    The count per node cannot tell that: a phone that was never reset is registered as well. None may be missing,
    whatever share is configured elsewhere: a phone that misses this list does not come back by itself.
    """

    kind: ClassVar[str] = "await_new_list"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    unskippable: ClassVar[str] = "a phone that has not fetched the new list believes none that ITLRecovery signs"
    needs: ClassVar[frozenset[str]] = frozenset({"registered_since", "baseline", "phones"})

    def summary(self) -> str:
        return "Wait until every phone has fetched the list that names the new ITLRecovery certificate"

    def check(self, ctx: StepContext) -> Check:
        names = names_of(ctx, self.node)
        old = frozenset(recorded(ctx, "registered_since", self.node))

        def without(some: Sequence[str]) -> list[str]:
            known = ctx.session.registrations(some)
            return [name for name in some if name not in known or not registered_anew(known[name], old)]

        waited = seconds_waited(ctx)
        patient = waited <= ctx.pace.phones_timeout
        if patient and (away := still_missing(ctx, 0, without)):
            return waiting_for(ctx, away, 0, f"{len(away)} of those phones have still not registered anew")
        missing = without(names)
        if not missing:
            return Satisfied({"fetched it": len(names), "of": len(names)})
        if patient:
            text = f"{len(missing)} of {len(names)} phones have not registered anew"
            return waiting_for(ctx, missing, 0, text)
        more = f" and {len(missing) - NAMED_STRAGGLERS} more" if len(missing) > NAMED_STRAGGLERS else ""
        return Blocked(
            f"{len(missing)} of {len(names)} phones have not registered anew since the list was signed by CallManager:"
            f" {', '.join(missing[:NAMED_STRAGGLERS])}{more}. They would believe no list that the new ITLRecovery"
            " certificate signs. Phones are safe as long as Cisco Tftp is not restarted: reset these, then retry; or"
            " abandon, which leaves the list signed by CallManager."
        )


@dataclass(frozen=True, kw_only=True)
class SignCtl(Step):
    """In mixed mode `utils ctl update CTLFile` signs the CTL with the new ITLRecovery certificate and names it."""

    kind: ClassVar[str] = "sign_ctl"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.CHANGE
    unskippable: ClassVar[str] = "phones would not believe what ITLRecovery signs next"
    needs: ClassVar[frozenset[str]] = frozenset({"leaf"})

    def summary(self) -> str:
        return f"Update the CTL file on {self.node}, so that the new ITLRecovery certificate signs it"

    def check(self, ctx: StepContext) -> Check:
        new = new_serial(ctx, self.node)
        if _signer(ctx, self.node, "CTL") == new and new in ctx.session.node(self.node).ctl_serials():
            return Satisfied(note="the new ITLRecovery certificate signs it already")
        # To write the same file a second time changes nothing, should a node not tell who signed it.
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        ctx.guard()
        ctx.session.node(self.node).update_ctl()
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        session, new = ctx.session.node(self.node), new_serial(ctx, self.node)
        signer = session.trust_list_signer("CTL")
        if new not in session.ctl_serials() or signer not in ("", new):
            raise StepFailed(
                f"The CTL was updated, but the new ITLRecovery certificate {new} does not sign it or is not named. Do"
                " not restart services: phones believe the CTL that they have. Look at `show ctl`, then retry."
            )
        return {"signed by": f"ITLRecovery certificate {new}" if signer else "not told; the CTL names the new one"}


@dataclass(frozen=True, kw_only=True)
class ProveTrustLists(Looking):
    """Every TFTP node hands out lists that verify, and that the new certificate signs where they tell who did."""

    kind: ClassVar[str] = "prove_trust_lists"
    phase: ClassVar[Phase] = Phase.PROVE
    needs: ClassVar[frozenset[str]] = frozenset({"leaf"})
    lists: tuple[str, ...]
    issued_on: str

    @property
    def origin(self) -> str:
        return self.issued_on

    def summary(self) -> str:
        return (
            f"Check that the {' and '.join(self.lists)} of {self.node} verify and name the new ITLRecovery certificate"
        )

    def check(self, ctx: StepContext) -> Check:
        session, new = ctx.session.node(self.node), new_serial(ctx, self.issued_on)
        faults = _problems(session, self.lists)
        for found in self.lists:
            if new not in _named(session, found):
                faults.append(f"the {found} file of {self.node} does not name the new ITLRecovery certificate {new}")
            elif (signer := session.trust_list_signer(found)) not in ("", new):
                faults.append(
                    f"the {found} file of {self.node} is signed by {signer}, not by the new ITLRecovery ({new})"
                )
        if not faults:
            return Satisfied({"verified": ", ".join(self.lists), "serial": new})
        waited = seconds_waited(ctx)
        if waited <= ctx.pace.served_timeout:
            return Waiting("; ".join(faults), ctx.pace.poll_services)
        return Blocked(
            f"The new ITLRecovery certificate is stored, but {'; '.join(faults)}. Look at Cisco Tftp on {self.node},"
            " then retry, which looks again."
        )


def bridge_serial(ctx: StepContext, publisher: str) -> str:
    """The serial number of the CallManager certificate whose key signs meanwhile, as trust lists spell it."""
    return x509.serial_of(ctx.session.node(publisher).identity(BRIDGE))


def new_serial(ctx: StepContext, origin: str) -> str:
    """The serial number of the certificate that was made, as trust lists spell it."""
    return x509.serial_of(str(ctx.output("leaf", origin)))


def _signer(ctx: StepContext, node: str, kind: str) -> str:
    return ctx.session.node(node).trust_list_signer(kind)


def _problems(session: NodeSession, lists: tuple[str, ...]) -> list[str]:
    """Why these files do not verify. The other one may still be signed by the key before, and is not looked at."""
    return [told.rstrip(".") for told in session.trust_list_problems() if any(name in told for name in lists)]


def _named(session: NodeSession, kind: str) -> frozenset[str]:
    return session.itl_serials() if kind == "ITL" else session.ctl_serials()
