"""Fixtures for plugin authors; pytest loads this by itself where certrenew is installed.

Nothing of certrenew is imported before a fixture is used, so that other test suites pay nothing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from certrenew.certificates import CertificateType
    from certrenew.testing.bench import Bench
    from certrenew.testing.fakes import FakeAuthority, FakeCluster, FixedClock

pytest.register_assert_rewrite("certrenew.testing.contract", "certrenew.testing.rehearsal")


@pytest.fixture
def clock() -> "FixedClock":
    """A clock that stands still until it is moved."""
    from certrenew.testing.clock import FixedClock

    return FixedClock()


@pytest.fixture
def make_cluster(clock: "FixedClock") -> "Callable[..., FakeCluster]":
    """Makes a `FakeCluster` of the given certificate types on the test's clock."""
    from certrenew.testing.fakes import FakeCluster

    def make(*types: "CertificateType", **options: Any) -> "FakeCluster":
        return FakeCluster(*types, clock=clock, **options)

    return make


@pytest.fixture
def authority(clock: "FixedClock") -> "FakeAuthority":
    """An authority that signs everything at once."""
    from certrenew.testing.fakes import FakeAuthority

    return FakeAuthority(clock=clock)


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy."""
    from certrenew.testing.bench import sqlite_engine

    file = tmp_path_factory.mktemp("template") / "empty.db"
    engine = sqlite_engine(file)
    with engine.connect() as connection:
        connection.exec_driver_sql("select 1")
    engine.dispose()
    return file


@pytest.fixture
def make_bench(clock: "FixedClock", tmp_path: Path, database_template: Path) -> "Iterator[Callable[..., Bench]]":
    """Makes a `Bench`, a whole bot on a fake cluster with the given certificate types.

    Options of the cluster: `cluster={...}`; of the authority: `authority={...}`; the rest goes to `Bench`.
    """
    from certrenew.testing.bench import Bench, sqlite_engine
    from certrenew.testing.fakes import FakeAuthority, FakeCluster, Trouble

    benches: list[Bench] = []

    def make(
        *types: "CertificateType",
        cluster: dict[str, Any] | None = None,
        authority: dict[str, Any] | None = None,
        **options: Any,
    ) -> Bench:
        trouble = Trouble()
        engine = sqlite_engine(tmp_path / f"bench-{len(benches)}.db", database_template)
        fake = FakeCluster(*types, clock=clock, trouble=trouble, **(cluster or {}))
        signer = FakeAuthority(clock=clock, trouble=trouble, **(authority or {}))
        benches.append(Bench(engine, fake, signer, types, **options))
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()
