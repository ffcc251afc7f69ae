"""Find out what a cluster consists of, and write the tables of its configuration."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from certrenew.app.discovery import Draft, FoundNode, node_lines, table_lines, toml_lines
from certrenew.cli.shared import Shell
from certrenew.cucm.accounts import Account
from certrenew.cucm.doctor import Discovery
from certrenew.cucm.exploring import explore, publisher_access
from certrenew.cucm.settings import ClusterAccess, NodeAddress
from certrenew.domain.errors import CommandRefused, ConfigError
from certrenew.domain.model import Cluster, Node, Role
from certrenew.registry import Plugins
from certrenew.settings import Secret
from certrenew.wiring import parts
from certrenew.wiring.application import learned_keys

PASSWORD_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("address", default="")
@click.option("--cluster", default="", help="A cluster of the configuration, with its accounts and keys, instead.")
@click.option("--name", default="cluster-a", show_default=True, help="What the cluster will be called.")
@click.option("--platform-user", default="", help="The account for SSH and certificates; asked for when left out.")
@click.option("--platform-password-file", type=PASSWORD_FILE, help="Where its password stands; asked for otherwise.")
@click.option("--platform-password-env", default="", help="The environment variable with its password.")
@click.option("--application-user", default="", help="The account for AXL; asked for when left out.")
@click.option("--application-password-file", type=PASSWORD_FILE, help="Where its password stands.")
@click.option("--application-password-env", default="", help="The environment variable with its password.")
@click.option("--ssh-port", default=22, show_default=True, help="Of the publisher.")
@click.option("--https-port", default=8443, show_default=True, help="Of the publisher.")
@click.option("--expect", multiple=True, help="A fingerprint that was compared already; repeat it for each.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def discover(
    shell: Shell,
    address: str,
    cluster: str,
    name: str,
    platform_user: str,
    platform_password_file: Path | None,
    platform_password_env: str,
    application_user: str,
    application_password_file: Path | None,
    application_password_env: str,
    ssh_port: int,
    https_port: int,
    expect: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the nodes of a cluster from the ADDRESS of its publisher. Changes nothing.

    The keys of each server are shown and have to be confirmed before anybody logs in there. Prints the nodes, and
    tables to copy into certrenew.toml.
    """
    if bool(address) == bool(cluster):
        raise CommandRefused("Give either the address of a publisher or --cluster with a name of the configuration.")
    accept = Confirm(expect)
    if cluster:
        access = _configured(shell, cluster)
        nodes = explore(access, accept, configured=True, known_keys=learned_keys(shell.settings(level="error")))
        _tell(nodes, as_json, "\n\n".join("\n".join(node_lines(node, access.cluster.name)) for node in _new(nodes)))
        return
    platform_user = platform_user or click.prompt("Platform account (SSH)", err=True)
    platform, platform_place = _password("platform", platform_user, platform_password_file, platform_password_env)
    application_user = application_user or click.prompt("Application user (AXL)", err=True)
    application, application_place = _password(
        "application", application_user, application_password_file, application_password_env
    )
    publisher = Node(address, address, Role.PUBLISHER)
    access = ClusterAccess(
        cluster=Cluster(name, (publisher,)),
        nodes=(NodeAddress(node=publisher, host=address, ssh_port=ssh_port, https_port=https_port),),
        platform=platform,
        application=application,
    )
    nodes = explore(publisher_access(access, accept), accept, configured=False)
    draft = Draft(
        cluster=name,
        platform_user=platform_user,
        platform_password=platform_place,
        application_user=application_user,
        application_password=application_place,
    )
    _tell(nodes, as_json, "\n".join(toml_lines(nodes, draft)))


class Confirm:
    """Implements `Accept`: fingerprints that were given are taken, the others are shown to the person."""

    def __init__(self, expected: tuple[str, ...]) -> None:
        self._expected = {_bare(text) for text in expected}

    def __call__(self, server: str, shown: Discovery) -> bool:
        certificates = [{_bare(text) for text in pair} for pair in shown.certificates]
        hosts = {_bare(text) for text in shown.ssh_fingerprints}
        if hosts & self._expected and all(pair & self._expected for pair in certificates):
            return True
        if self._expected and not sys.stdin.isatty():
            return False
        click.echo(f"{server} shows", err=True)
        for fingerprint in shown.ssh_fingerprints:
            click.echo(f"  SSH host key       {fingerprint}", err=True)
        told = [fingerprint for fingerprint, _ in shown.certificates]
        for fingerprint in told or ["none: nothing answers on its HTTPS port"]:
            click.echo(f"  HTTPS certificate  {fingerprint}", err=True)
        return click.confirm("Did you compare them on its console, and are they right?", err=True)


def _configured(shell: Shell, name: str) -> ClusterAccess:
    accesses = {access.cluster.name: access for access in parts.accesses(shell.settings(level="error"))}
    if name not in accesses:
        raise ConfigError(f"There is no cluster {name!r} in the configuration; known: {', '.join(accesses) or 'none'}.")
    return accesses[name]


def _new(nodes: tuple[FoundNode, ...]) -> list[FoundNode]:
    return [node for node in nodes if not node.configured]


def _password(which: str, user: str, file: Path | None, env: str) -> tuple[Account, Mapping[str, str]]:
    """The account, and where its password stands, as the configuration writes it. Raises ConfigError."""
    if file and env:
        raise ConfigError(f"Give the {which} password by a file or by a variable, not by both.")
    if file or env:
        secret = Secret(file=file, env=env)
        secret.read()  # told now rather than after the first question to a node
        return Account(user, secret.read, f"{which} account"), {"file": str(file)} if file else {"env": env}
    typed: str = click.prompt(f"Password of {user}", hide_input=True, err=True)
    return Account(user, lambda: typed, f"{which} account"), {"file": f"/run/secrets/cucm-{which}"}


def _tell(nodes: tuple[FoundNode, ...], as_json: bool, tables: str) -> None:
    if as_json:
        click.echo(json.dumps([node.to_json() for node in nodes], indent=2))
        return
    click.echo("\n".join(table_lines(nodes, _interesting())))
    click.echo("")
    click.echo(tables or "Every node is in the configuration already.")


def _interesting() -> frozenset[str]:
    """The services that some purpose restarts or needs."""
    kinds = Plugins().certificate_types.values()
    return frozenset({restart.service for kind in kinds for restart in kind.restarts} | {kind.runs for kind in kinds})


def _bare(fingerprint: str) -> str:
    """Comparable: however `SHA256:` and colons are written. OpenSSH's are in base64 and keep their letters."""
    text = fingerprint.strip()
    prefix, _, rest = text.partition(":")
    if prefix.upper() == "SHA256" and len(rest.replace(":", "")) < 64:
        return rest.rstrip("=")
    plain = (rest if prefix.upper() == "SHA256" else text).replace(":", "")
    return plain.lower() if len(plain) == 64 else plain.rstrip("=")
