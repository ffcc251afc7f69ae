"""Drift: what the cluster lists against what is configured, however either writes a name."""

import pytest

from certrenew.app.drift import drift
from certrenew.domain.model import Cluster, Member, Node, Role

PUB, SUB = Role.PUBLISHER, Role.SUBSCRIBER
CLUSTER = Cluster(
    "cluster-a",
    (Node("cucm-pub", "cucm-pub.example.com", PUB), Node("cucm-sub1", "cucm-sub1.example.com", SUB)),
)
ADDRESSES = {"cucm-pub": "10.1.1.10", "cucm-sub1": "cucm-sub1.example.com"}


def told(*members: Member, addresses: dict[str, str] = ADDRESSES) -> tuple[str, ...]:
    return drift(CLUSTER, addresses, members)


@pytest.mark.parametrize(
    ("publisher", "subscriber"),
    [
        ("cucm-pub", "cucm-sub1"),
        ("CUCM-PUB", "Cucm-Sub1.EXAMPLE.com."),
        ("cucm-pub.example.com", "cucm-sub1"),
        ("10.1.1.10", "cucm-sub1"),
        ("10.1.1.10", "10.1.1.11"),  # the second one is dialled by name: nobody knows its address here
        (" cucm-pub ", "CUCM-SUB1.example.com"),
    ],
)
def test_the_same_servers_agree_however_they_are_written(publisher: str, subscriber: str) -> None:
    assert told(Member(publisher, PUB), Member(subscriber, SUB)) == ()
    assert told(Member(subscriber, SUB), Member(publisher, PUB)) == ()


def test_an_address_that_is_told_beside_the_name_counts_as_well() -> None:
    assert told(Member("ccm1", PUB, "10.1.1.10"), Member("cucm-sub1", SUB)) == ()


def test_a_server_that_joined_is_named_with_the_lines_to_add() -> None:
    members = (Member("cucm-pub", PUB), Member("cucm-sub1", SUB), Member("cucm-sub2.example.com", SUB, "10.1.1.12"))
    assert told(*members) == (
        "cucm-sub2.example.com (10.1.1.12) is a subscriber of cluster-a, but the configuration does not name it: add"
        ' a table [[clusters.cluster-a.nodes]] with name = "cucm-sub2" and role = "subscriber".',
    )


def test_a_server_that_left_is_named_with_the_table_to_remove() -> None:
    assert told(Member("cucm-pub", PUB)) == (
        "cucm-sub1 is configured, but cluster-a does not list it any more: remove its table"
        ' [[clusters.cluster-a.nodes]] with name = "cucm-sub1".',
    )


def test_a_replaced_server_is_told_as_both() -> None:
    found = told(Member("cucm-pub", PUB), Member("cucm-sub9", SUB))
    assert [sentence.split()[0] for sentence in found] == ["cucm-sub9", "cucm-sub1"]


def test_a_server_with_another_duty_is_named_once() -> None:
    [sentence] = told(Member("cucm-pub", PUB), Member("cucm-sub1", Role.PRESENCE_SUBSCRIBER))
    assert 'write role = "presence-subscriber"' in sentence


def test_which_presence_node_is_the_first_is_no_difference() -> None:
    cluster = Cluster("c", (*CLUSTER.nodes, Node("imp1", "imp1.example.com", Role.PRESENCE_PUBLISHER)))
    members = [Member("cucm-pub", PUB), Member("cucm-sub1", SUB), Member("imp1", Role.PRESENCE_SUBSCRIBER)]
    assert drift(cluster, {}, members) == ()


def test_the_same_host_name_in_another_domain_is_another_server() -> None:
    found = told(Member("cucm-pub", PUB), Member("cucm-sub1.elsewhere.com", SUB))
    assert len(found) == 2


def test_one_address_for_all_nodes_says_nothing_about_who_is_who() -> None:
    behind_one = dict.fromkeys(ADDRESSES, "127.0.0.1")
    found = told(Member("cucm-pub", PUB), Member("cucm-sub7", SUB, "127.0.0.1"), addresses=behind_one)
    assert len(found) == 2


def test_more_addresses_than_nodes_are_strangers() -> None:
    members = (Member("cucm-pub", PUB), Member("10.1.1.11", SUB), Member("10.1.1.12", SUB))
    [sentence] = told(*members)
    assert sentence.startswith("10.1.1.12 is a subscriber")
    assert 'name = "10.1.1.12"' in sentence


def test_addresses_are_compared_as_addresses() -> None:
    addresses = {"cucm-pub": "2001:DB8::0:1", "cucm-sub1": "[2001:db8::2]"}
    members = (Member("2001:db8::1", PUB), Member("2001:db8:0:0:0:0:0:2", SUB))
    assert told(*members, addresses=addresses) == ()


def test_a_list_of_nobody_names_every_node() -> None:
    assert len(told()) == 2
