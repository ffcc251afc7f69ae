"""The thread: short lines while it runs, whole stories when it stops or ends."""

from dataclasses import replace

from certrenew.domain.events import What
from certrenew.domain.plan import Risk
from certrenew.domain.renewal import State
from certrenew.slack.posts import outcome, posts, said

from .fakes import CARMEN, NASTY, event, make_renewal


def test_neighbouring_lines_share_a_message_and_an_end_stands_alone() -> None:
    renewal = make_renewal(state=State.SUCCEEDED, done=12)
    finished = [event(number, What.STEP_FINISHED, renewal, step=number) for number in range(1, 4)]
    found = posts(renewal, [*finished, event(4, What.SUCCEEDED, renewal)])
    assert [(post.first, post.last, post.broadcast) for post in found] == [(1, 3, False), (4, 4, True)]
    assert found[1].text.startswith("✅ CallManager on cluster-a (renewal 11111111) is done")
    assert "ab" * 32 in found[1].text


def test_no_message_is_longer_than_slack_shows() -> None:
    renewal = make_renewal(21, state=State.STOPPED, done=30, foreign=NASTY)
    now = [f"cucm-{number} stores its old certificate. {NASTY}" for number in range(40)]
    events = [event(number, What.NOTICED, renewal, text=NASTY) for number in range(1, 60)]
    events.append(event(60, What.STOPPED, renewal, step=31, why=NASTY * 5, now=now))
    found = posts(renewal, events)
    assert all(len(post.text) <= 3500 for post in found)
    assert not any("<!channel>" in post.text or "<https" in post.text for post in found)


def test_a_stop_mentions_the_requester_and_tells_what_the_nodes_hold() -> None:
    renewal = make_renewal(state=State.STOPPED, done=4)
    text = said(renewal, event(9, What.STOPPED, renewal, step=5, why="It timed out.", now=["pub stores the old one."]))
    assert "<@U0ANA00001>, please decide." in text
    assert "*What happened:* Step 5, “Upload the new certificate to cucm-cluster-a-02”, stopped. It timed out." in text
    assert "*What is true now:*\n• pub stores the old one." in text
    assert "*What you can do:*" in text


def test_nodes_of_which_the_same_is_true_share_a_line() -> None:
    renewal = make_renewal(state=State.STOPPED, done=4)
    new, old = (
        "stores the new certificate and serves the new one.",
        "stores its old certificate and serves the old one.",
    )
    now = [f"pub (tomcat) {new}", f"sub (tomcat) {new}", f"pub (TVS) {old}", "IPsec: nothing was restarted yet."]
    text = said(renewal, event(9, What.STOPPED, renewal, step=5, why="It timed out.", now=now))
    assert f"• pub, sub (tomcat) each {new}\n• pub (TVS) {old}\n• IPsec: nothing was restarted yet." in text


def test_approvers_are_addressed_when_they_are_needed() -> None:
    renewal = make_renewal()
    for what in (What.PLANNED, What.GATE_REACHED):
        assert "<!subteam^S1>, please decide." in said(renewal, event(1, what, renewal), approvers="<!subteam^S1>")


def test_decisions_name_the_person_and_the_reason() -> None:
    renewal = make_renewal()
    line = said(renewal, event(1, What.REJECTED, renewal, CARMEN, reason="not <today>"))
    assert line == "⛔ Rejected by <@U0CARMEN01>. Reason: “not &lt;today&gt;”. Nothing was changed on the cluster."


def test_every_kind_of_event_can_be_said() -> None:
    for what in What:
        for state in State:
            renewal = make_renewal(state=state, done=2)
            assert isinstance(said(renewal, event(1, what, renewal)), str)


def test_the_requester_hears_of_every_end() -> None:
    for state in State:
        assert bool(outcome(make_renewal(state=state, done=4))) is state.final


def test_a_step_that_began_and_ended_in_the_same_breath_is_told_once() -> None:
    renewal = make_renewal(state=State.RUNNING)
    number = next(n for n, step in enumerate(renewal.plan.steps, 1) if step.risk is Risk.OUTAGE)
    begun = event(1, What.STEP_STARTED, renewal, step=number)
    ended = event(2, What.STEP_FINISHED, renewal, step=number, kind="restart_service")
    assert "begins" in posts(renewal, [begun])[0].text
    assert "begins" not in posts(renewal, [begun, replace(ended, what=str(What.STEP_FINISHED))])[0].text
