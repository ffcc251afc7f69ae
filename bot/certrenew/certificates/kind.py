"""A certificate purpose as a plugin declares it, and how it becomes a plan."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from certrenew.certificates.declared import Options, Phones, Restart, Runbook, Where, release_of
from certrenew.certificates.recipe import standard
from certrenew.certificates.told import cautions
from certrenew.domain.errors import PlanRefused
from certrenew.domain.model import Cluster, Node, NodeSnapshot, Snapshot, Usages
from certrenew.domain.plan import Part, Plan, Step, Target, Task
from certrenew.steps import VOCABULARY

BACKUP = Task(
    "backup", "Take a disaster recovery backup: a restore from an older one brings the old certificates back."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateType:
    """A certificate purpose.

    `purpose` is the slot as the CLI spells it. It lives `where` it says, on nodes that run the service `runs` (""
    for any). `trust` lists the purposes whose trust stores get the chain, `root_trust` those that get the root
    alone. `ports` present it in TLS, unless they `may_be_closed`; `elliptic`: an RSA certificate shares them.
    `restarts` follow `profile`, which names the document; `runbooks` are what other documents say. `shared_by` are
    the nodes that a multi-server certificate covers (None: CUCM has none). Trust anchors name each other in
    `excludes`. A plan for several purposes takes them by `order`; 0 leaves one out of it.
    """

    name: str
    title: str
    purpose: str
    trust: tuple[str, ...]
    usages: Usages
    ports: tuple[int, ...]
    restarts: tuple[Restart, ...]
    runs: str = ""
    or_runs: tuple[str, ...] = ()  # other services that present or use it where `runs` is not active
    where: Where = Where.EVERYWHERE
    root_trust: tuple[str, ...] = ()
    presence_usages: Usages | None = None  # where the nodes of IM and Presence ask for others
    elliptic: bool = False
    may_be_closed: bool = False  # whether `ports` listen depends on the features in use
    runbooks: tuple[Runbook, ...] = ()
    shared_by: Where | None = None
    shared_since: str = ""
    until: str = ""  # the first release that has this purpose no longer, or not there
    phones: Phones = Phones.UNAFFECTED
    in_ctl: bool = False
    no_backup: bool = False  # no backup or restore may run meanwhile
    no_single_sign_on: bool = False  # SAML single sign-on must be off while it is replaced
    proves_backup: bool = False  # afterwards the disaster recovery system must answer
    self_signed: bool = False  # regenerated on the node: there is no request and no authority
    reads_trust: bool = False  # the plan is about trust stores, and about no certificate of its own
    reads: tuple[str, ...] = ()  # further purposes whose certificates the plan looks at
    excludes: tuple[str, ...] = ()
    order: int = 50
    impact: str = ""
    cautions: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    profile: str = "cisco-217138"
    sources: tuple[str, ...] = ("Cisco 217138",)
    recipe: "Recipe | None" = field(default=None, compare=False)
    chosen: "Chosen | None" = field(default=None, compare=False)
    remarks: "Remarks | None" = field(default=None, compare=False)  # cautions that depend on the cluster

    def plan(self, snapshot: Snapshot, options: Options) -> Plan:
        """Same snapshot and options in, same plan out: no clock, no network. Raises PlanRefused."""
        cluster = snapshot.cluster.name
        if problems := snapshot.all_problems:
            raise PlanRefused(f"No plan for {self.name} on {cluster}: {' '.join(problems)} Nothing has changed.")
        runbook = self.runbook(options)
        here = [node for node in snapshot.nodes if self.where.holds(node.node)]
        if strange := [node.node.name for node in here if not runbook.covers(node.version)]:
            raise PlanRefused(
                f"The runbook {runbook.name} does not cover the release of {', '.join(strange)}; choose another with"
                f" --runbook: {', '.join(found.name for found in self.all_runbooks)}. Nothing has changed."
            )
        if self.self_signed and not options.request.plain:
            raise PlanRefused(
                f"{self.title}: no signing request is made, so there is nothing to choose about one. Ask again without"
                " its options. Nothing has changed."
            )
        targets = self._chosen(snapshot, options)
        plan = Plan(
            cluster=cluster,
            purpose=self.name,
            title=self.title,
            authority="" if self.self_signed else options.authority,
            profile=runbook.name,
            targets=targets,
            steps=tuple((self.recipe or standard)(self, snapshot, options)),
            impact=self.impact,
            cautions=tuple(cautions(self, snapshot, options)),
            sources=tuple(dict.fromkeys((runbook.source, *self.sources)) if options.runbook else self.sources),
            excludes=self.excludes,
            options=options.to_json(),
            tasks=tuple(self._tasks(options)),
        )
        if strange_steps := {step.kind for step in plan.steps} - VOCABULARY.keys():
            raise PlanRefused(
                f"The plan for {self.name} has steps that cannot be stored and read back:"
                f" {', '.join(sorted(strange_steps))}."
            )
        if faults := list(plan.faults()):
            raise PlanRefused(f"The plan for {self.name} on {cluster} is impossible: {'; '.join(faults)}.")
        return plan

    # ---- which nodes -------------------------------------------------------------------------------------------

    def holders(self, snapshot: Snapshot) -> tuple[NodeSnapshot, ...]:
        """The nodes that hold a certificate of this purpose, in restart order."""
        order = [snapshot.of(node.name) for node in snapshot.cluster.in_restart_order]
        return tuple(node for node in order if self.where.holds(node.node) and self._used_on(node))

    def _used_on(self, node: NodeSnapshot) -> bool:
        return not self.runs or any(node.runs(service) for service in (self.runs, *self.or_runs))

    def targets(self, snapshot: Snapshot, options: Options) -> tuple[NodeSnapshot, ...]:
        """The nodes whose certificate is renewed: all that share one, or those that were asked for and are due."""
        holders = self.holders(snapshot)
        if options.request.multi_server:
            return holders
        if options.renewing:
            return tuple(node for node in holders if node.node.name in options.renewing)
        asked = [node for node in holders if not options.nodes or node.node.name in options.nodes]
        return tuple(
            node
            for node in asked
            if self.purpose not in node.identities or options.due(node.identities[self.purpose].not_after.date())
        )

    def usages_on(self, node: Node) -> Usages:
        """What this purpose's certificate must be good for on that node."""
        return self.presence_usages if self.presence_usages is not None and node.role.presence else self.usages

    def leader(self, snapshot: Snapshot) -> Node:
        """The node on which a multi-server certificate is requested and uploaded."""
        cluster: Cluster = snapshot.cluster
        presence = cluster.presence_publisher
        return presence if self.shared_by is Where.PRESENCE and presence is not None else cluster.publisher

    def settled(self, snapshot: Snapshot, options: Options, runbook: str = "") -> Options:
        """`options` with what the cluster and the configuration decide: a shared certificate stays shared, single
        sign-on is noted, `runbook` is followed where none was asked for.

        Decided once, at planning: a plan that is made anew must not change because a person did as it says.
        """
        request = options.request
        if self.shared_by is not None and not options.nodes and not request.multi_server:
            held = [found.identities.get(self.purpose) for found in self.holders(snapshot)]
            shared = len(held) > 1 and None not in held and len({one.fingerprint for one in held if one}) == 1
            request = replace(request, multi_server=shared)
        on = self.no_single_sign_on and any(found.single_sign_on for found in snapshot.nodes)
        settled = replace(options, request=request, single_sign_on=on, runbook=options.runbook or runbook)
        return replace(settled, renewing=tuple(found.node.name for found in self.targets(snapshot, settled)))

    def _chosen(self, snapshot: Snapshot, options: Options) -> tuple[Target, ...]:
        if self.chosen is not None:
            return self.chosen(self, snapshot, options)
        cluster = snapshot.cluster.name
        self._refuse_strangers(snapshot, options)
        holders = self.holders(snapshot)
        if not holders:
            where = f"runs {self.runs}" if self.runs else f"is one of {self.where}"
            raise PlanRefused(f"No node of {cluster} {where}, so there is no {self.purpose} certificate to renew.")
        bare = [node.node.name for node in holders if self.purpose not in node.identities]
        if bare:
            raise PlanRefused(f"{', '.join(bare)} of {cluster} stores no {self.purpose} certificate to renew.")
        targets = self.targets(snapshot, options)
        if not targets:
            ends = min(node.identities[self.purpose].not_after for node in holders)
            raise PlanRefused(
                f"{self.purpose} on {cluster} is not due: the first certificate ends on {ends:%Y-%m-%d}, more than"
                f' {options.due_days:.0f} days from now. To renew it all the same, add --force "<why>". Nothing has'
                " changed."
            )
        return tuple(self._target(node) for node in targets)

    def _refuse_strangers(self, snapshot: Snapshot, options: Options) -> None:
        """Every rule about where this purpose exists, as a sentence."""
        cluster = snapshot.cluster.name
        holders = [node.node.name for node in self.holders(snapshot)]
        if wrong := [name for name in options.nodes if name not in holders]:
            raise PlanRefused(
                f"{self.title} is renewed on {self.where}: not on {', '.join(wrong)} of {cluster}, but on"
                f" {', '.join(holders) or 'no node of it'}. Nothing has changed."
            )
        if self.until and all(release_of(found.version) >= release_of(self.until) for found in snapshot.nodes):
            raise PlanRefused(
                f"{self.title} exists only before release {self.until}, and every node of {cluster} runs that or a"
                " newer one. Nothing has changed."
            )
        if half := self._half_shared(snapshot, options):
            raise PlanRefused(half)
        if options.request.multi_server:
            if self.shared_by is None:
                raise PlanRefused(f"{self.title} has no multi-server certificate; leave --multi-server out.")
            old = [found.node.name for found in self.holders(snapshot) if not _shares(found, self.shared_since)]
            if old:
                raise PlanRefused(
                    f"A multi-server {self.purpose} certificate needs the certificate REST interface of release 14 and"
                    f" later; on {cluster} it is missing on {', '.join(old)}. Request and upload it on the web page of"
                    " the publisher. Nothing has changed."
                )

    def _half_shared(self, snapshot: Snapshot, options: Options) -> str:
        """A sentence where some nodes share a certificate and others do not: a person says what is meant."""
        if self.shared_by is None or options.request.multi_server or options.nodes:
            return ""
        nodes: dict[str, list[str]] = {}
        for found in self.holders(snapshot):
            if stored := found.identities.get(self.purpose):
                nodes.setdefault(stored.fingerprint, []).append(found.node.name)
        several = next((names for names in nodes.values() if len(names) > 1), None)
        if several is None or len(nodes) == 1:
            return ""
        others = [name for names in nodes.values() for name in names if names is not several]
        return (
            f"{', '.join(several)} share one {self.purpose} certificate, and {', '.join(others)} of"
            f" {snapshot.cluster.name} store another. Ask again with --multi-server to have one for all of them, or"
            " with --node for single ones. Nothing has changed."
        )

    # ---- what it says ------------------------------------------------------------------------------------------

    @property
    def all_runbooks(self) -> tuple[Runbook, ...]:
        """The default one first."""
        default = Runbook(name=self.profile, source=self.sources[0], restarts=self.restarts)
        return (default, *self.runbooks)

    def runbook(self, options: Options) -> Runbook:
        """The one that was chosen; raises PlanRefused when this purpose has none of that name."""
        found = next((one for one in self.all_runbooks if one.name == (options.runbook or self.profile)), None)
        if found is None:
            known = ", ".join(one.name for one in self.all_runbooks)
            raise PlanRefused(f"{self.title} has no runbook {options.runbook!r}; it has: {known}. Nothing has changed.")
        return found

    def restarts_on(self, found: NodeSnapshot, options: Options) -> tuple[str, ...]:
        """The services that are restarted on this node, in order."""
        asked = [one for one in self.runbook(options).restarts if one.asked_on(found)]
        return tuple(one.service for one in asked if options.single_sign_on or not one.with_single_sign_on)

    def _target(self, node: NodeSnapshot) -> Target:
        stored = node.identities[self.purpose]
        return Target(node.node.name, stored.serial, stored.not_after.isoformat(), stored.issuer, self.purpose)

    def _tasks(self, options: Options) -> Iterator[Task]:
        if options.single_sign_on:
            yield from SINGLE_SIGN_ON
        yield from self.tasks
        if not options.backup_device:
            yield BACKUP

    def part(self, numbers: tuple[int, ...], plan: Plan) -> Part:
        return Part(self.name, self.title, plan.authority, plan.profile, numbers)


SINGLE_SIGN_ON = (
    Task("sp-metadata", "Export the service provider metadata and import it at the identity provider."),
    Task("sso-on", "Switch single sign-on on again on its web page and run the SSO test: no command line can."),
    Task("sso-restart", "Restart Cisco Tomcat and Cisco UDS Tomcat on all nodes once single sign-on is on again."),
)


def _shares(found: NodeSnapshot, since: str) -> bool:
    return release_of(found.version) >= max(release_of(since), (14,))


Recipe: TypeAlias = Callable[[CertificateType, Snapshot, Options], Iterator[Step]]
Remarks: TypeAlias = Callable[[CertificateType, Snapshot, Options], Iterator[str]]
Chosen: TypeAlias = Callable[[CertificateType, Snapshot, Options], tuple[Target, ...]]
