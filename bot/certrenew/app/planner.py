"""Makes a plan from a fresh look at the cluster, and makes it anew to see whether it still holds."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from certrenew.app.campaign import ALL, merged, options_of, parts_that_are_due, remaining
from certrenew.app.commands import Renew
from certrenew.app.drift import drift
from certrenew.app.inventory import read_snapshot
from certrenew.app.sessions import Sessions
from certrenew.certificates import CertificateType, Options, Where
from certrenew.domain.errors import CommandRefused, PlanRefused, StepFailed, Unreachable
from certrenew.domain.model import Cluster, RequestOptions, Snapshot
from certrenew.domain.plan import Part, Plan
from certrenew.domain.ports import ClusterSession

log = logging.getLogger(__name__)
WITH_PRESENCE = (Where.EVERYWHERE, Where.PRESENCE, Where.PRESENCE_PUBLISHER)


@dataclass(frozen=True, slots=True)
class RunbookRule:
    """Which document is followed for a purpose ("" for all) on releases that begin with `release` ("" for all)."""

    runbook: str
    purpose: str = ""
    release: str = ""

    def meets(self, purpose: str, release: str) -> bool:
        return self.purpose in ("", purpose) and f"{release}.".startswith(f"{self.release}." if self.release else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the configuration says about the plans of one cluster; of several rules the most particular counts."""

    authority: str = ""
    runbooks: tuple[RunbookRule, ...] = ()
    due_days: float = 60.0
    minimum_days: float = 1.0
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])  # what is dialled for a node
    backup_device: str = ""
    backup_features: str = "CUCM"


