"""Who may say yes, and what a yes is bound to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from certrenew.domain.errors import CommandRefused, NotAllowed


class Gate(StrEnum):
    PLAN = "plan"  # before prepare: the plan as a whole
    RELEASE = "release"  # before install: now is the time


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts, bound to an account id and never to a display name.

    `id` is "slack:TEAM/USER" for Slack and "local:LOGIN" for the command line; `name` is only for reading.
    """

    id: str
    name: str
    mention: str = ""  # how the chat addresses them, such as "<@U123>"


BOT = Person(id="certrenew", name="certrenew")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    renewal: str
    gate: Gate
    digest: str
    person: Person
    decision: Decision
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Deny by default: `approvers` are person ids; the requester is never one unless `self_approval`."""

    approvers: frozenset[str]
    needed: int = 1
    valid_for: timedelta = timedelta(hours=24)
    self_approval: bool = False
    reason_required: bool = False
    release_by_approver: bool = True  # False lets the requester release the install phase

    def judge(
        self, *, gate: Gate, decision: Decision, person: Person, requester: str, reason: str, votes: Iterable[Approval]
    ) -> bool:
        """Whether this vote, with those before it, passes the gate. Raises NotAllowed or CommandRefused."""
        may_release = gate is Gate.RELEASE and not self.release_by_approver and person.id == requester
        if not may_release:
            self._must_be_approver(person, requester, decision)
        if not reason.strip() and (decision is Decision.REJECT or self.reason_required):
            raise CommandRefused(f"To {decision} this, give a reason; nothing has changed.")
        voted = {vote.person.id for vote in votes if vote.gate is gate and vote.decision is Decision.APPROVE}
        earlier = voted & self.approvers  # the vote of somebody who is no approver any more does not count
        if gate is Gate.PLAN and person.id in voted:
            raise CommandRefused("You have already approved this; another person's approval is needed.")
        if decision is Decision.REJECT:
            return False
        return gate is Gate.RELEASE or len(earlier) + 1 >= self.needed

    def _must_be_approver(self, person: Person, requester: str, decision: Decision) -> None:
        if person.id == requester and decision is Decision.APPROVE and not self.self_approval:
            raise NotAllowed(
                "You asked for this renewal, so somebody else must approve it (four eyes); nothing has changed."
            )
        if person.id not in self.approvers:
            raise NotAllowed("You are not one of this cluster's approvers, so nothing has changed.")
