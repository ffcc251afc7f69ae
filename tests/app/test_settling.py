"""Trust anchors are kept apart: the next one waits until the phones of the one before are back, or somebody answers."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from certrenew.app.answers import renewal_lines
from certrenew.app.commands import Abandon, Renew, Settle, Skip
from certrenew.app.settling import anchor_of
from certrenew.domain.errors import CommandRefused, NotAllowed, StepFailed, Unreachable
from certrenew.domain.renewal import State
from certrenew.store.database import database_url, open_engine, upgrade
from certrenew.testing.bench import ALICE, BOB, Bench
from certrenew.testing.contract import MakeBench
from certrenew.testing.fakes import FakeAuthority, FakeCluster
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.ipsec import IPSEC

SMALL = {"nodes": ("cucm-pub",), "phones": 4}
AGAIN = Renew(purpose="callmanager", cluster="lab", force="it was not finished", replace_csr=True)
LOST = "SEP000000000001"


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(CALLMANAGER, IPSEC, cluster=SMALL)


def held(bench: Bench) -> str | None:
    with bench.store() as unit:
        return unit.holder(anchor_of("lab"))


def ask_again(bench: Bench) -> str:
    return bench.do(AGAIN, ALICE).renewal


def lose(bench: Bench, name: str = LOST) -> None:
    phones = bench.cluster.phones
    phones.stragglers.add(name)
    phones.reset_phone(name)


def find(bench: Bench, name: str = LOST) -> None:
    phones = bench.cluster.phones
    phones.stragglers.discard(name)
    phones.reset_phone(name)
    bench.clock.advance(120)


def abandoned(bench: Bench) -> str:
    """It ended after its last restart: stored and served, but its phones were never proved back."""
    renewal = bench.approved("callmanager")
    bench.cluster.trouble.fail("reset_device_pool", StepFailed("No."))
    assert bench.run(renewal).state is State.STOPPED
    bench.do(Abandon(renewal=renewal, reason="window over"), ALICE)
    assert bench.run(renewal).state is State.ABANDONED
    return renewal


def test_a_renewal_that_proved_its_phones_leaves_nothing_behind(bench: Bench) -> None:
    found = bench.run(bench.approved("callmanager"))
    assert (found.state, found.settled, found.unsettled, held(bench)) == (State.SUCCEEDED, True, False, None)


def test_a_renewal_that_installed_nothing_leaves_nothing_behind(bench: Bench) -> None:
    renewal = bench.run(bench.approved("callmanager"), release=False).id
    assert held(bench) == renewal
    bench.do(Abandon(renewal=renewal, reason="no window"), ALICE)
    bench.run(renewal)
    assert held(bench) is None


def test_after_an_end_in_the_midst_the_next_trust_anchor_waits_for_the_phones(bench: Bench) -> None:
    renewal = abandoned(bench)
    lose(bench)
    assert held(bench) == renewal
    assert bench.get(renewal).unsettled
    with pytest.raises(CommandRefused) as refusal:
        ask_again(bench)
    said = str(refusal.value)
    assert f"renewal {renewal[:8]} (CallManager), which was abandoned" in said
    assert "1 of 4 phones are missing" in said
    assert LOST in said
    assert f"settle {renewal[:8]}" in said
    assert said.endswith("Nothing has changed.")
    assert bench.told().count("planned") == 1
    find(bench)
    again = ask_again(bench)
    assert held(bench) == again
    settled = [event for event in bench.events(renewal) if event.what == "settled"]
    assert [(event.actor, event.details["seen"]) for event in settled] == [(ALICE.id, "4 of 4 phones are registered")]
    assert not bench.get(renewal).unsettled


def test_other_purposes_do_not_wait(bench: Bench) -> None:
    abandoned(bench)
    lose(bench)
    assert bench.run(bench.approved("ipsec")).state is State.SUCCEEDED


def test_a_certificate_that_is_stored_and_not_served_is_told(bench: Bench) -> None:
    renewal = bench.approved("callmanager")
    bench.cluster.trouble.fail("restart", StepFailed("No."))
    bench.run(renewal)
    bench.do(Abandon(renewal=renewal, reason="window over"), ALICE)
    bench.run(renewal)
    with pytest.raises(CommandRefused, match=r"stored, but an old one is served on cucm-pub \(CallManager\)"):
        ask_again(bench)


def test_a_cluster_that_does_not_answer_says_nothing_about_its_phones(bench: Bench) -> None:
    renewal = abandoned(bench)
    bench.cluster.trouble.fail("registrations", Unreachable("No answer."))
    with pytest.raises(Unreachable):
        ask_again(bench)
    assert held(bench) == renewal


def test_only_an_approver_answers_for_it_once_and_with_a_reason(bench: Bench) -> None:
    renewal = abandoned(bench)
    lose(bench)
    with pytest.raises(CommandRefused, match="reason"):
        bench.do(Settle(renewal=renewal), BOB)
    with pytest.raises(NotAllowed):
        bench.do(Settle(renewal=renewal, reason="it is in a drawer"), ALICE)
    bench.do(Settle(renewal=renewal, reason="it is in a drawer"), BOB)
    assert bench.events(renewal)[-1].details == {"forced": True, "reason": "it is in a drawer"}
    ask_again(bench)
    with pytest.raises(CommandRefused, match="keeps nothing"):
        bench.do(Settle(renewal=renewal, reason="again"), BOB)


def test_an_open_renewal_cannot_be_settled(bench: Bench) -> None:
    renewal = bench.ask("callmanager")
    with pytest.raises(CommandRefused, match="settles when it ends"):
        bench.do(Settle(renewal=renewal, reason="now"), BOB)
    assert held(bench) == renewal


def test_a_renewal_whose_last_look_at_the_phones_was_skipped_has_not_settled(bench: Bench) -> None:
    renewal = bench.approved("callmanager")
    bench.cluster.trouble.fail("reset_device_pool", StepFailed("No."))
    found = bench.run(renewal)
    lose(bench)
    skipped: list[str] = []
    while found.state is State.STOPPED and found.current is not None:
        skipped.append(found.current.kind)
        bench.do(Skip(renewal=renewal, reason="it is in a drawer"), BOB)
        found = bench.run(renewal)
    assert skipped[-1] == "prove_phones"
    assert (found.state, found.unsettled, held(bench)) == (State.SUCCEEDED, True, renewal)
    assert any(line.startswith("not settled") for line in renewal_lines(found))


def test_a_renewal_from_before_the_lock_takes_it_when_it_begins(bench: Bench) -> None:
    renewal = bench.ask("callmanager")
    with bench.store() as unit:
        assert unit.give_back(anchor_of("lab"), renewal)
    bench.approve(renewal)
    bench.run(renewal, release=False)
    assert held(bench) == renewal


def test_a_renewal_does_not_begin_while_another_one_has_not_settled(bench: Bench) -> None:
    before = abandoned(bench)
    lose(bench)
    with bench.store() as unit:
        unit.give_back(anchor_of("lab"), before)
    renewal = ask_again(bench)
    with bench.store() as unit:
        unit.give_back(anchor_of("lab"), renewal)
        unit.take_locks([anchor_of("lab")], before)
    bench.approve(renewal)
    found = bench.run(renewal)
    assert found.state is State.STOPPED
    assert "has not settled since" in found.reason
    assert "1 of 4 phones are missing" in found.reason


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_that_ask_at_once_one_gets_the_cluster(
    kind: str, request: pytest.FixtureRequest, make_bench: MakeBench
) -> None:
    if kind == "postgresql":
        engine: sa.Engine = open_engine(database_url(request.getfixturevalue("new_postgres")()))
        upgrade(engine)
        fake = FakeCluster(CALLMANAGER, **SMALL)  # type: ignore[arg-type]
        bench = Bench(engine, fake, FakeAuthority(clock=fake.clock), [CALLMANAGER])
    else:
        bench = make_bench(CALLMANAGER, cluster=SMALL)
    before = abandoned(bench)
    start, got = Barrier(2), list[object]()

    def ask(key: str) -> None:
        start.wait()
        try:
            got.append(bench.service.handle(AGAIN, ALICE, key=key).renewal)
        except CommandRefused as refusal:
            got.append(refusal)

    threads = [Thread(target=ask, args=(key,)) for key in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [found for found in got if isinstance(found, str)]
    assert len(winners) == 1, got
    assert held(bench) == winners[0]
    assert bench.told(before).count("settled") == 1
    bench.close()


def test_what_a_long_time_ago_ended_is_told_with_its_time(bench: Bench) -> None:
    renewal = abandoned(bench)
    lose(bench)
    ended = bench.get(renewal).ended_at
    assert ended is not None
    bench.clock.advance(timedelta(days=3).total_seconds())
    with pytest.raises(CommandRefused, match=f"{ended:%Y-%m-%d %H:%M} UTC"):
        ask_again(bench)