class Planner:
    """`habits` has an entry for each cluster; `choices` are the names of all configured authorities."""

    def __init__(
        self,
        *,
        types: Mapping[str, CertificateType],
        sessions: Sessions,
        habits: Mapping[str, Habits],
        choices: frozenset[str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._types = types
        self._sessions = sessions
        self._habits = habits
        self._choices = choices
        self._now = now

    def plan(self, command: Renew) -> Plan:
        """A plan that can be offered for approval. Raises PlanRefused or CommandRefused with one sentence."""
        kinds = self._kinds(command.purpose)
        cluster = self._sessions.cluster(command.cluster)
        options = self._options(command, kinds, cluster)
        session = self._sessions.open(command.cluster)
        try:
            options = replace(options, members_untold=not self._compared(session, kinds))
            snapshot = read_snapshot(session, kinds)
        finally:
            session.close()
        if command.purpose == ALL:
            kinds = parts_that_are_due(kinds, snapshot, options)
        plan = self._made(command.purpose, kinds, snapshot, [self._settled(kind, snapshot, options) for kind in kinds])
        if not options.replace_csr:
            _refuse_pending(plan, snapshot)
        return plan

    def again(self, plan: Plan, session: ClusterSession, *, left_out: Sequence[Part] = ()) -> tuple[str, ...]:
        """How the same plan, made from how the cluster is now, differs from `plan`; empty when it still holds.

        Parts in `left_out` are not compared: whatever becomes of them is not this plan's business any more. Raises
        Unreachable when the cluster cannot be read, PlanRefused when nothing can be planned.
        """
        kinds = [self._type(part.purpose) for part in plan.all_parts]
        snapshot = read_snapshot(session, kinds)
        if problems := snapshot.all_problems:
            raise Unreachable(" ".join(problems))
        skipped = {part.purpose for part in left_out}
        rest = [kind for kind in kinds if kind.name not in skipped]
        fresh = self._made(plan.purpose, rest, snapshot, [options_of(plan, kind.name) for kind in rest])
        gone = {
            (kind.purpose, node)
            for kind in kinds
            if kind.name in skipped
            for node in options_of(plan, kind.name).renewing
        }
        approved = remaining(plan, fresh, gone) if skipped else plan
        return () if approved.digest == fresh.digest else approved.differences(fresh)

    def _compared(self, session: ClusterSession, kinds: Sequence[CertificateType]) -> bool:
        """Whether the cluster lists just the configured nodes; False when it does not tell. Raises PlanRefused.

        Nodes of IM and Presence matter only to purposes that live there: many an installation renews those elsewhere.
        """
        cluster = session.cluster
        try:
            members = session.members()
            if not any(kind.where in WITH_PRESENCE for kind in kinds):
                cluster = replace(cluster, nodes=tuple(node for node in cluster.nodes if not node.role.presence))
                members = tuple(member for member in members if not member.role.presence)
        except (StepFailed, Unreachable) as error:
            log.info("the servers of %s could not be compared with the configuration: %s", cluster.name, error)
            return False
        if differences := drift(cluster, self._habits.get(cluster.name, Habits()).addresses, members):
            raise PlanRefused(f"{' '.join(differences)} Nothing has changed.")
        return True

    def _made(
        self, purpose: str, kinds: Sequence[CertificateType], snapshot: Snapshot, options: Sequence[Options]
    ) -> Plan:
        plans = [kind.plan(snapshot, chosen) for kind, chosen in zip(kinds, options, strict=True)]
        return merged(plans) if purpose == ALL else plans[0]

    # ---- what was asked for ------------------------------------------------------------------------------------

    def _kinds(self, purpose: str) -> list[CertificateType]:
        if purpose == ALL:
            return sorted((kind for kind in self._types.values() if kind.order), key=lambda kind: kind.order)
        return [self._type(purpose)]

    def _type(self, purpose: str) -> CertificateType:
        if purpose not in self._types:
            known = ", ".join(self._types) or "none"
            raise CommandRefused(f"No plugin renews {purpose!r}; known: {known}. Nothing has changed.")
        return self._types[purpose]

    def _options(self, command: Renew, kinds: Sequence[CertificateType], cluster: Cluster) -> Options:
        habits = self._habits.get(cluster.name, Habits())
        return Options(
            authority=self._authority(command, kinds, habits),
            replace_csr=command.replace_csr,
            minimum_days=habits.minimum_days,
            nodes=tuple(cluster.node(name).name for name in command.nodes),
            as_of=self._now().date().isoformat(),
            due_days=habits.due_days,
            force=command.force,
            runbook=command.runbook,
            request=RequestOptions(
                multi_server=command.multi_server,
                key_length=command.key_length,
                hash_algorithm=command.hash_algorithm,
                common_name=command.common_name,
                names=command.names,
                organizational_unit=command.organizational_unit,
            ),
            backup_device=habits.backup_device,
            backup_features=habits.backup_features if habits.backup_device else "",
        )

    def _authority(self, command: Renew, kinds: Sequence[CertificateType], habits: Habits) -> str:
        if all(kind.self_signed for kind in kinds):
            return ""
        name = command.authority or habits.authority
        if name not in self._choices:
            known = ", ".join(sorted(self._choices)) or "none"
            raise CommandRefused(
                f"There is no certificate authority {name!r}; configured: {known}. Nothing has changed."
            )
        return name

    def _settled(self, kind: CertificateType, snapshot: Snapshot, options: Options) -> Options:
        """What the cluster and the configuration decide for one purpose, once and for all."""
        release = snapshot.of(snapshot.cluster.publisher.name).version
        habits = self._habits.get(snapshot.cluster.name, Habits())
        return kind.settled(snapshot, options, _runbook(kind, release, habits.runbooks))


def _runbook(kind: CertificateType, release: str, rules: Sequence[RunbookRule]) -> str:
    """The configured document, or "" for the purpose's own default. Raises PlanRefused for one that it has not."""
    found = [rule for rule in rules if rule.meets(kind.name, release)]
    found.sort(key=lambda rule: (bool(rule.purpose), len(rule.release)), reverse=True)
    for rule in found:
        written = next((one for one in kind.all_runbooks if one.name == rule.runbook), None)
        if written is not None and written.covers(release):
            return rule.runbook
        if rule.purpose and written is None:
            known = ", ".join(one.name for one in kind.all_runbooks)
            raise PlanRefused(
                f"The configuration wants runbook {rule.runbook!r} for {kind.name}, which has: {known}. Correct the"
                " configuration; nothing has changed."
            )
    return ""


def _refuse_pending(plan: Plan, snapshot: Snapshot) -> None:
    """Somebody else's request may be at an authority right now: its key must not be destroyed unasked."""
    made = [(step.node, str(getattr(step, "purpose", ""))) for step in plan.steps if step.kind == "generate_csr"]
    waiting = [(node, purpose) for node, purpose in made if purpose in snapshot.of(node).pending]
    if waiting:
        purposes = " and ".join(sorted({purpose for _, purpose in waiting}))
        nodes = ", ".join(dict.fromkeys(node for node, _ in waiting))
        raise PlanRefused(
            f"A {purposes} signing request already waits on {nodes}, and a new one would destroy its"
            " key. Finish that one first; if it is a leftover, ask again with --replace-csr. Nothing has changed."
        )
