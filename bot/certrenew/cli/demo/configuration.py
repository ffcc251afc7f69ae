"""Writes the configuration with which the bot finds the lab: the same file that a real installation has."""

import json
import os
from pathlib import Path
from typing import Any

Description = dict[str, Any]

PACE = """\
[pace]            # the lab's hours pass in seconds
poll_services = 0.25
poll_phones = 0.5
phones_settle = 4.0
phones_timeout = 90.0
service_timeout = 60.0
served_timeout = 20.0
"""


LEASES = """\
heartbeat = 1.0   # of several replicas another takes over soon, so that nobody has to wait for it
lease = 4.0
"""


def write_configuration(lab: Description, directory: Path, *, database: str = "") -> Path:
    """Write certrenew.toml with its secret and certificate files into the directory; returns its path.

    `lab["cluster"]` is one cluster's description, or a list of them.
    """
    clusters: list[Description] = lab["cluster"] if isinstance(lab["cluster"], list) else [lab["cluster"]]
    authority, slack = lab["authority"], lab["slack"]
    for name, value in {
        "slack-bot-token": slack["bot_token"],
        "slack-app-token": slack["app_token"],
        "authority-token": authority["token"],
    }.items():
        _write(directory / "secrets" / name, value, mode=0o600)
    _write(directory / "tls" / "authority-ca.pem", authority["ca_bundle"])
    _write(directory / "tls" / "enterprise-root.pem", authority["root"])
    tables = [_bot(slack, directory, database or f"sqlite:///{directory / 'certrenew.db'}"), PACE]
    tables.append(_authority(authority, directory))
    for cluster in clusters:
        tables += _cluster(cluster, directory)
    path = directory / "certrenew.toml"
    _write(path, "\n".join(tables))
    return path


def write_campaign(directory: Path, nodes: int, phones: int, speed: float, *, mixed_mode: bool) -> Path:
    """Write the lab's scenario in which three purposes are due; returns its path."""
    names = ["cucm-pub", *(f"cucm-sub{number}" for number in range(1, nodes))]
    tables = [
        f"phones = {phones}\nspeed = {speed}\nmixed_mode = {'true' if mixed_mode else 'false'}\n",
        "[expires_in_days]\ntomcat = 30\nTVS = 15\n",
        *(f"[[nodes]]\nname = {_quoted(name)}\n" + 'role = "publisher"\n' * (name == names[0]) for name in names),
    ]
    path = directory / "scenario.toml"
    _write(path, "\n".join(tables))
    return path


def _bot(slack: Description, directory: Path, database: str) -> str:
    group = next(iter(slack["groups"].values()))
    channel = next(iter(slack["channels"].values()))
    return (
        f"[database]\nurl = {_quoted(database)}\n{LEASES if database.startswith('postgres') else ''}\n"
        f"[slack]\nbase_url = {_quoted(slack['base_url'])}\nchannel = {_quoted(channel)}\n"
        f"bot_token = {_secret(directory, 'slack-bot-token')}\napp_token = {_secret(directory, 'slack-app-token')}\n\n"
        f"[approval]\ngroups = [{_quoted(group)}]\n"
    )


def _authority(authority: Description, directory: Path) -> str:
    return (
        f'[authorities.enterprise]\ntype = "vault"\nurl = {_quoted(authority["url"])}\n'
        f"mount = {_quoted(authority['mount'])}\nrole = {_quoted(authority['role'])}\n"
        f"token_file = {_quoted(directory / 'secrets' / 'authority-token')}\n"
        f"ca_bundle = {_quoted(directory / 'tls' / 'authority-ca.pem')}\n"
        f"roots = [{_quoted(directory / 'tls' / 'enterprise-root.pem')}]\n"
    )


def _cluster(cluster: Description, directory: Path) -> list[str]:
    name = cluster["cluster"]
    _write(directory / "tls" / f"{name}.pem", cluster["ca_bundle"])
    accounts = {"platform": cluster["platform"], "application": cluster["application"]}
    lines = []
    for kind, account in accounts.items():
        _write(directory / "secrets" / f"{name}-{kind}", account["password"], mode=0o600)
        secret = _secret(directory, f"{name}-{kind}")
        lines.append(f"{kind} = {{ user = {_quoted(account['username'])}, password = {secret} }}\n")
    table = (
        f'[clusters.{_quoted(name)}]\nauthority = "enterprise"\n'
        f"ca_bundle = {_quoted(directory / 'tls' / f'{name}.pem')}\n"
        "perfmon_per_minute = 100000\nrealtime_per_minute = 100000   # the lab's minutes are shorter, too\n"
        + "".join(lines)
    )
    return [table, *(_node(cluster, node) for node in cluster["nodes"])]


def _node(cluster: Description, node: Description) -> str:
    return (
        f"[[clusters.{_quoted(cluster['cluster'])}.nodes]]\n"
        f"name = {_quoted(node['name'])}\nfqdn = {_quoted(node['fqdn'])}\nrole = {_quoted(node['role'])}\n"
        f"address = {_quoted(node['address'])}\nssh_port = {node['ssh_port']}\n"
        f"https_port = {node['https_port']}\nrest_port = {node['rest_port']}\n"
        f"ssh_keys = [{', '.join(_quoted(' '.join(key.split()[:2])) for key in node['ssh_host_keys'])}]\n"
    )


def _secret(directory: Path, name: str) -> str:
    return f"{{ file = {_quoted(directory / 'secrets' / name)} }}"


def _quoted(value: object) -> str:
    return json.dumps(str(value))


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
