"""Single sign-on: off per node from the command line, on again only by a person in a browser."""

from __future__ import annotations

from .cluster import Cluster
from .node import Node


def enabled_on(cluster: Cluster, node: Node) -> bool:
    """Whether people log in to this node through the identity provider."""
    return cluster.conditions.sso_enabled and node.name not in cluster.sso_disabled_on


def disable(cluster: Cluster, node: Node) -> None:
    """Switch it off here, and everywhere when the cluster has one agreement for all nodes."""
    cluster.sso_disabled_on.add(node.name)
    if cluster.scenario.sso_agreement == "cluster" or len(cluster.sso_disabled_on) == len(cluster.nodes):
        cluster.conditions.sso_enabled = False
    cluster.journal.record(node.name, "sso_disabled")


def enable(cluster: Cluster) -> None:
    """A person switches it on for all nodes, after importing the metadata and passing the test."""
    cluster.sso_disabled_on.clear()
    cluster.conditions.sso_enabled = True
    cluster.journal.record(cluster.publisher.name, "sso_enabled", via="browser")
