"""Renewals from a terminal: plan, renew, decide, look."""

import json
import shlex
import time
from collections.abc import Callable, Sequence

import click

from certrenew.app.answers import one_line, plan_lines, renewal_lines
from certrenew.app.commands import (
    Abandon,
    Approve,
    Change,
    ListRenewals,
    Pause,
    Reject,
    Release,
    Renew,
    Resume,
    Retry,
    Settle,
    Skip,
    SkipPart,
    Tick,
)
from certrenew.app.decisions import Answer
from certrenew.app.words import RENEW, VERBS
from certrenew.cli.shared import Shell, me
from certrenew.cli.told import told
from certrenew.domain.errors import CommandRefused
from certrenew.domain.renewal import Renewal, State
from certrenew.wiring.application import Application

JSON = click.option("--json", "as_json", is_flag=True, help="For scripts.")
POLL = 0.3  # seconds


WORDS = click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar=RENEW.usage)
AS_IN_CHAT = {"ignore_unknown_options": True}  # one language: the grammar reads its own options


@click.command(context_settings=AS_IN_CHAT)
@WORDS
@JSON
@click.pass_obj
def plan(shell: Shell, words: tuple[str, ...], as_json: bool) -> None:
    """Show what a renewal would do. Nothing is offered, nothing changes."""
    with shell.reading() as app:
        made = app.planner.plan(_renew(app, words))
        if as_json:
            click.echo(json.dumps({**made.to_json(), "digest": made.digest}, indent=2))
        else:
            click.echo("\n".join(plan_lines(made)))


@click.command(context_settings=AS_IN_CHAT)
@WORDS
@click.option("--no-follow", is_flag=True, help="Return as soon as the plan is offered (a running bot does the rest).")
@click.pass_obj
def renew(shell: Shell, words: tuple[str, ...], no_follow: bool) -> None:
    """Plan a renewal and offer it for approval; then follow it to its end.

    When no bot is running, this command runs the renewal itself: leave it open.
    """
    with shell.acting(stay=True) as (app, have_done):
        command = _renew(app, words)
        answer = have_done(command)
        click.echo(answer.text)
        with app.store(reading=True) as unit:
            renewal = unit.find(answer.renewal or command.cluster)
        click.echo("\n".join(plan_lines(renewal.plan)))
        click.echo(f"Another person approves it with: certrenew approve {renewal.short_id}")
        if not no_follow:
            _follow(app, renewal)


@click.command()
@click.argument("renewal")
@click.pass_obj
def follow(shell: Shell, renewal: str) -> None:
    """Show a renewal as it goes on, until it ends or needs a person."""
    with shell.reading() as app:
        with app.store(reading=True) as unit:
            found = unit.find(renewal)
        _follow(app, found)


def _follow(app: Application, renewal: Renewal) -> None:
    """Print each event as it comes; ends with the renewal, or with exit code 1 when it stops."""
    after, shown = 0, ""
    while True:
        with app.store(reading=True) as unit:
            events = unit.events(renewal=renewal.id, after=after)
            now = unit.find(renewal.id)
        for event in events:
            after = event.number
            click.echo(f"{event.at:%H:%M:%S}  {told(event)}")
        if now.state is State.WAITING and now.reason not in ("", shown):
            shown = now.reason
            click.echo(f"{app.clock.now():%H:%M:%S}  waiting: {shown}")
        if not events and (now.state.final or now.state is State.STOPPED):
            click.echo(one_line(now))
            if now.state is not State.SUCCEEDED:
                raise click.exceptions.Exit(1)
            return
        time.sleep(POLL)


@click.command()
@click.argument("subject", default="")
@click.option("--steps", is_flag=True, help="Every step, also of a plan for several purposes.")
@JSON
@click.pass_obj
def status(shell: Shell, subject: str, steps: bool, as_json: bool) -> None:
    """Show what is open, or one renewal with its steps."""
    with shell.reading() as app:
        with app.store(reading=True) as unit:
            found = [unit.find(subject)] if subject else list(unit.open_renewals())
        if as_json:
            click.echo(json.dumps([summary(renewal) for renewal in found], indent=2))
        elif subject:
            click.echo("\n".join(renewal_lines(found[0], every_step=steps)))
        else:
            click.echo("\n".join(one_line(renewal) for renewal in found) or "No renewal is open.")


