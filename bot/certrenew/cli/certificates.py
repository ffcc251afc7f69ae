"""Certificates from a terminal: what the nodes hold, and what falls due."""

from datetime import timedelta

import click

from certrenew.app.commands import Certificates
from certrenew.app.stock_lines import expiring_json
from certrenew.app.stocktaking import nothing_read, readings_json
from certrenew.cli.shared import Shell, me

JSON = click.option("--json", "as_json", is_flag=True, help="For scripts.")


@click.command()
@click.argument("cluster")
@click.option("--trust", is_flag=True, help="List the trust certificates instead of their number.")
@JSON
@click.pass_obj
def certs(shell: Shell, cluster: str, trust: bool, as_json: bool) -> None:
    """Read the certificates of every node now, and show when they expire."""
    with shell.reading() as app:
        name = app.grammar.cluster(cluster)
        if not as_json:
            click.echo(app.answers.answer(Certificates(cluster=name, trust=trust), me()))
            return
        readings = app.stocktaker.read(name)
        nothing_read(readings)
        click.echo(readings_json(readings))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="[60d] [CLUSTER]")
@JSON
@click.pass_obj
def expiring(shell: Shell, words: tuple[str, ...], as_json: bool) -> None:
    """Show what expires soon, as it was last read: by a running bot, or by certrenew certs."""
    with shell.reading() as app:
        question = app.grammar.expiring(words)
        if not as_json:
            click.echo(app.answers.answer(question, me()))
            return
        now = app.clock.now()
        clusters = (question.cluster,) if question.cluster else sorted(app.inventory)
        holdings = app.shelf.falling_due(now + timedelta(days=question.days), cluster=question.cluster)
        click.echo(expiring_json(holdings, app.shelf.states(cluster=question.cluster), now, clusters=clusters))


COMMANDS = (certs, expiring)
