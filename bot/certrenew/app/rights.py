"""Who may do what to a renewal that exists, and the audit line of what they did."""

from collections.abc import Mapping

from certrenew.domain.approval import Person, Policy
from certrenew.domain.errors import CommandRefused, NotAllowed
from certrenew.domain.events import Event, What
from certrenew.domain.plan import Json
from certrenew.domain.ports import Clock
from certrenew.domain.renewal import Renewal


class Rights:
    """What every decision begins and ends with. Raises NotAllowed, or CommandRefused for an unknown cluster."""

    def __init__(self, policies: Mapping[str, Policy], clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    def _must_take_part(self, renewal: Renewal, person: Person) -> None:
        if person.id != renewal.requester.id:
            self._must_approve(renewal, person, "Only this cluster's approvers, or whoever asked for it,")

    def _must_approve(self, renewal: Renewal, person: Person, who: str = "Only this cluster's approvers") -> None:
        if person.id not in self._policy(renewal).approvers:
            raise NotAllowed(f"{who} may do that; nothing has changed.")

    def _policy(self, renewal: Renewal) -> Policy:
        cluster = renewal.plan.cluster
        if cluster not in self._policies:
            raise CommandRefused(f"Cluster {cluster!r} is not configured any more; nothing has changed.")
        return self._policies[cluster]

    def _event(self, what: What, person: Person, renewal: Renewal, details: Mapping[str, Json]) -> Event:
        return Event(
            what=what,
            actor=person.id,
            actor_name=person.name,
            renewal=renewal.id,
            cluster=renewal.plan.cluster,
            details=details,
            at=self._clock.now(),
        )


def with_reason(reason: str, verb: str) -> str:
    """The reason without the space around it; raises CommandRefused when there is none."""
    if not reason.strip():
        raise CommandRefused(f"To {verb}, give a reason; nothing has changed.")
    return reason.strip()
