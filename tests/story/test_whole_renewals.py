"""Whole renewals, told as they happen to people: through the lab's Slack, and at the command line."""

import json
from collections.abc import Callable

from certrenew.domain.renewal import State

from .conftest import Stage, lines

Make = Callable[..., Stage]


def test_a_renewal_survives_a_slow_authority_and_a_power_failure_in_mid_upload(make_stage: Make) -> None:
    stage = make_stage()
    stage.processes.start_bots(stage.config)

    # Ana asks in the channel, and the plan appears on a card with buttons.
    stage.people.type_command("/certrenew callmanager cluster-a")
    stage.until(lambda: stage.people.press("Approve"))

    # The authority is sealed, so the renewal waits for it; in the meantime the bot dies, and waits on after that.
    stage.trouble_at_the_authority("sealed", 4.0)
    stage.until(lambda: _waits(stage))
    stage.processes.kill_bot()

    # Everything is prepared; Carmen releases the installation, and the bot dies again in the middle of the upload.
    stage.until(lambda: stage.people.press("Release"))
    stage.until(lambda: _began(stage, "upload_identity"))
    stage.processes.kill_bot()

    # It starts again by itself, finds what became of the upload, and goes on to the end.
    stage.until(lambda: _is(stage, State.SUCCEEDED), 55.0)
    assert stage.processes.deaths == 2
    assert len(stage.journal("identity_uploaded")) == 1
    assert len(stage.journal("csr_generated")) == 1
    assert stage.audit_is_whole()

    # The card says that it is done, and the thread tells the whole story.
    stage.until(lambda: stage.people.listen() or stage.people.heard("For the audit"), 15.0)
    told = "\n".join(stage.said)
    assert "is done" in told
    for sentence in ("Approved by", "Installation released by", "Upload the new CallManager certificate"):
        assert sentence in told


def test_the_same_from_a_terminal_beside_a_running_server(make_stage: Make) -> None:
    stage = make_stage()
    stage.processes.start_bots(stage.config)
    stage.until(lambda: (stage.directory / "certrenew.db.lock").exists() and stage.renewal() is None)

    asked = stage.cli("renew", "callmanager", "cluster-a", "--change", "CHG1", "--no-follow")
    assert asked.returncode == 0, asked.stderr
    assert "Another person approves it with" in asked.stdout
    renewal = stage.renewal()
    assert renewal is not None
    assert renewal.requester.id == "local:alice"

    own = stage.cli("approve", renewal.short_id)
    assert own.returncode == 1
    approved = stage.cli("approve", renewal.short_id, login="dora")
    assert approved.returncode == 0, approved.stderr
    assert "is approved" in approved.stdout

    stage.until(lambda: (found := stage.renewal()) is not None and found.gate is not None)
    stage.until(lambda: stage.cli("release", renewal.short_id, login="dora").returncode == 0)
    shown = json.loads(stage.cli("status", renewal.short_id, "--json").stdout)
    assert [entry["id"] for entry in shown] == [renewal.id]
    stage.until(lambda: _is(stage, State.SUCCEEDED), 50.0)

    assert "The audit is whole" in stage.cli("audit", "verify").stdout
    exported = lines(stage.cli("audit", "export").stdout)
    assert [event["number"] for event in exported] == list(range(1, len(exported) + 1))
    assert {event["actor"] for event in exported} >= {"local:alice", "local:dora"}


def test_without_a_server_the_command_runs_the_renewal_itself(make_stage: Make) -> None:
    stage = make_stage(slack=False)
    running = stage.cli_in_background("renew", "callmanager", "cluster-a")
    stage.until(lambda: stage.renewal() is not None)
    renewal = stage.renewal()
    assert renewal is not None
    assert stage.cli("approve", renewal.short_id, login="dora").returncode == 0
    stage.until(lambda: stage.cli("release", renewal.short_id, login="dora").returncode == 0, 30.0)
    out, err = running.communicate(timeout=55)
    assert running.returncode == 0, err
    assert "succeeded after" in out


def _is(stage: Stage, state: State) -> bool:
    found = stage.renewal()
    assert found is None or found.state is not State.STOPPED, found.reason
    return found is not None and found.state is state


def _waits(stage: Stage) -> bool:
    found = stage.renewal()
    return found is not None and found.state is State.WAITING and found.gate is None


def _began(stage: Stage, kind: str) -> bool:
    found = stage.renewal()
    return found is not None and any(step.kind == kind and step.attempts > 0 for step in found.steps)
