"""Certificate purposes: the declaration that a plugin hands in, and the recipe that turns it into a plan."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from certrenew.domain.errors import PlanRefused
from certrenew.domain.model import NodeSnapshot, PhoneInteraction, SecurityMode, Snapshot, Usages
from certrenew.domain.plan import Plan, Step, Target
from certrenew.steps import (
    VOCABULARY,
    AwaitPhones,
    AwaitPhonesAfterUpload,
    BaselinePhones,
    CheckCtl,
    CheckNode,
    CheckPhoneInteraction,
    CheckReplication,
    CheckRequest,
    CheckSecurityMode,
    Collect,
    GenerateCsr,
    ProvePhones,
    ProveServed,
    ProveServices,
    ProveStored,
    RecountPhones,
    ResetPhones,
    RestartService,
    Submit,
    UpdateCtl,
    UploadChain,
    UploadIdentity,
    Validate,
)


class Phones(StrEnum):
    """What a renewal of this purpose means for the phones."""

    UNAFFECTED = "unaffected"
    RESET_AND_WAIT = "reset and wait"


@dataclass(frozen=True, slots=True)
class Restart:
    """A service to restart wherever it runs: publisher first, then the subscribers, one node at a time."""

    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a request may choose; part of the plan and therefore of what is approved."""

    authority: str
    replace_csr: bool = False
    minimum_days: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateType:
    """A certificate purpose.

    `purpose` is the slot as the CLI spells it. `runs` names the service that a node must run to hold this
    certificate ("" for every node). `ports` present it in TLS. `trust` lists the purposes whose trust stores get
    the chain. `restarts` follow `profile`, which names the document; `sources` are shown in the plan.
    """

    name: str
    title: str
    purpose: str
    runs: str
    trust: tuple[str, ...]
    usages: Usages
    ports: tuple[int, ...]
    restarts: tuple[Restart, ...]
    phones: Phones = Phones.UNAFFECTED
    in_ctl: bool = False
    excludes: tuple[str, ...] = ()
    impact: str = ""
    cautions: tuple[str, ...] = ()
    profile: str = "cisco-217138"
    sources: tuple[str, ...] = ("Cisco 217138",)
    recipe: "Recipe | None" = field(default=None, compare=False)

    def plan(self, snapshot: Snapshot, options: Options) -> Plan:
        """Same snapshot and options in, same plan out: no clock, no network. Raises PlanRefused."""
        cluster = snapshot.cluster.name
        if problems := snapshot.all_problems:
            raise PlanRefused(f"No plan for {self.name} on {cluster}: {' '.join(problems)} Nothing has changed.")
        targets = self.targets(snapshot)
        if not targets:
            where = f" runs {self.runs}" if self.runs else " exists"
            raise PlanRefused(f"No node of {cluster}{where}, so there is no {self.purpose} certificate to renew.")
        bare = [node.node.name for node in targets if self.purpose not in node.identities]
        if bare:
            raise PlanRefused(f"{', '.join(bare)} of {cluster} stores no {self.purpose} certificate to renew.")
        plan = Plan(
            cluster=cluster,
            purpose=self.name,
            title=self.title,
            authority=options.authority,
            profile=self.profile,
            targets=tuple(self._target(node) for node in targets),
            steps=tuple((self.recipe or standard)(self, snapshot, options)),
            impact=self.impact,
            cautions=tuple(self._cautions(snapshot, options)),
            sources=self.sources,
            excludes=self.excludes,
        )
        if strange := {step.kind for step in plan.steps} - VOCABULARY.keys():
            raise PlanRefused(
                f"The plan for {self.name} has steps that cannot be stored and read back: {', '.join(sorted(strange))}."
            )
        if faults := list(plan.faults()):
            raise PlanRefused(f"The plan for {self.name} on {cluster} is impossible: {'; '.join(faults)}.")
        return plan

    def targets(self, snapshot: Snapshot) -> tuple[NodeSnapshot, ...]:
        """The nodes whose certificate is renewed, publisher first."""
        order = [snapshot.of(node.name) for node in snapshot.cluster.in_restart_order]
        return tuple(node for node in order if not self.runs or node.runs(self.runs))

    def restarts_on(self, node: NodeSnapshot) -> tuple[str, ...]:
        """The services of this purpose that run on the node, in restart order."""
        return tuple(restart.service for restart in self.restarts if node.runs(restart.service))

    def _target(self, node: NodeSnapshot) -> Target:
        stored = node.identities[self.purpose]
        return Target(node.node.name, stored.serial, stored.not_after.isoformat(), stored.issuer)

    def _cautions(self, snapshot: Snapshot, options: Options) -> Iterator[str]:
        yield from self.cautions
        for node in snapshot.nodes:
            found = node.services.get(self.runs)
            if found is not None and not found.active and "not activated" not in found.note.lower():
                yield (
                    f"{node.node.name} is left out: {self.runs} is activated there, but {found.state}. It keeps its"
                    f" old {self.purpose} certificate."
                )
        if self.phones is Phones.RESET_AND_WAIT:
            if snapshot.phone_interaction is PhoneInteraction.AUTOMATIC:
                yield "Each upload by itself resets phones (“Phone Interaction on Certificate Update” is automatic)."
            elif snapshot.phone_interaction is PhoneInteraction.UNKNOWN:
                yield "Each upload may reset phones (“Phone Interaction on Certificate Update” cannot be read)."
        if self.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
            yield "The cluster is in mixed mode: the CTL file is updated before any service restarts."
        if options.replace_csr:
            yield "A signing request that waits on a node is replaced; a certificate issued for it becomes useless."


