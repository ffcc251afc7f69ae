"""The states of a renewal: every move that is drawn in the design, and no other."""

import itertools
from dataclasses import replace

import pytest

from certrenew.app.inventory import read_snapshot
from certrenew.certificates import Options
from certrenew.domain.errors import CommandRefused
from certrenew.domain.renewal import FINAL, MOVES, Renewal, State, StepRecord, StepState, TaskRecord
from certrenew.testing.bench import ALICE
from certrenew.testing.clock import START
from certrenew.testing.fakes import FakeCluster
from certrenew_plugins.callmanager import CALLMANAGER

LEGAL = {
    "planned": "approved rejected expired abandoned",
    "approved": "running waiting stopped paused abandoned",
    "running": "running waiting paused stopped succeeded abandoned",
    "waiting": "waiting running paused stopped succeeded abandoned",
    "paused": "running waiting abandoned",
    "stopped": "running abandoned",
}


@pytest.fixture(scope="module")
def renewal() -> Renewal:
    fake = FakeCluster(CALLMANAGER, nodes=("cucm-pub",))
    snapshot = read_snapshot(fake.open(fake.cluster), [CALLMANAGER])
    plan = CALLMANAGER.plan(snapshot, Options(authority="lab-ca"))
    steps = tuple(StepRecord(number=n, kind=step.kind, node=step.node) for n, step in enumerate(plan.steps, 1))
    return Renewal(
        id="ab" * 16,
        plan=plan,
        state=State.PLANNED,
        requester=ALICE,
        created_at=START,
        approve_by=START,
        steps=steps,
    )


@pytest.mark.parametrize(("old", "new"), list(itertools.product(State, State)))
def test_only_the_moves_of_the_design_are_possible(renewal: Renewal, old: State, new: State) -> None:
    standing = replace(renewal, state=old, reason="before")
    if new in LEGAL.get(old, "").split():
        assert standing.move(new, reason="why").state is new
        assert standing.move(new).reason == ""
    else:
        with pytest.raises(CommandRefused, match=f"is {old} and cannot become {new}"):
            standing.move(new)


def test_a_final_state_is_never_left_and_every_other_can_end() -> None:
    assert not set(FINAL) & set(MOVES)
    assert set(FINAL) | set(MOVES) == set(State)
    assert all(State.ABANDONED in moves for moves in MOVES.values())


def test_the_current_step_is_the_first_that_is_not_over(renewal: Renewal) -> None:
    done = replace(renewal.steps[0], state=StepState.DONE)
    skipped = replace(renewal.steps[1], state=StepState.SKIPPED)
    found = replace(renewal, steps=(done, skipped, *renewal.steps[2:]))
    assert found.current == renewal.steps[2]
    over = tuple(replace(record, state=StepState.DONE) for record in renewal.steps)
    assert replace(renewal, steps=over).current is None
    assert replace(renewal, steps=over).phase is None


def test_an_output_is_the_newest_of_a_finished_step_on_that_node(renewal: Renewal) -> None:
    def record(number: int, node: str, value: str, state: StepState = StepState.DONE) -> StepRecord:
        return StepRecord(number=number, kind="x", node=node, state=state, output={"leaf": value})

    steps = (
        record(1, "a", "old"),
        record(2, "a", "new"),
        record(3, "b", "other"),
        record(4, "a", "failed", StepState.FAILED),
    )
    found = replace(renewal, steps=steps)
    assert (found.output("leaf", "a"), found.output("leaf", "b")) == ("new", "other")
    with pytest.raises(KeyError):
        found.output("leaf", "c")


def tried(renewal: Renewal, *kinds: str, proved: StepState = StepState.DONE) -> Renewal:
    """The renewal with one attempt at every step of these kinds, and its phones proved or not."""
    steps = (
        replace(one, attempts=int(one.kind in kinds), state=proved if one.kind == "prove_phones" else one.state)
        for one in renewal.steps
    )
    return replace(renewal, steps=tuple(steps))


@pytest.mark.parametrize(
    ("kinds", "proved", "settled"),
    [
        ((), StepState.PENDING, True),
        (("generate_csr", "submit", "recount_phones"), StepState.PENDING, True),
        (("upload_chain",), StepState.PENDING, False),
        (("upload_identity",), StepState.SKIPPED, False),
        (("upload_identity", "restart_service"), StepState.DONE, True),
    ],
)
def test_what_phones_trust_is_settled_while_untouched_or_once_they_are_proved_back(
    renewal: Renewal, kinds: tuple[str, ...], proved: StepState, settled: bool
) -> None:
    found = tried(renewal, *kinds, proved=proved)
    assert found.settled is settled
    assert replace(found, plan=replace(found.plan, excludes=())).settled


def test_tasks_are_open_from_the_first_change_on(renewal: Renewal) -> None:
    task = TaskRecord(key="backup", text="Take a backup.")
    assert replace(tried(renewal, "generate_csr"), tasks=(task,)).open_tasks == ()
    assert replace(tried(renewal, "upload_chain"), tasks=(task,)).open_tasks == (task,)
    ticked = replace(task, done_by=ALICE, done_at=START)
    assert replace(tried(renewal, "upload_chain"), tasks=(ticked,)).open_tasks == ()
