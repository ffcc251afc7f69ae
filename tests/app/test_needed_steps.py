"""A step that later ones need, or that guards against harm, cannot be skipped, so nobody is offered to."""

from certrenew.domain.renewal import Renewal, State
from certrenew.slack.buttons import buttons
from certrenew.slack.progress import choices
from certrenew.testing.bench import Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER


def number_of(renewal: Renewal, kind: str) -> int:
    return next(number for number, step in enumerate(renewal.plan.steps, start=1) if step.kind == kind)


def stopped_at_the_request(make_bench: MakeBench) -> tuple[Bench, Renewal]:
    bench = make_bench(CALLMANAGER)
    renewal = bench.approved()
    bench.run(renewal, release=False)
    bench.cluster.new_request(bench.cluster.nodes["cucm-sub1"], "CallManager")
    return bench, bench.run(renewal)


def test_a_lost_request_cannot_be_skipped_because_the_other_nodes_would_go_on_without_it(
    make_bench: MakeBench,
) -> None:
    bench, stopped = stopped_at_the_request(make_bench)
    assert stopped.state is State.STOPPED
    assert stopped.current is not None
    assert stopped.current.kind == "check_request"
    offered = [button["action_id"] for button in buttons(stopped, bench.service.policy("lab"))]
    assert "certrenew:skip:reason" not in offered
    assert "*Skip*" not in choices(stopped, stopped.current.number)


def test_skip_is_offered_only_where_the_renewal_can_go_on_without_the_step(make_bench: MakeBench) -> None:
    _, stopped = stopped_at_the_request(make_bench)
    assert "*Skip*" in choices(stopped, number_of(stopped, "restart_service"))
    generate = number_of(stopped, "generate_csr")
    assert stopped.plan.why_not_skip(generate)
    assert "*Skip*" not in choices(stopped, generate)
