"""Prechecks: what must be true before anything is changed. To add one, write a step here and yield it in a recipe."""

from dataclasses import dataclass
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed
from certrenew.domain.plan import Blocked, Check, Evidence, Phase, Satisfied
from certrenew.domain.ports import StepContext
from certrenew.steps.looking import Looking


@dataclass(frozen=True, kw_only=True)
class Precheck(Looking):
    """A step that only looks: its check is its act. Subclasses say what they saw, or why it is not safe."""

    phase: ClassVar[Phase] = Phase.PREPARE

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        """What was seen, kept as output and as evidence; or Blocked with a sentence."""
        raise NotImplementedError

    def check(self, ctx: StepContext) -> Check:
        match self.look(ctx):
            case Blocked() as blocked:
                return blocked
            case seen:
                return Satisfied(seen)


@dataclass(frozen=True, kw_only=True)
class CheckReplication(Precheck):
    """Database replication must be set up everywhere: certificates and the CTL travel on it."""

    kind: ClassVar[str] = "check_replication"

    def summary(self) -> str:
        return "Check that database replication is set up on every server"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        if problems := ctx.session.node(self.node).replication_problems():
            return Blocked("Database replication is not healthy: " + " ".join(problems) + " Repair it, then retry.")
        return {"replication": "(2) Setup Completed"}


@dataclass(frozen=True, kw_only=True)
class CheckSecurityMode(Precheck):
    """In mixed mode phones hold a CTL; the plan was made for one mode and must not run in the other."""

    kind: ClassVar[str] = "check_security_mode"
    mode: str

    def summary(self) -> str:
        return f"Check that the cluster is still in {self.mode} mode"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        found = ctx.session.security_mode()
        if found != self.mode:
            return Blocked(f"The plan was made for {self.mode} mode, but the cluster is in {found} mode now.")
        return {"security mode": str(found)}


@dataclass(frozen=True, kw_only=True)
class CheckCtl(Precheck):
    """The CTL command must be possible before a certificate is replaced: without it secure phones stay away."""

    kind: ClassVar[str] = "check_ctl"

    def summary(self) -> str:
        return "Check that the CTL file can be read and updated"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        publisher = ctx.session.node(self.node)
        if problems := publisher.ctl_problems():
            return Blocked(" ".join(problems) + " Without a CTL update secure phones cannot come back.")
        return {"certificates in the CTL": len(publisher.ctl_serials())}


@dataclass(frozen=True, kw_only=True)
class CheckReplicationNow(CheckReplication):
    """The same when the installation begins: days may have passed."""

    kind: ClassVar[str] = "check_replication_now"
    phase: ClassVar[Phase] = Phase.INSTALL


@dataclass(frozen=True, kw_only=True)
class CheckCtlNow(CheckCtl):
    """The same when the installation begins: after the uploads nothing goes on without the CTL update."""

    kind: ClassVar[str] = "check_ctl_now"
    phase: ClassVar[Phase] = Phase.INSTALL


@dataclass(frozen=True, kw_only=True)
class CheckPhoneInteraction(Precheck):
    """An upload may reset phones by itself (since release 14): the plan says so, and it must still be so."""

    kind: ClassVar[str] = "check_phone_interaction"
    expected: str

    def summary(self) -> str:
        return "Read how phones react when a certificate is uploaded"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        found = ctx.session.phone_interaction()
        if found != self.expected:
            return Blocked(
                f"“Phone Interaction on Certificate Update” is {found} now and was {self.expected} when planned."
            )
        return {"phone interaction on certificate update": str(found)}


