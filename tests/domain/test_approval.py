"""Who may say yes: four eyes, N of M, and reasons."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certrenew.domain.approval import Approval, Decision, Gate, Person, Policy
from certrenew.domain.errors import CommandRefused, NotAllowed
from certrenew.testing.clock import START

ANN, BOB, CAT, DAN = (Person(f"slack:T/U{n}", name) for n, name in enumerate(("Ann", "Bob", "Cat", "Dan")))
APPROVERS = frozenset({ANN.id, BOB.id, CAT.id})


def judge(policy: Policy, person: Person, *, votes: tuple[Approval, ...] = (), **changed: object) -> bool:
    given_: dict[str, object] = {"gate": Gate.PLAN, "decision": Decision.APPROVE, "requester": ANN.id, "reason": ""}
    return policy.judge(person=person, votes=votes, **(given_ | changed))  # type: ignore[arg-type]


def vote(person: Person, gate: Gate = Gate.PLAN) -> Approval:
    return Approval(renewal="r", gate=gate, digest="d", person=person, decision=Decision.APPROVE, reason="", at=START)


def test_nobody_is_an_approver_by_default() -> None:
    for gate, decision in itertools.product(Gate, Decision):
        with pytest.raises(NotAllowed):
            judge(Policy(approvers=frozenset()), BOB, gate=gate, decision=decision, reason="because")


def test_the_requester_never_approves_unless_the_policy_says_so() -> None:
    with pytest.raises(NotAllowed, match="four eyes"):
        judge(Policy(approvers=APPROVERS), ANN)
    assert judge(Policy(approvers=APPROVERS, self_approval=True), ANN)


def test_self_approval_does_not_make_an_approver_of_anybody() -> None:
    with pytest.raises(NotAllowed, match="not one of"):
        judge(Policy(approvers=APPROVERS, self_approval=True), DAN, requester=DAN.id)


def test_a_namesake_is_somebody_else() -> None:
    with pytest.raises(NotAllowed):
        judge(Policy(approvers=APPROVERS), Person("slack:T/U99", "Bob"))


def test_a_rejection_needs_a_reason_that_says_something() -> None:
    for reason in ("", "   ", "\n"):
        with pytest.raises(CommandRefused, match="give a reason"):
            judge(Policy(approvers=APPROVERS), BOB, decision=Decision.REJECT, reason=reason)
    assert judge(Policy(approvers=APPROVERS), BOB, decision=Decision.REJECT, reason="no window") is False


def test_the_policy_may_ask_for_a_reason_to_approve() -> None:
    strict = Policy(approvers=APPROVERS, reason_required=True)
    with pytest.raises(CommandRefused, match="give a reason"):
        judge(strict, BOB)
    assert judge(strict, BOB, reason="CHG1")


def test_as_many_different_people_are_needed_as_the_policy_says() -> None:
    two = Policy(approvers=APPROVERS, needed=2)
    assert judge(two, BOB) is False
    assert judge(two, CAT, votes=(vote(BOB),)) is True
    with pytest.raises(CommandRefused, match="already approved"):
        judge(two, BOB, votes=(vote(BOB),))


def test_a_vote_at_one_gate_counts_nothing_at_the_other() -> None:
    two = Policy(approvers=APPROVERS, needed=2)
    assert judge(two, CAT, votes=(vote(BOB, Gate.RELEASE),)) is False
    assert judge(two, BOB, gate=Gate.RELEASE, votes=(vote(BOB),)) is True


def test_the_requester_may_release_only_where_the_policy_allows_it() -> None:
    with pytest.raises(NotAllowed):
        judge(Policy(approvers=APPROVERS), ANN, gate=Gate.RELEASE)
    lenient = Policy(approvers=APPROVERS, release_by_approver=False)
    assert judge(lenient, ANN, gate=Gate.RELEASE)
    with pytest.raises(NotAllowed):
        judge(lenient, ANN, gate=Gate.PLAN)
    with pytest.raises(NotAllowed):
        judge(lenient, DAN, gate=Gate.RELEASE)


@given(
    needed=st.integers(1, 4),
    people=st.lists(st.sampled_from([ANN, BOB, CAT, DAN]), max_size=12),
)
def test_the_gate_opens_only_after_enough_different_approvers(needed: int, people: list[Person]) -> None:
    policy = Policy(approvers=APPROVERS, needed=needed)
    votes: tuple[Approval, ...] = ()
    for person in people:
        try:
            opened = judge(policy, person, votes=votes)
        except CommandRefused:
            continue
        votes = (*votes, vote(person))
        different = {found.person.id for found in votes}
        assert different <= APPROVERS - {ANN.id}
        assert opened is (len(different) >= needed)
