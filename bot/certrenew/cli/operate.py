"""What an operator needs: serve, doctor, plugins, db."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict

import click

from certrenew import logs
from certrenew.cli.shared import Shell
from certrenew.cucm.doctor import check
from certrenew.cucm.session import CucmClusters
from certrenew.domain.errors import CertrenewError, ConfigError
from certrenew.registry import Plugins
from certrenew.settings import Settings, load
from certrenew.slack.doctor import Doctor
from certrenew.slack.manifest import manifest
from certrenew.store.audit import verify
from certrenew.store.database import database_url, open_engine, revisions, upgrade
from certrenew.wiring import parts
from certrenew.wiring.application import Application, learned_keys

WARNING = "WARNING: "  # true and worth knowing, but nothing is broken


@click.command()
@click.pass_obj
def serve(shell: Shell) -> None:
    """Run the bot until it is told to stop."""
    settings = shell.settings()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    app = Application(settings, runs=True)
    try:
        app.start()
        click.echo(f"certrenew is running ({app.executor}); {len(app.inventory)} cluster(s).", err=True)
        stopping.wait()
    finally:
        app.stop()
        click.echo("certrenew has stopped; what was open goes on with the next start.", err=True)
    end_at_once()


def end_at_once() -> None:
    """Without waiting for threads: an act that still hangs in a node must not go on beside the next process."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def doctor(shell: Shell, as_json: bool) -> None:
    """Check configuration, database, plugins, every node, every authority and Slack. Changes nothing.

    Exit code 1 when something is wrong.
    """
    findings: list[tuple[bool, str]] = []
    for ok, sentence in _examine(shell):
        findings.append((ok, sentence))
        if not as_json:
            click.echo(f"{_mark(ok, sentence)} {sentence.removeprefix(WARNING)}")
    if as_json:
        click.echo(json.dumps([{"ok": ok, "finding": sentence} for ok, sentence in findings], indent=2))
    if not all(ok or sentence.startswith(WARNING) for ok, sentence in findings):
        raise click.exceptions.Exit(1)


def _mark(ok: bool, sentence: str) -> str:
    if sentence.startswith(WARNING):
        return "WARN"
    return "ok  " if ok else "BAD "


def _examine(shell: Shell) -> Iterator[tuple[bool, str]]:
    try:
        settings, path = load(shell.config)
    except ConfigError as error:
        yield False, str(error)
        return
    logs.configure(level="error", secrets=parts.secrets_of(settings))
    yield True, f"The configuration {path} is readable and complete."
    for secret in parts.secrets_of(settings):
        try:
            secret()
        except ConfigError as error:
            yield False, str(error)
    yield from _database(settings)
    plugins = Plugins(settings.plugins.enabled)
    for plugin in plugins.listed():
        offers = ", ".join(plugin.offers) or "nothing"
        yield not plugin.problem, f"Plugin {plugin.name}: {plugin.problem or 'offers ' + offers}."
    yield from _authorities(settings, plugins)
    known = learned_keys(settings)
    for access in parts.accesses(settings):
        problems = check(access, CucmClusters((access,), known))
        for problem in problems:
            yield False, f"{access.cluster.name}: {problem}"
        if not problems:
            ways = "SSH, SOAP and, where it has that, REST"
            yield True, f"{access.cluster.name}: every node answers over {ways}; both accounts work."
    yield from _slack(settings)


def _database(settings: Settings) -> Iterator[tuple[bool, str]]:
    try:
        engine = open_engine(database_url(settings.database.url))
        current, head = revisions(engine)
    except CertrenewError as error:
        yield False, str(error)
        return
    if current is None:
        yield True, "The database is empty; the first start creates its tables."
    elif current != head:
        yield False, f"The database has schema {current}, this version needs {head}; run: certrenew db upgrade."
    else:
        verdict = verify(engine)
        told = f"its audit of {verdict.rows} rows is whole"
        yield not verdict.problem, f"The database has schema {head}; {verdict.problem or told}."
    engine.dispose()


def _authorities(settings: Settings, plugins: Plugins) -> Iterator[tuple[bool, str]]:
    try:
        found = parts.authorities(settings, plugins)
    except CertrenewError as error:
        yield False, str(error)
        return
    for name, authority in found.items():
        problems = authority.check()
        for problem in problems:
            yield False, f"Authority {name}: {problem}"
        if not problems:
            yield True, f"Authority {name} answers and accepts our credentials."
        if not authority.roots():
            yield False, f"Authority {name} has no configured root; add roots, so that nobody else's chain passes."


def _slack(settings: Settings) -> Iterator[tuple[bool, str]]:
    if not settings.approval.approvers and not settings.approval.groups:
        yield False, "Nobody is an approver: name people or groups in [approval], or no plan can be approved."
    slack = parts.slack_settings(settings)
    if slack is None:
        yield True, "Slack is not configured; renewals are asked for and approved on the command line."
        return
    people = [person for person in settings.approval.approvers if person.startswith("slack:")]
    users = [person.partition("/")[2] for person in people]
    for finding in Doctor(slack, group_ids=settings.approval.groups, user_ids=users).check():
        yield finding.ok, finding.sentence


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def plugins_(shell: Shell, as_json: bool) -> None:
    """List the plugins: where each comes from, what it offers, what is wrong with it."""
    try:
        enabled = shell.settings(level="error").plugins.enabled
    except ConfigError:
        enabled = ()
    listed = Plugins(enabled).listed()
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in listed], indent=2))
        return
    for plugin in listed:
        click.echo(f"{plugin.name:<22} {plugin.origin:<24} {', '.join(plugin.offers)}")
        if plugin.problem:
            click.echo(f"{'':<22} problem: {plugin.problem}")


@click.command("manifest")
def manifest_() -> None:
    """Print the Slack app manifest: the smallest set of scopes that the bot needs."""
    click.echo(json.dumps(manifest(), indent=2))


@click.group()
def db() -> None:
    """The database: its schema and its state."""


@db.command("status")
@click.pass_obj
def status_(shell: Shell) -> None:
    """Say which schema the database has and which this version needs."""
    engine = open_engine(database_url(shell.settings(level="error").database.url))
    current, head = revisions(engine)
    click.echo(f"database: {current or 'empty'}; this version: {head}")


@db.command("upgrade")
@click.pass_obj
def upgrade_(shell: Shell) -> None:
    """Migrate the database forward to this version's schema."""
    engine = open_engine(database_url(shell.settings(level="error").database.url))
    upgrade(engine)
    click.echo(f"The database has schema {revisions(engine)[0]}.")


COMMANDS = (serve, doctor, plugins_, manifest_, db)
