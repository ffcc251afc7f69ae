"""Known keys: learned once, the newest kept, each node by itself."""

from threading import Thread

import pytest
import sqlalchemy as sa

from certrenew.store.known_keys import KEPT, KnownKeyStore
from certrenew.testing.clock import FixedClock


@pytest.fixture
def keys(engine: sa.Engine, clock: FixedClock) -> KnownKeyStore:
    return KnownKeyStore(engine, clock.now)


def test_a_node_that_was_never_seen_has_no_keys(keys: KnownKeyStore) -> None:
    assert keys.keys("cluster-a", "cucm-pub") == frozenset()


def test_learning_a_key_twice_keeps_it_once_and_for_its_node_only(keys: KnownKeyStore) -> None:
    for _ in range(2):
        keys.learn("cluster-a", "cucm-pub", "ssh-rsa AAA")
    assert keys.keys("cluster-a", "cucm-pub") == {"ssh-rsa AAA"}
    assert keys.keys("cluster-a", "cucm-sub1") == keys.keys("cluster-b", "cucm-pub") == frozenset()


def test_only_the_newest_keys_of_a_node_are_kept(keys: KnownKeyStore, clock: FixedClock) -> None:
    for number in range(KEPT + 3):
        clock.advance(60)
        keys.learn("cluster-a", "cucm-pub", f"key {number}")
    clock.advance(60)
    assert keys.keys("cluster-a", "cucm-pub") == {f"key {number}" for number in range(3, KEPT + 3)}


def test_processes_that_learn_the_same_key_at_once_do_not_disturb_each_other(keys: KnownKeyStore) -> None:
    failures: list[Exception] = []

    def learn() -> None:
        try:
            keys.learn("cluster-a", "cucm-pub", "ssh-rsa AAA")
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=learn) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert keys.keys("cluster-a", "cucm-pub") == {"ssh-rsa AAA"}
