"""`certrenew demo`: everything on loopback, for a person to try or to play by itself."""

import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import click

from certrenew.cli.demo.configuration import write_campaign, write_configuration
from certrenew.cli.demo.people import People
from certrenew.cli.demo.play import play
from certrenew.cli.demo.processes import Processes
from certrenew.domain.errors import ConfigError
from certrenew.settings import load
from certrenew.store.database import database_url, open_engine, working_replica

SPEED = 30.0  # lab seconds per real second: a restart of a minute takes two seconds


@click.command()
@click.option("--auto", is_flag=True, help="Play both people, print the conversation, verify the end state.")
@click.option("--nodes", type=click.IntRange(1, 21), default=3, show_default=True)
@click.option("--phones", type=click.IntRange(0, 20000), default=500, show_default=True)
@click.option("--campaign", is_flag=True, help="Tomcat and TVS are due as well: renew all three as one plan.")
@click.option("--mixed-mode", is_flag=True, help="A cluster in mixed mode, with a CTL file.")
@click.option("--speed", type=float, default=SPEED, show_default=True, help="Lab seconds per real second.")
@click.option("--directory", type=click.Path(path_type=Path), help="Keep everything here (default: a temporary one).")
@click.option("--database", default="", help="A database URL (default: SQLite in the directory).")
@click.option("--replicas", type=click.IntRange(1, 5), default=1, help="So many bots; more than one need PostgreSQL.")
@click.option("--kill", type=int, default=0, help="Kill the bot (-9) so many times at random moments.")
@click.option("--slack-port", type=int, default=0, help="A fixed port for the workspace's page.")
def demo(
    auto: bool,
    nodes: int,
    phones: int,
    campaign: bool,
    mixed_mode: bool,
    speed: float,
    directory: Path | None,
    database: str,
    replicas: int,
    kill: int,
    slack_port: int,
) -> None:
    """Start a CUCM cluster, an authority, a Slack workspace and the bot on loopback.

    Exit code 0 with --auto only if every node serves its new certificate, all phones are back, the audit is whole
    and nothing was done twice.
    """
    try:
        import certrenew_lab  # noqa: F401  the lab is an extra
    except ImportError as error:
        raise ConfigError("The lab is not installed; run: pip install 'certrenew[lab]'.") from error
    if replicas > 1 and not database.startswith("postgres"):
        raise ConfigError("Several replicas need --database postgresql://…; SQLite belongs to one process.")
    place = (directory or Path(tempfile.mkdtemp(prefix="certrenew-demo-"))).resolve()
    place.mkdir(parents=True, exist_ok=True)
    processes = Processes(place, told=lambda text: _say("demo", text))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the lab and the bot as Ctrl-C would
    try:
        _say("demo", f"starting {nodes} nodes with {phones} phones, an authority and a workspace in {place}")
        options = ["--nodes", str(nodes), "--phones", str(phones), "--speed", str(speed)]
        options += ["--mixed-mode"] if mixed_mode else []
        if campaign:
            options = ["--scenario", str(write_campaign(place, nodes, phones, speed, mixed_mode=mixed_mode))]
        lab = processes.start_lab([*options, "--slack-port", str(slack_port)])
        purpose = "all" if campaign else "callmanager"
        config = write_configuration(lab, place, database=database)
        processes.start_bots(config, replicas)
        _say("demo", f"the workspace's page is at {lab['slack']['page_url']}")
        if not auto:
            _invite(config, purpose)
            threading.Event().wait()
        if kill:
            threading.Thread(target=_kill_at_random, args=(processes, config, kill), daemon=True).start()
        if not play(People(lab["slack"], lab["cluster"], say=_say), lab, config, say=_say, purpose=purpose):
            raise click.exceptions.Exit(1)
    except KeyboardInterrupt:
        _say("demo", "stopping")
    finally:
        processes.stop()


def _invite(config: Path, purpose: str) -> None:
    click.echo(
        f"\nOpen the page, choose “Ana” and type:   /certrenew {purpose} cluster-a\n"
        "Then choose “Carmen” and approve; release the installation when it waits for that.\n"
        f"The command line works as well:          certrenew --config {config} status\n"
        "Press Ctrl-C to stop.\n"
    )


def _kill_at_random(processes: Processes, config: Path, times: int) -> None:
    """The one that works on the renewal, if any does."""
    engine = open_engine(database_url(load(config)[0].database.url))
    for _ in range(times):
        time.sleep(random.uniform(2.0, 9.0))  # noqa: S311  any moment will do
        name = processes.kill_bot(working_replica(engine))
        _say("demo", f"kill -9 of the {name}")


_BEGAN = time.monotonic()


def _say(who: str, text: str) -> None:
    passed = time.monotonic() - _BEGAN
    first, *rest = text.split("\n")
    click.echo(f"{passed:7.1f}s  {who:<18} {first}")
    for line in rest:
        click.echo(f"{'':<28} {line}")
