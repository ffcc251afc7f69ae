"""Certificates that several nodes share: kept shared, and a half shared one is a question for a person."""

from collections.abc import Callable

import pytest

from certrenew.app.commands import Renew
from certrenew.domain.errors import PlanRefused
from certrenew.steps import AwaitDistribution, UploadIdentity
from certrenew.testing.bench import ALICE, Bench
from certrenew_plugins.tomcat import TOMCAT

NODES = ("cucm-pub", "cucm-sub1", "cucm-sub2")


def plan(bench: Bench, **asked: object):  # type: ignore[no-untyped-def]
    command = Renew(purpose="tomcat", cluster="lab", **asked)  # type: ignore[arg-type]
    return bench.get(bench.do(command, ALICE).renewal).plan


def share(bench: Bench, *names: str) -> None:
    for name in names[1:]:
        bench.cluster.nodes[name].stored["tomcat"] = bench.cluster.nodes[names[0]].stored["tomcat"]


def test_a_shared_certificate_is_uploaded_once_and_awaited_on_the_others(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(TOMCAT, cluster={"nodes": NODES})
    share(bench, *NODES)
    steps = plan(bench).steps
    assert [step.node for step in steps if isinstance(step, UploadIdentity)] == ["cucm-pub"]
    assert [step.node for step in steps if isinstance(step, AwaitDistribution)] == ["cucm-sub1", "cucm-sub2"]


def test_a_certificate_that_only_some_nodes_share_is_a_question(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(TOMCAT, cluster={"nodes": NODES})
    share(bench, "cucm-pub", "cucm-sub1")
    with pytest.raises(PlanRefused, match="cucm-pub, cucm-sub1 share one tomcat certificate, and cucm-sub2"):
        plan(bench)
    assert plan(bench, multi_server=True).targets


def test_nodes_with_certificates_of_their_own_keep_them(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(TOMCAT, cluster={"nodes": NODES})
    assert len([step for step in plan(bench).steps if isinstance(step, UploadIdentity)]) == 3
