"""What the doctor says about a cluster: a fault is one only where the release has what is missing."""

from dataclasses import replace
from typing import Any, cast

import pytest

from certrenew.cucm.accounts import Account
from certrenew.cucm.doctor import check
from certrenew.cucm.session import CucmClusters
from certrenew.cucm.settings import ClusterAccess
from certrenew.domain.model import Cluster, Node, Role

NODE = Node("cucm-pub", "cucm-pub.example.com", Role.PUBLISHER)
ACCESS = ClusterAccess(
    cluster=Cluster("lab", (NODE,)),
    nodes=(),
    platform=Account("admin", lambda: "secret"),
    application=Account("axl", lambda: "secret"),
)
ABSENT = "cucm-pub has no certificate REST interface; SSH is used instead."


class FakeSession:
    """A cluster of one node that answers everything and has no REST interface."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.command_line = self

    def open(self, _cluster: Cluster) -> "FakeSession":
        return self

    def node(self, _name: str) -> "FakeSession":
        return self

    def version(self) -> str:
        return self.release

    def check_rest(self) -> str:
        return ABSENT

    def pending(self) -> frozenset[str]:
        return frozenset()

    def registered_phones(self) -> int:
        return 0

    def axl_version(self) -> str:
        return self.release

    def registrations(self, _names: Any) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        return


@pytest.mark.parametrize(
    ("release", "use_rest", "said"),
    [
        ("12.5.1.11900-146", "auto", ()),
        ("14.0.1.11900-132", "auto", (ABSENT,)),
        ("12.5.1.11900-146", "always", (ABSENT,)),
    ],
)
def test_rest_is_missed_only_where_the_release_has_it(release: str, use_rest: Any, said: tuple[str, ...]) -> None:
    access = replace(ACCESS, use_rest=use_rest)
    assert check(access, cast("CucmClusters", FakeSession(release))) == said
