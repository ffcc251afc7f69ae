"""What only people can do: open once the installation began, ticked off once, by who takes part, also afterwards."""

from dataclasses import replace

import pytest

from certrenew.app.answers import one_line, renewal_lines
from certrenew.app.commands import Abandon, Renew, Tick
from certrenew.domain.errors import CommandRefused, NotAllowed, StepFailed
from certrenew.domain.plan import Task
from certrenew.domain.renewal import State
from certrenew.testing.bench import ALICE, BOB, CAROL, MALLORY, Bench
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER

SMALL = {"nodes": ("cucm-pub",), "phones": 2}
TWO = replace(CALLMANAGER, tasks=(Task("expressway", "Tell Expressway."),))  # each plan asks for a backup, too


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench(TWO, cluster=SMALL)


def open_keys(bench: Bench, renewal: str) -> list[str]:
    return [task.key for task in bench.get(renewal).open_tasks]


def test_tasks_outlive_the_renewal_and_do_not_hold_its_cluster(bench: Bench) -> None:
    renewal = bench.run(bench.approved())
    assert renewal.state is State.SUCCEEDED
    assert open_keys(bench, renewal.id) == ["expressway", "backup"]
    bench.do(Renew(purpose="callmanager", cluster="lab", force="again"), ALICE)
    assert "1 of 2" in bench.do(Tick(renewal=renewal.id, task="Backup", note=" on sftp1 "), ALICE).text
    assert "Nothing is left" in bench.do(Tick(renewal=renewal.id, task="expressway"), BOB).text
    done = bench.get(renewal.id).tasks
    assert [(task.done_by and task.done_by.name, task.note) for task in done] == [("Bob", ""), ("Alice", "on sftp1")]
    last = [event for event in bench.events(renewal.id) if event.what == "task done"]
    assert [(event.actor, event.details["task"]) for event in last] == [(ALICE.id, "backup"), (BOB.id, "expressway")]


def test_a_task_is_ticked_off_once_and_a_repeated_request_changes_nothing(bench: Bench) -> None:
    renewal = bench.run(bench.approved()).id
    answer = bench.do(Tick(renewal=renewal, task="backup"), ALICE, key="once")
    assert bench.do(Tick(renewal=renewal, task="backup"), ALICE, key="once").text == answer.text
    with pytest.raises(CommandRefused, match="Alice did 'backup' already"):
        bench.do(Tick(renewal=renewal, task="backup"), CAROL)
    assert bench.told(renewal).count("task done") == 1


def test_only_who_takes_part_may_tick_off(bench: Bench) -> None:
    renewal = bench.run(bench.approved()).id
    with pytest.raises(NotAllowed):
        bench.do(Tick(renewal=renewal, task="backup"), MALLORY)
    assert open_keys(bench, renewal) == ["expressway", "backup"]


def test_an_unknown_task_is_answered_with_the_nearest_right_one(bench: Bench) -> None:
    renewal = bench.run(bench.approved()).id
    with pytest.raises(CommandRefused, match="did you mean backup"):
        bench.do(Tick(renewal=renewal, task="bakcup"), ALICE)
    with pytest.raises(CommandRefused, match="its tasks are expressway, backup"):
        bench.do(Tick(renewal=renewal, task="zzz"), ALICE)


def test_nothing_is_to_do_after_a_renewal_that_installed_nothing(bench: Bench) -> None:
    renewal = bench.run(bench.approved(), release=False).id
    with pytest.raises(CommandRefused, match="not begun to install"):
        bench.do(Tick(renewal=renewal, task="backup"), ALICE)
    bench.do(Abandon(renewal=renewal, reason="other plans"), ALICE)
    assert bench.run(renewal).state is State.ABANDONED
    assert open_keys(bench, renewal) == []


def test_tasks_are_open_after_an_end_in_the_midst_of_the_installation(bench: Bench) -> None:
    renewal = bench.approved()
    bench.cluster.trouble.fail("restart", StepFailed("No."))
    bench.run(renewal)
    bench.do(Abandon(renewal=renewal, reason="later"), ALICE)
    assert bench.run(renewal).state is State.ABANDONED
    assert open_keys(bench, renewal) == ["expressway", "backup"]


def test_the_status_shows_what_is_open_and_who_did_the_rest(bench: Bench) -> None:
    renewal = bench.run(bench.approved()).id
    bench.do(Tick(renewal=renewal, task="backup", note="on sftp1"), ALICE)
    found = bench.get(renewal)
    assert "1 open for people" in one_line(found)
    lines = list(renewal_lines(found))
    assert any("backup done by Alice" in line and "on sftp1" in line for line in lines)
    assert "task expressway open: Tell Expressway." in lines