@dataclass(frozen=True, kw_only=True)
class CheckNode(Precheck):
    """One node: it answers, the account may see certificates, and nothing has changed since planning."""

    kind: ClassVar[str] = "check_node"
    makes: ClassVar[frozenset[str]] = frozenset({"pending_before"})
    purpose: str
    serial: str
    services: tuple[str, ...]
    replace_csr: bool = False

    def summary(self) -> str:
        return f"Check {self.node}: reachable, readable, its {self.purpose} certificate and services as planned"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        node = ctx.session.node(self.node)
        version = node.version()
        if problems := node.privilege_problems():
            return Blocked(" ".join(problems))
        stored = x509.read_certificate(node.identity(self.purpose))
        if self.serial and stored.serial != self.serial:
            return Blocked(
                f"{self.node} stores {self.purpose} certificate {stored.serial}, but the plan replaces {self.serial}."
                " Somebody changed it since; ask for a new plan."
            )
        services = node.services()
        if away := [name for name in self.services if name not in services or not services[name].active]:
            return Blocked(f"{', '.join(away)} on {self.node} ran when this was planned and does not run now.")
        pending = node.pending_csr(self.purpose)
        if pending and not self.replace_csr:
            return Blocked(
                f"{self.node} already has a {self.purpose} signing request waiting. A new one would destroy its key,"
                " and a certificate issued for it could never be used. Upload or cancel that one first; if it is a"
                " leftover, ask for the renewal again with --replace-csr."
            )
        return {
            "release": version,
            "stored serial": stored.serial,
            "expires": stored.not_after.isoformat(),
            "pending_before": x509.key_hash(pending) if pending else "",
        }


@dataclass(frozen=True, kw_only=True)
class CheckNoBackup(Precheck):
    """No backup or restore may run while certificates change (Cisco 217138, ipsec and tomcat)."""

    kind: ClassVar[str] = "check_no_backup"

    def summary(self) -> str:
        return "Check that no backup or restore is running"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        if ctx.session.node(self.node).backup_running():
            return Blocked("A disaster recovery backup or restore is running. Wait until it has ended, then retry.")
        return {"backup": "none is running"}


@dataclass(frozen=True, kw_only=True)
class CheckNoBackupNow(CheckNoBackup):
    """The same when the installation begins."""

    kind: ClassVar[str] = "check_no_backup_now"
    phase: ClassVar[Phase] = Phase.INSTALL
    unskippable: ClassVar[str] = "a backup that runs meanwhile would hold half of the old certificates"


@dataclass(frozen=True, kw_only=True)
class CheckSingleSignOn(Precheck):
    """SAML single sign-on must be off while the tomcat certificate changes (Cisco 217138)."""

    kind: ClassVar[str] = "check_single_sign_on"
    phase: ClassVar[Phase] = Phase.INSTALL
    unskippable: ClassVar[str] = "with single sign-on on nobody could log in to the cluster's pages afterwards"

    def summary(self) -> str:
        return f"Check that single sign-on is off on {self.node}"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        if ctx.session.node(self.node).single_sign_on():
            return Blocked(
                f"{self.node} still uses single sign-on, and with a new tomcat certificate nobody could log in by it."
                " Nothing was uploaded. Switch it off (on its web page, or by `utils sso disable` on each node), then"
                " retry."
            )
        return {"single sign-on": "off"}


def must_be_text(value: object, name: str) -> str:
    """An output that has to be text; anything else means that a stored plan was damaged."""
    if not isinstance(value, str):
        raise StepFailed(f"The recorded {name} is unreadable; nothing was done with it.")
    return value


@dataclass(frozen=True, kw_only=True)
class CheckCopies(Precheck):
    """One node makes the certificate for all: a node that stores none now could never be seen to have the new one."""

    kind: ClassVar[str] = "check_copies"
    purpose: str
    nodes: tuple[str, ...]

    def summary(self) -> str:
        return f"Check that {' and '.join(self.nodes)} store the {self.purpose} certificate of {self.node}"

    def look(self, ctx: StepContext) -> Evidence | Blocked:
        without = [
            name for name in self.nodes if self.purpose not in ctx.session.node(name).identities((self.purpose,))
        ]
        if without:
            return Blocked(
                f"{' and '.join(without)} shows no {self.purpose} certificate of its own, so whether the new one"
                " arrives there could not be seen. Nothing was regenerated. Look at Cisco Certificate Change"
                " Notification and the database replication there, then retry."
            )
        return {"stored on": len(self.nodes)}
