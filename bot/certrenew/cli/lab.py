"""Starts the lab by itself, for trying things out against it."""

import asyncio
from pathlib import Path

import click

from certrenew.domain.errors import ConfigError


@click.command()
@click.option("--directory", type=click.Path(path_type=Path), default=Path("certrenew-demo"), show_default=True)
@click.option("--nodes", type=click.IntRange(1, 21), default=3, show_default=True)
@click.option("--phones", type=click.IntRange(0, 20000), default=500, show_default=True)
@click.option("--mixed-mode", is_flag=True, help="A cluster in mixed mode, with a CTL file.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Lab seconds per real second.")
@click.option("--slack-port", type=int, default=0, help="A fixed port for the workspace's page.")
@click.option("--assumptions", is_flag=True, help="Print what the lab assumes beyond evidence, and end.")
def lab(
    directory: Path, nodes: int, phones: int, mixed_mode: bool, speed: float, slack_port: int, assumptions: bool
) -> None:
    """Run a CUCM cluster, an authority and a Slack workspace on loopback until interrupted.

    DIRECTORY/lab.json says how to reach them.
    """
    try:
        from certrenew_lab import lab as laboratory
    except ImportError as error:
        raise ConfigError("The lab is not installed; run: pip install 'certrenew[lab]'.") from error
    if assumptions:
        click.echo(laboratory.assumption_text())
        return
    scenario = laboratory.small(nodes, phones=phones, mixed_mode=mixed_mode, speed=speed)
    asyncio.run(laboratory.serve(directory, scenario, slack_port=slack_port))
