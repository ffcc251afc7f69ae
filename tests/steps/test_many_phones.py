"""Of 40,000 phones each is asked for by name only where a count is not enough: names share 15 requests a minute."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Phone, Registration
from certrenew.domain.packing import packed, unpacked
from certrenew.domain.plan import Blocked, Check, Json, Ready, Satisfied, Step, Waiting
from certrenew.domain.ports import Pace
from certrenew.steps import AwaitNewList, AwaitPhones, CheckTrustListsNow, ProvePhones, ResetPhones
from certrenew.testing.bench import Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
MANY = 40_000


class Cluster:
    """A session and the context around it; `away` are the phones that are not registered, `asked` what was asked."""

    def __init__(self, phones: int) -> None:
        self.names = [f"SEP{number:012X}" for number in range(phones)]
        self.away: set[str] = set()
        self.asked: list[int] = []
        self.listed = 0
        self.since = START
        self.now = START + timedelta(hours=1)
        self.outputs: dict[str, Json] = {"baseline": {"cucm-pub": phones}, "phones": packed(self.names)}
        self.pace = Pace()

    def registrations(self, names: Sequence[str]) -> Mapping[str, Registration]:
        self.asked.append(len(names))
        return {name: Registration(name, self._status(name), "cucm-pub", 0, self.since) for name in names}

    def _status(self, name: str) -> str:
        return "UnRegistered" if name in self.away else "Registered"

    def phones(self) -> tuple[Phone, ...]:
        self.listed += 1
        return tuple(Phone(name, "Headquarters") for name in self.names)

    def node(self, _name: str) -> Any:
        return SimpleNamespace(registered_phones=lambda: len(self.names) - len(self.away))

    def look(self, step: Step, before: Check | None = None, **changes: Any) -> Check:
        """One look of a step, after the look `before`."""
        waited = isinstance(before, Waiting)
        context = {
            "session": self,
            "pace": self.pace,
            "now": self.now,
            "attempted": None,
            "waiting_since": self.now if waited else None,
            "progress": before.progress if isinstance(before, Waiting) else {},
            "output": lambda name, _node: self.outputs[name],
            "notice": lambda _text: None,
            **changes,
        }
        self.asked.clear()
        return step.check(SimpleNamespace(**context))  # type: ignore[arg-type]


def test_while_some_are_missing_nobody_else_is_asked_for() -> None:
    cluster, step = Cluster(MANY), ProvePhones(node="cucm-pub")
    cluster.away = set(cluster.names[100:103])
    first = cluster.look(step)
    assert isinstance(first, Waiting)
    assert cluster.asked == [MANY]
    cluster.away.discard(cluster.names[100])
    second = cluster.look(step, first)
    assert isinstance(second, Waiting)
    assert cluster.asked == [3]
    cluster.away.clear()
    last = cluster.look(step, second)
    assert isinstance(last, Satisfied)
    assert cluster.asked == [2, MANY]
    assert last.output["registered"] == MANY


def test_a_phone_that_left_while_others_were_waited_for_is_missed() -> None:
    cluster, step = Cluster(2000), ProvePhones(node="cucm-pub")
    cluster.away = {cluster.names[1]}
    first = cluster.look(step)
    cluster.away = {cluster.names[7]}
    second = cluster.look(step, first)
    assert isinstance(second, Waiting)
    assert second.progress["missing"] == [cluster.names[7]]


def test_when_everybody_is_away_one_request_tells_so_and_little_is_remembered() -> None:
    cluster, step = Cluster(MANY), ProvePhones(node="cucm-pub")
    cluster.away = set(cluster.names)
    first = cluster.look(step)
    assert isinstance(first, Waiting)
    assert isinstance(first.progress["missing"], list)
    assert len(first.progress["missing"]) <= 900
    cluster.look(step, first)
    assert cluster.asked == [900]


def test_as_many_as_may_stay_away_do_not_hold_it_up() -> None:
    cluster, step = Cluster(MANY), ProvePhones(node="cucm-pub")
    cluster.pace = Pace(phones_threshold=0.95)
    cluster.away = set(cluster.names[:3000])
    first = cluster.look(step)
    assert isinstance(first, Waiting)
    cluster.away = set(cluster.names[:2000])
    last = cluster.look(step, first)
    assert isinstance(last, Satisfied)
    assert last.output["registered"] == MANY - 2000


def test_the_last_word_is_about_every_phone() -> None:
    cluster, step = Cluster(2000), ProvePhones(node="cucm-pub")
    cluster.away = {cluster.names[1]}
    first = cluster.look(step)
    cluster.away = set(cluster.names[:50])
    found = cluster.look(step, first, waiting_since=cluster.now - timedelta(hours=2))
    assert isinstance(found, Blocked)
    assert "50 of 2000" in found.reason


def test_phones_that_have_not_fetched_a_list_are_asked_for_alone() -> None:
    cluster, step = Cluster(MANY), AwaitNewList(node="cucm-pub")
    cluster.outputs["registered_since"] = packed(f"{name} {START.isoformat()}" for name in cluster.names[:2])
    first = cluster.look(step)
    assert isinstance(first, Waiting)
    cluster.look(step, first)
    assert cluster.asked == [2]
    cluster.since = START + timedelta(minutes=5)
    assert isinstance(cluster.look(step, first), Satisfied)
    assert cluster.asked == [2, MANY]


def test_no_share_of_phones_may_miss_the_list_that_names_the_new_signer() -> None:
    cluster, step = Cluster(100), AwaitNewList(node="cucm-pub")
    cluster.pace = Pace(phones_threshold=0.9)
    cluster.outputs["registered_since"] = packed([])
    cluster.away = {cluster.names[7]}
    assert isinstance(cluster.look(step), Waiting)
    cluster.away.clear()
    assert isinstance(cluster.look(step), Satisfied)


def test_the_signer_stays_while_counted_phones_are_unknown_by_name() -> None:
    cluster, step = Cluster(3), CheckTrustListsNow(node="cucm-pub", nodes=())
    assert isinstance(cluster.look(step), Satisfied)
    cluster.outputs["phones"] = packed([])
    found = cluster.look(step)
    assert isinstance(found, Blocked)
    assert "3 phones are counted, but none is known by its name" in found.reason
    cluster.outputs["baseline"] = {"cucm-pub": 0}
    assert isinstance(cluster.look(step), Satisfied)


def test_a_gate_between_nodes_counts_and_asks_for_no_name() -> None:
    cluster = Cluster(MANY)
    step = AwaitPhones(node="cucm-pub", nodes=("cucm-pub",), after="the restart")
    cluster.away = {cluster.names[0]}
    first = cluster.look(step)
    assert isinstance(first, Waiting)
    cluster.away.clear()
    assert isinstance(cluster.look(step, first), Satisfied)
    assert cluster.asked == []


def test_whether_a_reset_went_through_is_seen_by_phones_from_the_whole_pool() -> None:
    cluster = Cluster(MANY)
    step = ResetPhones(node="cucm-pub", device_pool="Headquarters")
    first = cluster.look(step, attempted=cluster.now)
    assert isinstance(first, Waiting)
    assert len(cluster.asked) == 1
    assert cluster.asked[0] <= 900
    sample = unpacked(first.progress["sample"])
    assert sample[0] == cluster.names[0]
    assert cluster.names.index(sample[-1]) > MANY - 100
    cluster.since = cluster.now
    assert isinstance(cluster.look(step, first, attempted=cluster.now), Satisfied)
    assert cluster.listed == 1
    cluster.since = START
    late = cluster.now - timedelta(minutes=5)
    assert isinstance(cluster.look(step, first, attempted=late), Ready)


# ---- what is kept --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [[], [""], ["SEP1"], [f"SEP{number:012X}" for number in range(MANY)]])
def test_names_come_back_as_they_were_packed(names: list[str]) -> None:
    if names == [""]:
        assert unpacked(packed(names)) == []
    else:
        assert unpacked(packed(names)) == names
        assert unpacked(list(names)) == names  # outputs of earlier versions


@pytest.mark.parametrize("value", [None, 3, "SEP1", "packed:????", {"a": 1}])
def test_a_baseline_that_cannot_be_read_stops_the_step(value: Json) -> None:
    cluster = Cluster(1)
    cluster.outputs["phones"] = value
    with pytest.raises(StepFailed, match="unreadable"):
        cluster.look(ProvePhones(node="cucm-pub"))


def longest(bench: Bench, renewal: str) -> tuple[int, int]:
    """The longest output of a step and the longest audit line, in characters."""
    outputs = max(len(str(dict(record.output))) for record in bench.get(renewal).steps)
    return outputs, max(len(str(event.details)) for event in bench.events(renewal))


def test_what_is_kept_of_many_phones_is_little_and_people_see_none_of_it(make_bench: MakeBench) -> None:
    few, many = make_bench(CALLMANAGER, cluster={"phones": 20}), make_bench(CALLMANAGER, cluster={"phones": 800})
    first, second = few.approved(), many.approved()
    few.run(first, release=False)
    many.run(second, release=False)
    (_, told_of_few), (kept, told) = longest(few, first), longest(many, second)
    assert kept < 800 * 15 / 2  # the names alone are longer
    assert told < told_of_few + 100
    assert not any("packed:" in str(event.details) for event in many.events(second))