@click.command("list")
@click.argument("cluster", default="")
@JSON
@click.pass_obj
def list_(shell: Shell, cluster: str, as_json: bool) -> None:
    """Show the newest renewals."""
    with shell.reading() as app:
        name = app.grammar.cluster(cluster) if cluster else ""
        if not as_json:
            click.echo(app.answers.answer(ListRenewals(cluster=name), me()))
            return
        with app.store(reading=True) as unit:
            click.echo(json.dumps([summary(renewal) for renewal in unit.newest(cluster=name)], indent=2))


def summary(renewal: Renewal) -> dict[str, object]:
    """A renewal as a script reads it."""
    return {
        "id": renewal.id,
        "cluster": renewal.plan.cluster,
        "purpose": renewal.plan.purpose,
        "state": str(renewal.state),
        "reason": renewal.reason,
        "requester": renewal.requester.id,
        "digest": renewal.plan.digest,
        "gate": str(renewal.gate) if renewal.gate else None,
        "created_at": renewal.created_at.isoformat(),
        "ended_at": renewal.ended_at.isoformat() if renewal.ended_at else None,
        "parts": [{"purpose": part.purpose, "left_out": renewal.left_out(part)} for part in renewal.plan.all_parts],
        "tasks": [{"key": task.key, "text": task.text, "done": task.done} for task in renewal.tasks],
        "unsettled": renewal.unsettled,
        "steps": [
            {"number": step.number, "kind": step.kind, "node": step.node, "state": str(step.state)}
            for step in renewal.steps
        ],
    }


def _renew(app: Application, words: Sequence[str]) -> Renew:
    command = app.grammar.parse(shlex.join(words))
    if not isinstance(command, Renew):
        raise CommandRefused(f"Name a purpose and a cluster: {RENEW.usage}. Nothing has changed.")
    return command


def _decision(name: str, make: Callable[..., Change], *, reason: str, naming: str = "") -> click.Command:
    """A command that decides about one renewal. `reason` is "no", "may" or "must"; `naming` is what of it is meant."""
    help_text = f"{VERBS[name].does} RENEWAL is its id, the beginning of that, or its cluster."

    @click.pass_obj
    def run(shell: Shell, /, renewal: str, reason: tuple[str, ...] = (), **named: str) -> None:
        with shell.acting() as (_, have_done):
            answer: Answer = have_done(make(renewal, " ".join(reason), *named.values()))
            click.echo(answer.text)

    command = click.command(name, help=help_text)(run)
    command.params.insert(0, click.Argument(["renewal"]))
    if naming:
        command.params.insert(1, click.Argument([naming]))
    if reason != "no":
        command.params.insert(1 + bool(naming), click.Argument(["reason"], nargs=-1, required=reason == "must"))
    return command


COMMANDS = (
    plan,
    renew,
    follow,
    status,
    list_,
    _decision("approve", lambda ref, why: Approve(renewal=ref, reason=why), reason="may"),
    _decision("reject", lambda ref, why: Reject(renewal=ref, reason=why), reason="must"),
    _decision("release", lambda ref, why: Release(renewal=ref, reason=why), reason="may"),
    _decision("retry", lambda ref, _: Retry(renewal=ref), reason="no"),
    _decision("skip", lambda ref, why: Skip(renewal=ref, reason=why), reason="must"),
    _decision(
        "skip-part",
        lambda ref, why, part: SkipPart(renewal=ref, part=part, reason=why),
        reason="must",
        naming="purpose",
    ),
    _decision("done", lambda ref, note, task: Tick(renewal=ref, task=task, note=note), reason="may", naming="task"),
    _decision("settle", lambda ref, why: Settle(renewal=ref, reason=why), reason="must"),
    _decision("pause", lambda ref, _: Pause(renewal=ref), reason="no"),
    _decision("resume", lambda ref, _: Resume(renewal=ref), reason="no"),
    _decision("abandon", lambda ref, why: Abandon(renewal=ref, reason=why), reason="must"),
)
