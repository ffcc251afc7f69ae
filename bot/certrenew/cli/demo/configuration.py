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


def write_configuration(lab: Description, directory: Path, *, database: str = "") -> Path:
    """Write certrenew.toml with its secret and certificate files into the directory; returns its path."""
    cluster, authority, slack = lab["cluster"], lab["authority"], lab["slack"]
    for name, value in {
        "platform-password": cluster["platform"]["password"],
        "application-password": cluster["application"]["password"],
        "slack-bot-token": slack["bot_token"],
        "slack-app-token": slack["app_token"],
        "authority-token": authority["token"],
    }.items():
        _write(directory / "secrets" / name, value, mode=0o600)
    _write(directory / "tls" / "cluster-ca.pem", cluster["ca_bundle"])
    _write(directory / "tls" / "authority-ca.pem", authority["ca_bundle"])
    _write(directory / "tls" / "enterprise-root.pem", authority["root"])
    path = directory / "certrenew.toml"
    _write(path, _text(lab, directory, database or f"sqlite:///{directory / 'certrenew.db'}"))
    return path


def _text(lab: Description, directory: Path, database: str) -> str:
    cluster, authority, slack = lab["cluster"], lab["authority"], lab["slack"]
    group = next(iter(slack["groups"].values()))
    channel = next(iter(slack["channels"].values()))
    parts = [
        f"[database]\nurl = {_quoted(database)}\n",
        f"[slack]\nbase_url = {_quoted(slack['base_url'])}\nchannel = {_quoted(channel)}\n"
        f"bot_token = {_secret(directory, 'slack-bot-token')}\napp_token = {_secret(directory, 'slack-app-token')}\n",
        f"[approval]\ngroups = [{_quoted(group)}]\n",
        PACE,
        f'[authorities.enterprise]\ntype = "vault"\nurl = {_quoted(authority["url"])}\n'
        f"mount = {_quoted(authority['mount'])}\nrole = {_quoted(authority['role'])}\n"
        f"token_file = {_quoted(directory / 'secrets' / 'authority-token')}\n"
        f"ca_bundle = {_quoted(directory / 'tls' / 'authority-ca.pem')}\n"
        f"roots = [{_quoted(directory / 'tls' / 'enterprise-root.pem')}]\n",
        f'[clusters.{_quoted(cluster["cluster"])}]\nauthority = "enterprise"\n'
        f"ca_bundle = {_quoted(directory / 'tls' / 'cluster-ca.pem')}\n"
        f"perfmon_per_minute = 100000\nrealtime_per_minute = 100000   # the lab's minutes are shorter, too\n"
        f"platform = {{ user = {_quoted(cluster['platform']['username'])},"
        f" password = {_secret(directory, 'platform-password')} }}\n"
        f"application = {{ user = {_quoted(cluster['application']['username'])},"
        f" password = {_secret(directory, 'application-password')} }}\n",
    ]
    return "\n".join(parts + [_node(cluster, node) for node in cluster["nodes"]])


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
