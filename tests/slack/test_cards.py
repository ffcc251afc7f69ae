"""The card: complete, within Slack's limits, and harmless whatever it is fed."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from certrenew.domain.approval import Gate, Policy
from certrenew.domain.renewal import Renewal, State, StepState, Want
from certrenew.slack.buttons import Do, buttons, read
from certrenew.slack.cards import Message, card, step_list
from certrenew.slack.planned import replaced
from certrenew.slack.text import cut, escape, pages

from .fakes import NASTY, NOW, POLICY, approved, make_plan, make_renewal
from .limits import within_limits


def drawn(renewal: Renewal, policy: Policy = POLICY) -> Message:
    message = card(renewal, policy, NOW)
    within_limits(message.blocks, text=message.text)
    return message


def shown(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def labels(renewal: Renewal, policy: Policy = POLICY) -> list[str]:
    return [button["text"]["text"] for button in buttons(renewal, policy)]


def in_every_state(nodes: int, foreign: str = "") -> list[Renewal]:
    renewals = [
        approved(make_renewal(nodes, state=state, done=nodes, foreign=foreign), foreign or "fine")
        for state in State
        if state is not State.PLANNED
    ]
    gate = make_renewal(nodes, state=State.WAITING, done=nodes, gate=Gate.RELEASE, foreign=foreign)
    return [make_renewal(nodes, foreign=foreign), gate, *renewals]


@pytest.mark.parametrize("nodes", [1, 3, 21])
def test_every_state_fits_into_a_message(nodes: int) -> None:
    for renewal in in_every_state(nodes):
        drawn(renewal)


@pytest.mark.parametrize("nodes", [1, 21])
def test_foreign_text_neither_breaks_the_layout_nor_mentions_anybody(nodes: int) -> None:
    for renewal in in_every_state(nodes, NASTY):
        message = drawn(renewal)
        rich = [block for block in message.blocks if block["type"] != "actions" and block["type"] != "header"]
        assert "<!channel>" not in json.dumps(rich)
        assert "<https" not in json.dumps(rich)
        assert "<!channel>" not in message.text


def test_a_plan_shows_what_the_approver_must_know() -> None:
    renewal = make_renewal(21)
    text = shown(drawn(renewal))
    for target in renewal.plan.targets:
        assert target.node in text
    assert "7 days" in text
    assert "Phones register again" in text
    assert "The backup is four days old." in text
    assert renewal.plan.short_digest in text
    assert "<!date^" in text
    assert "CHG0042" in text


def test_the_card_says_who_decided_and_why() -> None:
    text = shown(drawn(approved(make_renewal(state=State.RUNNING, done=2))))
    assert "*Approved* by <@U0CARMEN01>" in text
    assert "looks right" in text
    assert "2 of 3 steps" in text


def test_a_stop_says_what_happened_what_is_true_and_what_to_do() -> None:
    renewal = make_renewal(state=State.STOPPED, done=4)
    text = shown(drawn(renewal))
    assert (
        "*What happened:* Step 5, “Upload the new certificate to cucm-cluster-a-02”, stopped. The node refused." in text
    )
    assert "installed the new certificate on cucm-cluster-a-01; not on cucm-cluster-a-02, cucm-cluster-a-03" in text
    assert labels(renewal) == ["Retry step 5", "Skip step 5", "Abandon renewal"]


def test_a_stop_before_installation_says_that_nothing_was_changed() -> None:
    assert "every node stores and serves its old certificate" in shown(drawn(make_renewal(state=State.STOPPED, done=1)))


def test_a_plan_that_no_longer_holds_names_no_step() -> None:
    renewal = make_renewal(state=State.STOPPED, done=3)
    steps = tuple(
        replace(record, state=StepState.PENDING) if record.number == 4 else record for record in renewal.steps
    )
    renewal = replace(renewal, steps=steps, reason="The cluster is not as it was.")
    assert "*What happened:* The cluster is not as it was." in shown(drawn(renewal))
    assert labels(renewal) == ["Retry", "Abandon renewal"]


def test_the_end_shows_the_evidence() -> None:
    renewal = make_renewal(1, state=State.SUCCEEDED, done=4)
    served = {"served": {"port 443": "77aa"}, "serial": "77aa", "expires": "2028-01-01T00:00:00+00:00"}
    phones = {"registered": 39, "baseline": 40, "stragglers": ["SEP1: gone"]}
    steps = list(renewal.steps)
    steps[3] = replace(steps[3], output={**served, "leaf": "-----BEGIN CERTIFICATE-----"}, evidence=phones)
    text = shown(drawn(replace(renewal, steps=tuple(steps))))
    assert "new serial `77aa`" in text
    assert "port 443" in text
    assert "39 of 40 are registered." in text
    assert "SEP1: gone" in text
    assert " in 3 min." in text
    assert "BEGIN" not in text


def test_each_state_offers_only_what_can_be_done() -> None:
    gate = make_renewal(state=State.WAITING, done=3, gate=Gate.RELEASE)
    running = make_renewal(state=State.RUNNING, done=1)
    assert labels(make_renewal()) == ["Approve renewal", "Reject renewal"]
    assert labels(gate) == ["Release installation", "Abandon renewal"]
    assert labels(running) == ["Pause renewal", "Abandon renewal"]
    assert labels(replace(running, want=Want.PAUSE)) == ["Resume renewal", "Abandon renewal"]
    assert labels(replace(running, want=Want.ABANDON)) == []
    assert labels(make_renewal(state=State.PAUSED, done=1)) == ["Resume renewal", "Abandon renewal"]
    for state in (State.SUCCEEDED, State.REJECTED, State.EXPIRED, State.ABANDONED):
        assert labels(make_renewal(state=state, done=12)) == []


def test_a_released_renewal_offers_no_second_release() -> None:
    renewal = make_renewal(state=State.WAITING, done=3, gate=Gate.RELEASE, released=True)
    assert "Release installation" not in labels(renewal)


def test_the_release_button_names_the_impact() -> None:
    gate = make_renewal(state=State.WAITING, done=3, gate=Gate.RELEASE)
    assert "Phones register again" in buttons(gate, POLICY)[0]["confirm"]["text"]["text"]


def test_an_approval_asks_for_a_reason_only_if_the_policy_does() -> None:
    strict = replace(POLICY, reason_required=True)
    plain, asking = buttons(make_renewal(), POLICY)[0], buttons(make_renewal(), strict)[0]
    assert not read(plain["action_id"], plain["value"]).ask
    assert read(asking["action_id"], asking["value"]).ask


def test_a_button_carries_ids_only_and_reads_back() -> None:
    renewal = make_renewal(state=State.STOPPED, done=4)
    skip = buttons(renewal, POLICY)[1]
    click = read(skip["action_id"], skip["value"])
    assert (click.do, click.renewal, click.step, click.ask) == (Do.SKIP, renewal.id, 5, True)
    approve = buttons(make_renewal(), POLICY)[0]
    assert read(approve["action_id"], approve["value"]).digest == make_renewal().plan.digest


def test_the_drawing_differs_only_when_something_changed() -> None:
    running = make_renewal(state=State.RUNNING, done=1)
    later = card(running, POLICY, NOW + timedelta(seconds=90))
    assert later.digest == card(running, POLICY, NOW).digest
    assert card(make_renewal(state=State.RUNNING, done=2), POLICY, NOW).digest != later.digest


def test_all_steps_of_a_large_plan_are_listed_in_posts_that_fit() -> None:
    texts = step_list(make_renewal(21))
    assert all(len(text) <= 3500 for text in texts)
    assert "84. Check by TLS" in texts[-1]


def test_shortening_never_leaves_half_an_escape() -> None:
    text = escape("a & b < c " * 30)
    for limit in range(20, 120):
        short = cut(text, limit)
        assert len(short) <= limit
        assert short.rstrip("…").count("&") == short.count(";")


def test_pages_keep_every_line() -> None:
    lines = [f"line {number}" for number in range(500)]
    assert "\n".join(pages(lines, 100)).split("\n") == lines


def test_a_certificate_in_several_stores_of_several_nodes_is_one_line_that_says_it_is_removed() -> None:
    plan = make_plan(2)
    held = [replace(target, serial="4a", purpose=store) for target in plan.targets for store in ("a-trust", "b-trust")]
    lines = replaced(replace(plan, targets=tuple(held)), NOW)
    assert lines[0] == "*Certificates to be removed*"
    [line] = lines[1:]
    assert line.startswith("• a-trust, b-trust of `cucm-cluster-a-01`, `cucm-cluster-a-02`: serial `4a`, expires")
