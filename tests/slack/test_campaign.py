"""A campaign in Slack: one line a purpose, posts that say which one, and what is not settled."""

import inspect
from dataclasses import replace

import pytest

from certrenew.domain.events import What
from certrenew.domain.plan import Part, Plan, Task
from certrenew.domain.renewal import Renewal, State, StepState
from certrenew.slack.cards import card, step_list
from certrenew.slack.posts import posts
from certrenew.slack.progress import choices, phase_lines, report_lines, truth
from certrenew.slack.stretches import RETURNING
from certrenew.steps import phones

from .fakes import CARMEN, NOW, POLICY, event, make_plan, make_renewal
from .limits import within_limits

IMPACT = "CallManager: Phones are away. TVS: Phones register again."


def campaign() -> Plan:
    """Two purposes on two nodes: steps 1 to 4 prepare, 5 to 10 are CallManager's, 11 to 16 are those of TVS."""
    plan = make_plan(2)
    prepare, later = plan.steps[:2], plan.steps[2:]
    parts = (
        Part("callmanager", "CallManager", "corporate-ca", "cisco-217138", (1, 2, *range(5, 11))),
        Part("tvs", "TVS", "corporate-ca", "cisco-217138", (3, 4, *range(11, 17))),
    )
    return replace(
        plan, steps=(*prepare, *prepare, *later, *later), parts=parts, title="All that is due", impact=IMPACT
    )


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
    assert "*TVS* begins to be installed. Phones register again" in text
    assert "left out TVS; nothing of it was installed. Reason: “not tonight”." in text
    assert any("*Install, TVS*: steps 11 and 12" in page for page in step_list(renewal))


def test_an_end_that_has_not_settled_says_what_waits_for_it_and_settling_is_told() -> None:
    renewal = replace(running(16, state=State.SUCCEEDED), unsettled=True, ended_at=NOW)
    over = posts(renewal, [event(9, What.SUCCEEDED, renewal)])
    assert f"settle {renewal.short_id}" in over[-1].text
    assert "Not settled" in str(card(renewal, POLICY, NOW).blocks)
    assert "Not settled" not in str(card(replace(renewal, unsettled=False), POLICY, NOW).blocks)
    seen = posts(renewal, [event(10, What.SETTLED, renewal, CARMEN, seen="4 of 4 phones are registered")])
    assert "settled: 4 of 4 phones are registered" in seen[0].text


def test_the_thread_of_a_campaign_has_one_post_a_stretch_and_not_one_a_step() -> None:
    renewal = running(10)
    finished = [event(number, What.STEP_FINISHED, renewal, step=number) for number in range(1, 11)]
    text = [post.text for post in posts(renewal, finished)]
    assert "\n".join(text).count("✅") == 5  # two preparations; installed, activated and proved CallManager
    assert "✅ *CallManager, install*: steps 5 and 6 done in 1 min." in text[0]
    assert "• Upload the new certificate to cucm-cluster-a-01, cucm-cluster-a-02 (steps 5 and 6)" in text[0]
    assert posts(renewal, finished[:1]) == []


def test_what_phones_do_meanwhile_stands_on_the_card_and_not_in_the_thread_of_a_campaign() -> None:
    renewal = running(7)
    waits = event(1, What.STEP_WAITING, renewal, step=8, kind="await_phones", why="1 of 4 phones are registered")
    returning = event(2, What.NOTICED, renewal, text=f"3 of 4 phones are registered; {RETURNING} the upload.")
    fewer = event(3, What.NOTICED, renewal, text="3 phones are registered now; 4 were.")
    assert [post.text for post in posts(renewal, [waits, returning, fewer])] == [
        "📣 3 phones are registered now; 4 were."
    ]
    assert RETURNING in inspect.getsource(phones)


def test_a_warning_about_several_nodes_is_told_once() -> None:
    renewal = running(6)
    warned = (
        replace(one, evidence={"warnings": [f"{one.node} is slow."]}) if one.number in (5, 6) else one
        for one in renewal.steps
    )
    renewal = replace(renewal, steps=tuple(warned))
    text = posts(renewal, [event(1, What.STEP_FINISHED, renewal, step=6)])[0].text
    assert "⚠️ Warning (cucm-cluster-a-01, cucm-cluster-a-02): … is slow." in text


def test_the_plan_of_a_campaign_hides_no_caution_and_names_what_is_left_to_people() -> None:
    said = [f"{title}: Mind {number}." for number in range(20) for title in ("CallManager", "TVS")]
    tasks = tuple(Task(f"task-{number}", "Look at it.") for number in range(9))
    plan = replace(campaign(), cautions=(*said, "TVS: Only this."), tasks=tasks)
    drawn = card(make_renewal(plan=plan), POLICY, NOW)
    within_limits(drawn.blocks, text=drawn.text)
    text = str(drawn.blocks)
    assert text.count("*CallManager, TVS*: Mind ") == 20
    assert "*TVS*: Only this." in text
    assert "9 tasks" in text
    assert "task-8" in text
    assert "Phones are away." in text
    assert "cisco-217138" in text
    assert any("`task-8`: Look at it." in page for page in step_list(make_renewal(plan=plan)))
