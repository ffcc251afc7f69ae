"""Starts the lab by itself, for trying things out against it."""

import asyncio
from pathlib import Path

import click

from certrenew.domain.errors import ConfigError


@click.command()
@click.option("--directory", type=click.Path(path_type=Path), default=Path("certrenew-demo"), show_default=True)
@click.option("--nodes", type=click.IntRange(1, 21), default=3, show_default=True)
@click.option("--phones", type=click.IntRange(0, 40000), default=500, show_default=True)
@click.option("--mixed-mode", is_flag=True, help="A cluster in mixed mode, with a CTL file.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Lab seconds per real second.")
@click.option(
    "--scenario",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file with the nodes, their manners and what goes wrong; deploy/lab-scenario.toml is an example.",
)
@click.option("--slack-port", type=int, default=0, help="A fixed port for the workspace's page.")
@click.option("--assumptions", is_flag=True, help="Print what the lab assumes beyond evidence, and end.")
@click.pass_context
def lab(
    context: click.Context,
    directory: Path,
    nodes: int,
    phones: int,
    mixed_mode: bool,
    speed: float,
    file: Path | None,
    slack_port: int,
    assumptions: bool,
) -> None:
    """Run a CUCM cluster, an authority and a Slack workspace on loopback until interrupted.

    It prints how to reach the cluster; DIRECTORY/lab.json says everything, also about the others.
    """
    try:
        from certrenew_lab import lab as laboratory
        from certrenew_lab import scenario_file
    except ImportError as error:
        raise ConfigError("The lab is not installed; run: pip install 'certrenew[lab]'.") from error
    if assumptions:
        click.echo(laboratory.assumption_text())
        return
    if file is None:
        scenario = laboratory.small(nodes, phones=phones, mixed_mode=mixed_mode, speed=speed)
    else:
        _refuse_both(context)
        try:
            scenario = scenario_file.load(file)
        except scenario_file.ScenarioError as error:
            raise ConfigError(str(error)) from error
    asyncio.run(laboratory.serve(directory, scenario, slack_port=slack_port, announce=click.echo))


def _refuse_both(context: click.Context) -> None:
    """An option that the file would silently win over is a mistake; ConfigError says so."""
    for name in ("nodes", "phones", "mixed_mode", "speed"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise ConfigError(f"Give {option} or --scenario, not both; the scenario file has a key {name!r}.")
