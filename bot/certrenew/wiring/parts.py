"""Turns tables of the configuration into what the adapters take."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from certrenew.app.planner import Habits, RunbookRule
from certrenew.cucm.accounts import Account
from certrenew.cucm.settings import ClusterAccess, NodeAddress, RestDialect
from certrenew.domain.approval import Policy
from certrenew.domain.errors import ConfigError
from certrenew.domain.model import Cluster, Node, PhoneInteraction, Role
from certrenew.domain.ports import Authority, Pace
from certrenew.registry import Plugins
from certrenew.settings import ApprovalTable, ClusterTable, NodeTable, Secret, Settings, explain
from certrenew.slack.settings import SlackSettings


class UtcClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def cluster_of(name: str, table: ClusterTable) -> Cluster:
    return Cluster(name, tuple(node_of(node) for node in table.nodes))


def node_of(table: NodeTable) -> Node:
    return Node(table.name, table.fqdn, Role(table.role))


def habits(settings: Settings) -> dict[str, Habits]:
    """What the configuration says about plans, by cluster: its own rules come before those for all."""
    found: dict[str, Habits] = {}
    for name, table in settings.clusters.items():
        rules = [
            RunbookRule(rule.runbook, rule.purpose, rule.release) for rule in (*table.runbooks, *settings.runbooks)
        ]
        found[name] = Habits(
            authority=table.authority,
            runbooks=tuple(rules),
            due_days=settings.validation.due_days,
            minimum_days=settings.validation.minimum_days,
            addresses={node.name: node.address for node in table.nodes if node.address},
            backup_device=table.backup.device if table.backup else "",
            backup_features=table.backup.features if table.backup else "",
        )
    return found


def accesses(settings: Settings) -> Iterator[ClusterAccess]:
    """How each cluster is reached. Accounts with the same user and secret are one: a refused password is shared."""
    accounts: dict[tuple[str, Secret], Account] = {}
    for name, table in settings.clusters.items():
        yield ClusterAccess(
            cluster=cluster_of(name, table),
            nodes=tuple(_address(node) for node in table.nodes),
            platform=_account(accounts, table.platform.user, table.platform.password, "platform account"),
            application=_account(accounts, table.application.user, table.application.password, "application user"),
            ca_bundle=table.ca_bundle,
            use_rest=table.use_rest,
            rest=RestDialect(multi_server=table.multi_server),
            release=table.release,
            axl_version=table.axl_version,
            realtime_per_minute=table.realtime_per_minute,
            perfmon_per_minute=table.perfmon_per_minute,
            phone_interaction_values={
                value: PhoneInteraction(meaning) for value, meaning in table.phone_interaction_values.items()
            },
        )


def _account(known: dict[tuple[str, Secret], Account], user: str, secret: Secret, name: str) -> Account:
    return known.setdefault((user, secret), Account(user, secret.read, name))


def _address(table: NodeTable) -> NodeAddress:
    return NodeAddress(
        node=node_of(table),
        host=table.address or table.fqdn,
        ssh_port=table.ssh_port,
        https_port=table.https_port,
        rest_port=table.rest_port,
        ssh_keys=table.ssh_keys,
        certificate_pins=table.certificate_pins,
        ports={int(well_known): port for well_known, port in table.ports.items()},
    )


def authorities(settings: Settings, plugins: Plugins) -> dict[str, Authority]:
    """Every configured authority, opened but not connected. Raises ConfigError naming the table."""
    return {name: _authority(name, table, plugins) for name, table in settings.authorities.items()}


def _authority(name: str, table: Mapping[str, Any], plugins: Plugins) -> Authority:
    fields = dict(table)
    kind = fields.pop("type", None)
    known = ", ".join(plugins.authority_types) or "none"
    if kind not in plugins.authority_types:
        raise ConfigError(f"authorities.{name}: type {kind!r} is not offered by any plugin; known: {known}.")
    found = plugins.authority_types[kind]
    try:
        return found.open(found.settings.model_validate(fields))
    except ValidationError as error:
        raise ConfigError(f"authorities.{name}.{explain(error, found.settings, fields)}") from None


def pace(settings: Settings) -> Pace:
    return Pace(**settings.pace.model_dump())


def slack_settings(settings: Settings) -> SlackSettings | None:
    table = settings.slack
    if table is None:
        return None
    return SlackSettings(
        bot_token=table.bot_token.read,
        app_token=table.app_token.read,
        channel=table.channel,
        channels={name: cluster.channel for name, cluster in settings.clusters.items() if cluster.channel},
        base_url=table.base_url,
        command=table.command,
        team_id=table.team_id,
    )


class Policies(Mapping[str, Policy]):
    """A cluster's policy as it is now: groups change while the bot runs. Unknown clusters raise KeyError."""

    def __init__(
        self, table: ApprovalTable, clusters: Mapping[str, Any], members: Callable[[], frozenset[str]]
    ) -> None:
        self._table = table
        self._clusters = clusters
        self._members = members

    def __getitem__(self, cluster: str) -> Policy:
        if cluster not in self._clusters:
            raise KeyError(cluster)
        table = self._table
        return Policy(
            approvers=self._members() | frozenset(table.approvers),
            needed=table.needed,
            valid_for=timedelta(hours=table.valid_hours),
            self_approval=table.self_approval,
            reason_required=table.reason_required,
            release_by_approver=table.release_by_approver,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._clusters)

    def __len__(self) -> int:
        return len(self._clusters)


def secrets_of(settings: Settings) -> list[Callable[[], str]]:
    """Everything that must be masked by value wherever it turns up."""
    found = [
        account.password for table in settings.clusters.values() for account in (table.platform, table.application)
    ]
    if settings.slack:
        found += [settings.slack.bot_token, settings.slack.app_token]
    if settings.database.password:
        found.append(settings.database.password)
    return [secret.read for secret in found]
