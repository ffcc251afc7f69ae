"""A step whose product a later step needs cannot be skipped, so nobody is offered to."""

from certrenew.domain.renewal import State
from certrenew.slack.buttons import buttons
from certrenew.slack.progress import choices
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER


def test_skip_is_offered_only_where_the_renewal_can_go_on_without_the_step(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER)
    renewal = bench.approved()
    bench.run(renewal, release=False)
    bench.cluster.new_request(bench.cluster.nodes["cucm-sub1"], "CallManager")
    check = bench.run(renewal)
    assert check.state is State.STOPPED
    assert check.current is not None
    offered = [button["action_id"] for button in buttons(check, bench.service.policy("lab"))]
    assert "certrenew:skip:reason" in offered
    assert "*Skip*" in choices(check, check.current.number)
    generate = next(number for number, step in enumerate(check.plan.steps, start=1) if step.kind == "generate_csr")
    assert check.plan.why_not_skip(generate)
    assert "*Skip*" not in choices(check, generate)
