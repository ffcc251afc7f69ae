"""A campaign in Slack: one line a purpose, posts that say which one, and what is not settled."""

from dataclasses import replace

import pytest

from certrenew.domain.events import What
from certrenew.domain.plan import Part, Plan
from certrenew.domain.renewal import Renewal, State, StepState
from certrenew.slack.cards import card, step_list
from certrenew.slack.posts import posts
from certrenew.slack.progress import choices, phase_lines, report_lines, truth

from .fakes import CARMEN, NOW, POLICY, event, make_plan, make_renewal
from .limits import within_limits


def campaign() -> Plan:
    """Two purposes on two nodes: steps 1 to 4 prepare, 5 to 10 are CallManager's, 11 to 16 are those of TVS."""
    plan = make_plan(2)
    prepare, later = plan.steps[:2], plan.steps[2:]
    parts = (
        Part("callmanager", "CallManager", "corporate-ca", "cisco-217138", (1, 2, *range(5, 11))),
        Part("tvs", "TVS", "corporate-ca", "cisco-217138", (3, 4, *range(11, 17))),
    )
    return replace(plan, steps=(*prepare, *prepare, *later, *later), parts=parts, title="All that is due")


def running(done: int, **more: object) -> Renewal:
    return make_renewal(plan=campaign(), done=done, **{"state": State.RUNNING, **more})  # type: ignore[arg-type]


def left_out(renewal: Renewal) -> Renewal:
    steps = (replace(one, state=StepState.SKIPPED) if one.number > 10 else one for one in renewal.steps)
    return replace(renewal, steps=tuple(steps))


@pytest.mark.parametrize("done", [0, 4, 7, 16])
def test_the_card_has_one_line_a_purpose_after_the_preparation(done: int) -> None:
    renewal = running(done)
    lines = list(phase_lines(renewal))
    assert [line.split("*")[1] for line in lines] == ["Prepare", "CallManager", "TVS"]
    drawn = card(renewal, POLICY, NOW)
    within_limits(drawn.blocks, text=drawn.text)


def test_a_line_says_in_which_phase_its_purpose_is() -> None:
    _, callmanager, tvs = phase_lines(running(7))
    assert callmanager == "🔵 *CallManager*: 3 of 6 steps (under way: activate)"
    assert tvs == "▫️ *TVS*: 0 of 6 steps (not begun)"


def test_a_purpose_that_was_left_out_is_shown_as_such_to_the_end() -> None:
    renewal = left_out(running(10))
    assert list(phase_lines(renewal))[-1] == "⏭️ *TVS*: left out"
    assert "Left out: TVS." in list(report_lines(renewal))
    assert not any(line.startswith("Skipped") for line in report_lines(renewal))
    assert "*TVS*: Left out; nothing of it was installed." in truth(renewal)


def test_a_stop_says_that_the_purpose_may_be_left_out_while_nothing_of_it_began() -> None:
    stopped = make_renewal(plan=campaign(), state=State.STOPPED, done=2)
    assert "skip-part" in choices(stopped, 3)
    assert "skip-part" not in choices(make_renewal(plan=campaign(), state=State.STOPPED, done=12), 13)


def test_what_is_posted_says_which_purpose_it_is_about() -> None:
    renewal = running(11)
    begun = event(7, What.STEP_STARTED, renewal, step=11, summary="Upload it")
    out = event(8, What.PART_SKIPPED, renewal, CARMEN, part="tvs", title="TVS", reason="not tonight")
    text = "\n".join(post.text for post in posts(renewal, [begun, out]))
    assert "TVS: Step 11 begins" in text
    assert "left out TVS; nothing of it was installed. Reason: “not tonight”." in text
    assert any("Install, TVS" in page for page in step_list(renewal))


def test_an_end_that_has_not_settled_says_what_waits_for_it_and_settling_is_told() -> None:
    renewal = replace(running(16, state=State.SUCCEEDED), unsettled=True, ended_at=NOW)
    over = posts(renewal, [event(9, What.SUCCEEDED, renewal)])
    assert f"settle {renewal.short_id}" in over[-1].text
    assert "Not settled" in str(card(renewal, POLICY, NOW).blocks)
    assert "Not settled" not in str(card(replace(renewal, unsettled=False), POLICY, NOW).blocks)
    seen = posts(renewal, [event(10, What.SETTLED, renewal, CARMEN, seen="4 of 4 phones are registered")])
    assert "settled: 4 of 4 phones are registered" in seen[0].text
