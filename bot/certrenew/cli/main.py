"""The `certrenew` command: its options, its subcommands, and one clear sentence for every refusal."""

import sys
from pathlib import Path

import click

from certrenew.cli import audit, certificates, demo, discover, lab, operate, renewals
from certrenew.cli.shared import Shell
from certrenew.domain.errors import CertrenewError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file (default: certrenew.toml).")
@click.option("--verbose", is_flag=True, help="Log what happens inside.")
@click.version_option(package_name="certrenew")
@click.pass_context
def cli(context: click.Context, config: Path | None, verbose: bool) -> None:
    """Renew CA-signed certificates on Cisco Unified Communications Manager clusters.

    To see it work without a cluster, a certificate authority or Slack: certrenew demo
    """
    context.obj = Shell(config, verbose=verbose)


for command in (
    *renewals.COMMANDS,
    *certificates.COMMANDS,
    *operate.COMMANDS,
    discover.discover,
    audit.audit,
    demo.demo,
    lab.lab,
):
    cli.add_command(command)


def main() -> None:
    """Run the command. Exit code 1: refused or failed, with a sentence; 2: not understood."""
    try:
        cli(standalone_mode=False)
    except CertrenewError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