Recipe: TypeAlias = Callable[[CertificateType, Snapshot, Options], Iterator[Step]]


def standard(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Look, request, have signed, check, upload, update the CTL, restart, reset the phones, prove."""
    targets = kind.targets(snapshot)
    yield from prechecks(kind, snapshot, options)
    for node in targets:
        yield GenerateCsr(node=node.node.name, purpose=kind.purpose)
        yield Submit(node=node.node.name, purpose=kind.purpose, authority=options.authority)
    for node in targets:
        yield from collected(kind, node.node.name, options)
    if len(targets) > 1:  # with a single one, its upload looks by itself
        for node in targets:
            yield CheckRequest(node=node.node.name, purpose=kind.purpose)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield RecountPhones(node=snapshot.cluster.publisher.name, nodes=phone_nodes(snapshot))
    for node in targets:
        yield UploadChain(node=node.node.name, purpose=kind.purpose, trust=kind.trust)
        yield UploadIdentity(node=node.node.name, purpose=kind.purpose)
        if kind.phones is Phones.RESET_AND_WAIT:
            yield AwaitPhonesAfterUpload(
                node=snapshot.cluster.publisher.name,
                nodes=phone_nodes(snapshot),
                after=f"the upload on {node.node.name}",
                settle=snapshot.phone_interaction is not PhoneInteraction.MANUAL,
            )
    if kind.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
        renewed = tuple(node.node.name for node in targets)
        yield UpdateCtl(node=snapshot.cluster.publisher.name, renewed=renewed, purpose=kind.purpose)
    yield from restarted(kind, snapshot)
    yield from proven(kind, snapshot)


def prechecks(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """What must be true before a key is made. A new precheck goes here, or into a recipe of its own."""
    publisher = snapshot.cluster.publisher.name
    yield CheckReplication(node=publisher)
    yield CheckSecurityMode(node=publisher, mode=str(snapshot.security_mode))
    if kind.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
        yield CheckCtl(node=publisher)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield CheckPhoneInteraction(node=publisher, expected=str(snapshot.phone_interaction))
        yield BaselinePhones(node=publisher, nodes=phone_nodes(snapshot))
    for node in kind.targets(snapshot):
        yield CheckNode(
            node=node.node.name,
            purpose=kind.purpose,
            serial=node.identities[kind.purpose].serial,
            services=kind.restarts_on(node),
            replace_csr=options.replace_csr,
        )


def collected(kind: CertificateType, node: str, options: Options) -> Iterator[Step]:
    yield Collect(node=node, purpose=kind.purpose, authority=options.authority)
    yield Validate(
        node=node,
        purpose=kind.purpose,
        trust=kind.trust,
        key_usages=tuple(sorted(kind.usages.key)),
        extended_usages=tuple(sorted(kind.usages.extended)),
        certificate_authority=kind.usages.certificate_authority,
        minimum_days=options.minimum_days,
    )


def restarted(kind: CertificateType, snapshot: Snapshot) -> Iterator[Step]:
    """Each service on the publisher, then on the subscribers; the phones must be back before the next node."""
    order = [snapshot.of(node.name) for node in snapshot.cluster.in_restart_order]
    for restart in kind.restarts:
        for node in order:
            if node.runs(restart.service):
                yield RestartService(node=node.node.name, service=restart.service)
                if kind.phones is Phones.RESET_AND_WAIT:
                    yield phones_back(snapshot, f"the restart of {restart.service} on {node.node.name}", settle=False)
    if kind.phones is Phones.RESET_AND_WAIT:
        for pool in snapshot.device_pools:
            yield ResetPhones(node=snapshot.cluster.publisher.name, device_pool=pool)
            yield phones_back(snapshot, f"the reset of {pool or 'the phones without a device pool'}", settle=True)


def proven(kind: CertificateType, snapshot: Snapshot) -> Iterator[Step]:
    for node in kind.targets(snapshot):
        yield ProveStored(node=node.node.name, purpose=kind.purpose)
        yield ProveServed(node=node.node.name, purpose=kind.purpose, ports=kind.ports)
    for found in snapshot.nodes:
        if services := kind.restarts_on(found):
            yield ProveServices(node=found.node.name, services=services)
    if kind.phones is Phones.RESET_AND_WAIT:
        yield ProvePhones(node=snapshot.cluster.publisher.name)


def phone_nodes(snapshot: Snapshot) -> tuple[str, ...]:
    """The nodes that register phones."""
    return tuple(
        node.name for node in snapshot.cluster.in_restart_order if snapshot.of(node.name).runs("Cisco CallManager")
    )


def phones_back(snapshot: Snapshot, after: str, *, settle: bool) -> Step:
    return AwaitPhones(node=snapshot.cluster.publisher.name, nodes=phone_nodes(snapshot), after=after, settle=settle)
