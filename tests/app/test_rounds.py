"""The rounds: every cluster once a day by one replica, and what falls due is said once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from certrenew.app.campaign import ALL
from certrenew.app.expiry import EXPIRED, Notice, common_name, digest_items, grouped, threshold_of
from certrenew.domain.errors import Unreachable
from certrenew.domain.renewal import State
from certrenew.registry import Plugins
from certrenew.testing.contract import MakeBench
from certrenew.testing.fakes import FakeCluster
from certrenew.wiring.inventory import renewable
from certrenew_plugins.callmanager import CALLMANAGER

from .stocked import WARN_DAYS, Stocked

DAY = 86400.0


@pytest.fixture
def stocked(make_bench: MakeBench) -> Stocked:
    return Stocked(make_bench(CALLMANAGER, cluster={"phones": 2}))


def test_a_cluster_is_read_once_a_period_with_one_login_a_node(stocked: Stocked) -> None:
    assert stocked.rounds.tick() == "lab"
    assert sorted(stocked.logins()) == ["certificates cucm-pub", "certificates cucm-sub1"]
    assert stocked.bench.cluster.trouble.calls.count("close") == 1
    for _ in range(23):
        stocked.clock.advance(3600)
        assert stocked.rounds.tick() == ""
    stocked.clock.advance(3600)
    assert stocked.rounds.tick() == "lab"


def test_a_cluster_that_does_not_answer_is_not_hammered(stocked: Stocked) -> None:
    stocked.bench.cluster.trouble.silent("certificates", times=2)
    assert stocked.rounds.tick() == "lab"
    stocked.clock.advance(3600)
    assert stocked.rounds.tick() == ""


def test_of_two_replicas_one_makes_the_rounds(stocked: Stocked) -> None:
    other = Stocked(stocked.bench, holder="two")
    assert stocked.rounds.tick() == "lab"
    stocked.clock.advance(25 * 3600)
    assert stocked.rounds.tick() == "lab"
    stocked.clock.advance(1000)
    assert other.rounds.tick() == ""
    assert len(stocked.logins()) == 4


def test_clusters_are_read_one_after_another_with_time_between(make_bench: MakeBench) -> None:
    bench = make_bench(CALLMANAGER, cluster={"phones": 2})
    both = [FakeCluster(CALLMANAGER, name=name, clock=bench.clock, phones=0) for name in ("a", "b")]
    stocked = Stocked(bench, clusters=both)
    assert stocked.rounds.tick() == "a"
    assert stocked.rounds.tick() == ""
    stocked.clock.advance(16 * 60)
    assert stocked.rounds.tick() == "b"


def test_a_cluster_whose_services_are_being_restarted_is_read_later(stocked: Stocked) -> None:
    bench = stocked.bench
    renewal = bench.get(bench.approved())
    with bench.store() as unit:
        unit.save(replace(renewal, state=State.RUNNING, released=True))
    assert stocked.rounds.tick() == ""
    with bench.store() as unit:
        unit.save(replace(renewal, state=State.STOPPED, released=True))
    assert stocked.rounds.tick() == "lab"


# ---- what is said -------------------------------------------------------------------------------------------


def test_what_falls_due_is_said_once_per_threshold_with_a_way_to_renew(stocked: Stocked) -> None:
    stocked.trust("Old Root", days=-10, store="CallManager", nodes=("cucm-pub", "cucm-sub1"))
    stocked.hold("cucm-pub", "ipsec", days=6)
    stocked.rounds.tick()
    [(channel, text, items)] = stocked.wall.posts
    assert channel == "#lab"
    assert text == "lab: 1 certificate has expired and 3 certificates will expire within 30 days."
    assert [item.purpose for item in items] == ["", "", "callmanager"]  # the most urgent first
    assert items[0].line == (
        "Trust certificates: Old Root in CallManager-trust of cucm-pub, cucm-sub1 EXPIRED 10 days ago (2026-11-13)"
    )
    assert items[1].line == "ipsec: cucm-pub 6 days left (2026-11-29)"
    assert items[2].line.startswith("CallManager: cucm-pub, cucm-sub1")
    stocked.clock.advance(DAY)
    stocked.rounds.tick()
    assert len(stocked.wall.posts) == 1


def test_the_next_threshold_is_said_again_and_only_for_what_crossed_it(stocked: Stocked) -> None:
    stocked.hold("cucm-pub", "ipsec", days=8)
    stocked.rounds.tick()
    stocked.clock.advance(DAY)
    stocked.rounds.tick()
    assert [item.line for item in stocked.wall.posts[1][2]] == ["ipsec: cucm-pub 7 days left (2026-12-01)"]


def test_a_restart_says_nothing_again(stocked: Stocked) -> None:
    stocked.rounds.tick()
    again = Stocked(stocked.bench, stocked.wall)
    again.rounds.tick()
    stocked.clock.advance(DAY)
    again.rounds.tick()
    assert len(stocked.wall.posts) == 1


def test_what_the_channel_did_not_take_is_said_later_also_after_a_restart(stocked: Stocked) -> None:
    stocked.wall.broken = Unreachable("Slack is away.")
    assert stocked.rounds.tick() == "lab"
    assert stocked.shelf.said("lab") == frozenset()
    stocked.wall.broken = None
    Stocked(stocked.bench, stocked.wall).rounds.tick()
    stocked.rounds.tick()
    assert len(stocked.wall.posts) == 1


def test_a_renewed_certificate_is_a_new_one(stocked: Stocked) -> None:
    stocked.rounds.tick()
    for node in ("cucm-pub", "cucm-sub1"):
        stocked.hold(node, "CallManager", days=300)
    stocked.clock.advance(DAY)
    stocked.rounds.tick()
    stocked.clock.advance(290 * DAY)
    stocked.rounds.tick()
    assert [len(items) for _, _, items in stocked.wall.posts] == [1, 1]


def test_a_digest_says_what_could_not_be_read(stocked: Stocked) -> None:
    stocked.bench.cluster.trouble.silent("certificates cucm-sub1")
    stocked.rounds.tick()
    assert stocked.wall.posts[0][1].endswith(" No answer to certificates cucm-sub1.")


def test_many_trust_certificates_stay_one_readable_line(stocked: Stocked) -> None:
    for number in range(30):
        stocked.trust(f"Root {number:02}", days=-1)
    stocked.rounds.tick()
    line = stocked.wall.posts[0][2][0].line
    assert line.endswith("and 22 more (all of them: certs lab --trust)")


@pytest.mark.parametrize(
    ("days", "threshold"), [(61, None), (60, 60), (31, 60), (30, 30), (7, 7), (1, 1), (0, 1), (-1, EXPIRED)]
)
def test_the_smallest_threshold_that_was_crossed_counts(days: int, threshold: int | None) -> None:
    assert threshold_of(days, WARN_DAYS) == threshold


def test_without_thresholds_only_what_has_expired_is_said() -> None:
    assert threshold_of(0, ()) is None
    assert threshold_of(-1, ()) == EXPIRED


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=cucm-pub.example.com,OU=UC,O=Example", "cucm-pub.example.com"),
        ("O=Example,CN=Root\\, Inc.", "Root, Inc."),
        ("O=Example", "O=Example"),
        ("CN=,O=Example", "CN=,O=Example"),
        ("(no subject)", "(no subject)"),
        ("OU=x+CN=y", "y"),
    ],
)
def test_a_certificate_is_called_by_its_common_name(subject: str, name: str) -> None:
    assert common_name(subject) == name


def test_every_purpose_with_a_plugin_gets_the_name_by_which_it_is_renewed() -> None:
    names = renewable(Plugins().certificate_types.values())
    assert names["CallManager"] == "callmanager"
    assert names.get("CAPF", "capf") == "capf"  # not the one for subscribers
    assert "authz" not in names


def test_notices_are_told_apart_by_threshold(stocked: Stocked) -> None:
    stocked.shelf.say([Notice("lab", "CallManager", "aa", 30)])
    assert Notice("lab", "CallManager", "aa", 14) not in stocked.shelf.said("lab")


def test_several_purposes_can_be_renewed_as_one_plan(stocked: Stocked) -> None:
    stocked.hold("cucm-pub", "ipsec", days=6)
    stocked.stocktaker.read("lab")
    now = stocked.clock.now()
    dues = grouped(stocked.shelf.falling_due(now + timedelta(days=60), cluster="lab"))
    items = digest_items("lab", dues, {"ipsec": "ipsec", "CallManager": "callmanager"}, now)
    assert [item.purpose for item in items] == ["ipsec", "callmanager", ALL]
    assert len(digest_items("lab", dues, {"ipsec": "ipsec"}, now)) == 2


def test_a_cluster_is_read_again_soon_after_a_renewal_has_ended(stocked: Stocked) -> None:
    assert stocked.rounds.tick() == "lab"
    stocked.clock.advance(60)
    assert stocked.bench.run(stocked.bench.approved()).state is State.SUCCEEDED
    stocked.clock.advance(900)
    assert stocked.rounds.tick() == "lab"
    stocked.clock.advance(3600)
    assert stocked.rounds.tick() == ""
