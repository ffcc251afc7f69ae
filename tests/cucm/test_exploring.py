"""Exploring the lab cluster: every server is listed, and nobody logs in before a yes."""

import asyncio
import hashlib
import ssl
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from certrenew.app.discovery import Draft, FoundNode, table_lines, toml_lines
from certrenew.cucm import Account, ClusterAccess, Discovery, NodeAddress
from certrenew.cucm.exploring import explore, publisher_access
from certrenew.domain.errors import AccessDenied, CommandRefused, Unreachable
from certrenew.domain.model import Cluster, Node, Role

lab_cucm = pytest.importorskip("certrenew_lab.cucm")
scenario = pytest.importorskip("certrenew_lab.scenario")


class Lab:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.cluster = lab_cucm.LabCucm(scenario.ClusterScenario(speed=200, phones=2))
        asyncio.run_coroutine_threadsafe(self.cluster.start(), self._loop).result(60)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.cluster.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    started = Lab()
    yield started
    started.stop()


@pytest.fixture
def access_to(lab: Lab) -> Callable[..., ClusterAccess]:
    """How the first `count` nodes are reached; `pinned` as a configuration has them."""

    def make(count: int, *, pinned: bool = True, password: str = "") -> ClusterAccess:
        told = lab.cluster.description()
        addresses = []
        for found in told["nodes"][:count]:
            address = NodeAddress(
                node=Node(found["name"], found["fqdn"], Role(found["role"])),
                host=found["address"],
                ssh_port=found["ssh_port"],
                https_port=found["https_port"],
                rest_port=found["rest_port"],
            )
            if pinned:
                certificate = ssl.PEM_cert_to_DER_cert(found["tomcat_certificate"])
                address = replace(
                    address,
                    ssh_keys=(found["ssh_host_key"],),
                    certificate_pins=(hashlib.sha256(certificate).hexdigest(),),
                )
            addresses.append(address)
        return ClusterAccess(
            cluster=Cluster(told["cluster"], tuple(address.node for address in addresses)),
            nodes=tuple(addresses),
            platform=Account(
                told["platform"]["username"], lambda: password or told["platform"]["password"], "platform account"
            ),
            application=Account(
                told["application"]["username"], lambda: told["application"]["password"], "application account"
            ),
        )

    return make


def nobody(server: str, shown: Discovery) -> bool:
    raise AssertionError(f"asked about {server}")


def test_a_configured_cluster_is_told_with_roles_releases_and_services(
    access_to: Callable[..., ClusterAccess], lab: Lab
) -> None:
    found = explore(access_to(3), nobody, configured=True)
    assert [(node.name, node.role, node.problem) for node in found] == [
        ("cucm-pub", Role.PUBLISHER, ""),
        ("cucm-sub1", Role.SUBSCRIBER, ""),
        ("cucm-sub2", Role.SUBSCRIBER, ""),
    ]
    assert all(node.configured and node.version == lab.cluster.scenario.version for node in found)
    assert "Cisco CallManager" in found[0].active


def test_from_the_publisher_alone_the_others_are_listed_with_the_reason_why_they_were_not_reached(
    access_to: Callable[..., ClusterAccess],
) -> None:
    asked: list[tuple[str, Discovery]] = []

    def accept(server: str, shown: Discovery) -> bool:
        asked.append((server, shown))
        return True

    publisher = publisher_access(replace(access_to(1, pinned=False)), accept)
    found = explore(publisher, accept, configured=False)
    assert [node.name for node in found] == ["cucm-pub", "cucm-sub1", "cucm-sub2"]
    assert found[0].fqdn.startswith("cucm-pub.")
    assert found[0].version
    assert found[0].problem == ""
    assert found[0].ssh_keys == asked[0][1].ssh_fingerprints
    assert all(node.problem and not node.version for node in found[1:])
    draft = Draft(
        cluster="cluster-a",
        platform_user="admin",
        platform_password={"file": "/run/secrets/p"},
        application_user="axl",
        application_password={"env": "AXL"},
    )
    tables = tomllib.loads("\n".join(toml_lines(found, draft)))
    nodes = tables["clusters"]["cluster-a"]["nodes"]
    assert [node["role"] for node in nodes] == ["publisher", "subscriber", "subscriber"]
    assert nodes[0]["certificate_pins"] == [asked[0][1].certificate_key]


def test_a_no_to_the_publishers_keys_ends_it_before_anybody_logs_in(
    access_to: Callable[..., ClusterAccess], lab: Lab
) -> None:
    access = access_to(1, pinned=False, password="never sent")
    with pytest.raises(CommandRefused, match="nobody logged in"):
        publisher_access(access, lambda *_: False)


def test_a_wrong_password_is_told_once_and_not_tried_on_other_nodes(
    access_to: Callable[..., ClusterAccess],
) -> None:
    with pytest.raises(AccessDenied, match="refused the platform account"):
        explore(access_to(3, password="wrong"), nobody, configured=True)


def test_a_publisher_that_does_not_answer_is_one_sentence(access_to: Callable[..., ClusterAccess]) -> None:
    access = access_to(1, pinned=False)
    access = replace(access, nodes=(replace(access.nodes[0], ssh_port=1, https_port=1),))
    with pytest.raises(Unreachable):
        publisher_access(access, nobody)


def test_what_a_server_calls_itself_cannot_break_the_table_or_the_configuration() -> None:
    evil = FoundNode(name='x"\n[evil]', role=Role.SUBSCRIBER, fqdn="x\x7f\\", host="h", problem="No.\tNo.")
    draft = Draft(
        cluster="a b.c",
        platform_user='"',
        platform_password={"env": "A"},
        application_user="'",
        application_password={"env": "B"},
    )
    tables = tomllib.loads("\n".join(toml_lines([evil], draft)))
    assert list(tables["clusters"]) == ["a b.c"]
    assert tables["clusters"]["a b.c"]["nodes"][0]["name"] == 'x"\n[evil]'
    assert any("not read: No." in line for line in table_lines([evil], ()))
