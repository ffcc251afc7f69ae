"""Makes a plan from a fresh look at the cluster, and makes it anew to see whether it still holds."""

from collections.abc import Mapping

from certrenew.app.commands import Renew
from certrenew.app.inventory import read_snapshot
from certrenew.app.sessions import Sessions
from certrenew.certificates import CertificateType, Options
from certrenew.domain.errors import CommandRefused, PlanRefused, Unreachable
from certrenew.domain.model import Snapshot
from certrenew.domain.plan import Plan
from certrenew.domain.ports import ClusterSession
from certrenew.steps import CheckNode


class Planner:
    """`authorities` maps a cluster to the authority it uses; `choices` are all that are configured."""

    def __init__(
        self,
        *,
        types: Mapping[str, CertificateType],
        sessions: Sessions,
        authorities: Mapping[str, str],
        choices: frozenset[str],
        minimum_days: float = 1.0,
    ) -> None:
        self._types = types
        self._sessions = sessions
        self._authorities = authorities
        self._choices = choices
        self._minimum_days = minimum_days

    def plan(self, command: Renew) -> Plan:
        """A plan that can be offered for approval. Raises PlanRefused or CommandRefused with one sentence."""
        kind = self._type(command.purpose)
        self._sessions.cluster(command.cluster)
        options = Options(
            authority=self._authority(command),
            replace_csr=command.replace_csr,
            minimum_days=self._minimum_days,
        )
        session = self._sessions.open(command.cluster)
        try:
            snapshot = read_snapshot(session, [kind.purpose])
        finally:
            session.close()
        plan = kind.plan(snapshot, options)
        if not options.replace_csr:
            _refuse_pending(kind, snapshot)
        return plan

    def again(self, plan: Plan, session: ClusterSession) -> Plan:
        """The same plan, made from how the cluster is now. Raises Unreachable when it cannot be read."""
        kind = self._type(plan.purpose)
        checks = [step for step in plan.steps if isinstance(step, CheckNode)]
        options = Options(
            authority=plan.authority,
            replace_csr=any(step.replace_csr for step in checks),
            minimum_days=self._minimum_days,
        )
        snapshot = read_snapshot(session, [kind.purpose])
        if problems := snapshot.all_problems:
            raise Unreachable(" ".join(problems))
        return kind.plan(snapshot, options)

    def _type(self, purpose: str) -> CertificateType:
        if purpose not in self._types:
            known = ", ".join(self._types) or "none"
            raise CommandRefused(f"No plugin renews {purpose!r}; known: {known}. Nothing has changed.")
        return self._types[purpose]

    def _authority(self, command: Renew) -> str:
        name = command.authority or self._authorities.get(command.cluster, "")
        if name not in self._choices:
            known = ", ".join(sorted(self._choices)) or "none"
            raise CommandRefused(
                f"There is no certificate authority {name!r}; configured: {known}. Nothing has changed."
            )
        return name


def _refuse_pending(kind: CertificateType, snapshot: Snapshot) -> None:
    """Somebody else's request may be at an authority right now: its key must not be destroyed unasked."""
    waiting = [node.node.name for node in kind.targets(snapshot) if kind.purpose in node.pending]
    if waiting:
        raise PlanRefused(
            f"A {kind.purpose} signing request already waits on {', '.join(waiting)}, and a new one would destroy its"
            " key. Finish that one first; if it is a leftover, ask again with --replace-csr. Nothing has changed."
        )
