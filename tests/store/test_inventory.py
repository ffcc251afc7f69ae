"""The inventory on both databases: a node's rows are replaced whole, and what was said stays said."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from certrenew.app.expiry import Notice
from certrenew.app.stocktaking import Holding, NodeReading
from certrenew.domain.model import Kind
from certrenew.store.database import upgrade
from certrenew.store.inventory import InventoryStore
from certrenew.store.rows import Base
from certrenew.testing.clock import FixedClock

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HELD = Holding(
    cluster="cluster-a",
    node="cucm-pub",
    kind=Kind.IDENTITY,
    store="tomcat",
    file="tomcat.pem",
    subject="CN=cucm-pub.example.com",
    issuer="CN=Issuing CA",
    serial="1f",
    fingerprint="aa",
    names=("DNS:cucm-pub.example.com", "dirName:CN=a, b"),
    not_before=NOW - timedelta(days=300),
    not_after=NOW + timedelta(days=10),
    self_signed=False,
    seen_at=NOW,
)
FAR = NOW + timedelta(days=9999)


@pytest.fixture
def shelf(engine: sa.Engine, clock: FixedClock) -> Iterator[InventoryStore]:
    return InventoryStore(engine, clock.now)


def reading(*held: Holding, node: str = "cucm-pub", at: datetime = NOW, problems: tuple[str, ...] = ()) -> NodeReading:
    return NodeReading(node=node, at=at, held=held, problems=problems)


def test_what_is_kept_comes_back_as_it_was(shelf: InventoryStore) -> None:
    shelf.keep("cluster-a", [reading(HELD)])
    assert list(shelf.falling_due(FAR)) == [HELD]


def test_a_new_reading_replaces_all_of_a_node_and_nothing_of_another(shelf: InventoryStore) -> None:
    other = replace(HELD, node="cucm-sub1")
    shelf.keep("cluster-a", [reading(HELD, replace(HELD, store="ipsec")), reading(other, node="cucm-sub1")])
    failed = NodeReading(node="cucm-sub1", at=NOW + timedelta(days=1), held=None, problems=("No answer.",))
    shelf.keep("cluster-a", [reading(replace(HELD, fingerprint="bb")), failed])
    assert {(held.node, held.store, held.fingerprint) for held in shelf.falling_due(FAR)} == {
        ("cucm-pub", "tomcat", "bb"),
        ("cucm-sub1", "tomcat", "aa"),
    }
    publisher, subscriber = shelf.states(cluster="cluster-a")
    assert (publisher.problem, publisher.read_at) == ("", NOW)
    assert (subscriber.problem, subscriber.read_at, subscriber.at) == ("No answer.", NOW, NOW + timedelta(days=1))


def test_a_node_that_was_never_read_has_a_state_but_no_time(shelf: InventoryStore) -> None:
    shelf.keep("cluster-a", [NodeReading(node="cucm-pub", at=NOW, held=None, problems=("One.", "Two."))])
    [state] = shelf.states()
    assert (state.read_at, state.problem) == (None, "One. Two.")


def test_a_node_that_is_configured_no_longer_is_forgotten_and_other_clusters_are_not(shelf: InventoryStore) -> None:
    shelf.keep("cluster-b", [reading(replace(HELD, cluster="cluster-b", node="old"), node="old")])
    shelf.keep("cluster-a", [reading(replace(HELD, node="old"), node="old")])
    shelf.keep("cluster-a", [reading(HELD)])
    assert [(held.cluster, held.node) for held in shelf.falling_due(FAR)] == [
        ("cluster-a", "cucm-pub"),
        ("cluster-b", "old"),
    ]
    assert [state.node for state in shelf.states(cluster="cluster-a")] == ["cucm-pub"]


def test_what_falls_due_comes_soonest_first_and_only_before_the_given_time(shelf: InventoryStore) -> None:
    later = replace(HELD, store="ipsec", not_after=NOW + timedelta(days=20))
    gone = replace(HELD, store="TVS", not_after=NOW - timedelta(days=1))
    shelf.keep("cluster-a", [reading(later, HELD, gone)])
    assert [held.store for held in shelf.falling_due(NOW + timedelta(days=15))] == ["TVS", "tomcat"]
    assert shelf.falling_due(FAR, cluster="cluster-b") == []


def test_the_same_certificate_listed_twice_is_kept_once_and_under_each_file(shelf: InventoryStore) -> None:
    trusted = replace(HELD, kind=Kind.TRUST, file="")
    shelf.keep("cluster-a", [reading(trusted, trusted, replace(trusted, file="root.pem"))])
    assert sorted(held.file for held in shelf.falling_due(FAR)) == ["", "root.pem"]


def test_two_processes_that_keep_the_same_cluster_at_once_do_not_fail(shelf: InventoryStore) -> None:
    ready = threading.Barrier(4)
    failures: list[BaseException] = []

    def keep() -> None:
        ready.wait()
        try:
            for _ in range(5):
                shelf.keep("cluster-a", [reading(HELD, replace(HELD, store="ipsec"))])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(shelf.falling_due(FAR)) == 2


def test_what_was_said_stays_said_and_may_be_said_twice(shelf: InventoryStore) -> None:
    notice = Notice("cluster-a", "tomcat", "aa", -1)
    shelf.say([notice, Notice("cluster-b", "tomcat", "aa", 30)])
    shelf.say([notice])
    assert shelf.said("cluster-a") == {notice}


def test_the_migration_makes_the_tables_as_the_models_say_also_from_the_first_schema(empty: sa.Engine) -> None:
    upgrade(empty)
    found = sa.inspect(empty)
    for table in ("certificate", "scan", "expiry_notice"):
        model = Base.metadata.tables[table]
        assert {column["name"] for column in found.get_columns(table)} == set(model.columns.keys())
        assert found.get_pk_constraint(table)["constrained_columns"] == [column.name for column in model.primary_key]
