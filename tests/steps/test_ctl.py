"""The CTL after an update: what must stand in it, and what need not."""

from collections.abc import Callable

import pytest

from certrenew.certificates import CertificateType
from certrenew.domain.model import SecurityMode
from certrenew.domain.renewal import State
from certrenew.testing.bench import Bench
from certrenew.testing.nodes import FakeNodeSession
from certrenew_plugins.callmanager import CALLMANAGER, CALLMANAGER_ECDSA


@pytest.mark.parametrize(("kind", "ends"), [(CALLMANAGER, State.STOPPED), (CALLMANAGER_ECDSA, State.SUCCEEDED)])
def test_a_ctl_that_does_not_name_the_new_certificate_stops_unless_it_is_one_it_need_not_list(
    kind: CertificateType, ends: State, make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(kind, cluster={"security_mode": SecurityMode.MIXED})
    monkeypatch.setattr(FakeNodeSession, "ctl_serials", lambda _: frozenset({"ab"}))
    renewal = bench.run(bench.approved())
    assert renewal.state is ends, renewal.reason
    assert sum(act.startswith("update_ctl") for act in bench.acts) == 1
