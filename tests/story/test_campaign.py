"""All purposes that are due, as one plan: in safe order, through bots that die, with a part left out on purpose."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certrenew.app.commands import Approve, SkipPart
from certrenew.domain.renewal import State

from .inside import Inside, cluster

DUE = {"tomcat": 20.0, "ipsec": 25.0, "CAPF": 30.0, "CallManager": 35.0, "TVS": 40.0}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Inside]:
    stage = Inside(tmp_path, cluster("15.0.1.12900-234", mixed_mode=True, expires_in_days=DUE))
    yield stage
    stage.stop()


@pytest.fixture
def dying(here: Inside) -> Callable[[], None]:
    """A bot that is new at every seventh move: it knows only what the database and the cluster tell."""
    advance, moves = here.runner.advance, iter(range(10_000))

    def again(renewal: str):  # type: ignore[no-untyped-def]
        nonlocal advance
        if next(moves) % 7 == 6:
            here.app.sessions.close_all()
            advance = here.new_runner().advance
        return advance(renewal)

    def begin() -> None:
        here.runner.advance = again  # type: ignore[method-assign]

    return begin


def uploaded(here: Inside) -> list[str]:
    """The purposes in the order in which their certificates were uploaded, each once."""
    return list(dict.fromkeys(entry["detail"]["unit"] for entry in here.cucm.cluster.journal.acts("identity_uploaded")))


def test_all_that_is_due_is_renewed_in_safe_order_by_bots_that_die(here: Inside, dying: Callable[[], None]) -> None:
    dying()
    renewal = here.renew("all cluster-a")
    assert renewal.state is State.SUCCEEDED, renewal.reason
    assert uploaded(here) == ["tomcat", "ipsec", "CAPF", "CallManager", "TVS"]
    seen = here.state()
    assert seen["violations"] == []
    assert seen["stranded"] == []
    acts = [(entry["node"], entry["detail"]["unit"]) for entry in here.cucm.cluster.journal.acts("identity_uploaded")]
    assert len(acts) == len(set(acts))
    assert here.audit_is_whole()


def test_a_part_is_left_out_with_a_reason_and_the_others_go_on(here: Inside) -> None:
    renewal = here.type("all cluster-a")
    here.do(Approve(renewal=renewal))
    here.do(SkipPart(renewal=renewal, part="ipsec", reason="a backup is planned tonight"))
    found = here.run(renewal)
    assert found.state is State.SUCCEEDED, found.reason
    assert uploaded(here) == ["tomcat", "CAPF", "CallManager", "TVS"]
    assert here.state()["violations"] == []
