"""Phones that AXL tells without a device pool: no pool reset reaches them, so each is reset by its name."""

from certrenew.domain.renewal import State
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER


def test_they_are_reset_one_by_one_after_the_pools(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster={"device_pools": ("Default", ""), "phones": 4})
    renewal = bench.run(bench.approved())
    assert renewal.state is State.SUCCEEDED, renewal.reason
    resets = [act for act in bench.acts if act.startswith("reset")]
    assert resets == ["reset_device_pool Default", "reset_phone SEP000000000001", "reset_phone SEP000000000003"]
