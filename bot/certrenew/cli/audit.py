"""The audit trail: show it, verify it, hand it to an auditor."""

import sys

import click

from certrenew.cli.shared import Shell
from certrenew.cli.told import told
from certrenew.store.audit import export_csv, export_json, verify, walk


@click.group()
def audit() -> None:
    """Show, verify or export the audit trail."""


@audit.command()
@click.argument("renewal", default="")
@click.pass_obj
def show(shell: Shell, renewal: str) -> None:
    """Show who did what and when; for one renewal when its id (or its beginning) is given."""
    with shell.reading() as app:
        event = None
        for event in walk(app.database, renewal=renewal):
            click.echo(f"{event.number:>6}  {event.at:%Y-%m-%d %H:%M:%S}  {event.actor_name:<14} {told(event)}")
        if event is None:
            click.echo(
                f"The audit has nothing about renewal {renewal!r}." if renewal else "The audit is empty.", err=True
            )


@audit.command("verify")
@click.option("--head", default="", help="A hash that must be in the chain, such as the one posted to the channel.")
@click.pass_obj
def verify_(shell: Shell, head: str) -> None:
    """Recompute the whole chain; exit code 1 and the first bad row when it was tampered with."""
    with shell.reading() as app:
        verdict = verify(app.database, head=head.strip().lower())
    if verdict.problem:
        click.echo(f"The audit is not whole: {verdict.problem}. Whole rows so far: {verdict.rows}.", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"The audit is whole: {verdict.rows} rows, head {verdict.head}")


@audit.command()
@click.argument("renewal", default="")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--output", type=click.File("w", encoding="utf-8", atomic=True), help="A file instead of the terminal.")
@click.pass_obj
def export(shell: Shell, renewal: str, form: str, output: click.File | None) -> None:
    """Write the trail as JSON Lines or CSV, with every hash, so that others can verify it."""
    write = export_csv if form == "csv" else export_json
    with shell.reading() as app:
        count = write(walk(app.database, renewal=renewal), output or sys.stdout)  # type: ignore[arg-type]
    click.echo(f"{count} events", err=True)
