"""A look that starts no bot trusts the HTTPS keys that renewals have learned, or renewed nodes look like strangers."""

from pathlib import Path

from certrenew.settings import DatabaseTable, Settings
from certrenew.store.database import database_url, open_engine, upgrade
from certrenew.store.known_keys import KnownKeyStore
from certrenew.wiring.application import learned_keys


def settings(directory: Path) -> Settings:
    return Settings(database=DatabaseTable(url=f"sqlite:///{directory / 'certrenew.db'}"))


def test_what_a_renewal_learned_is_known(tmp_path: Path) -> None:
    engine = open_engine(database_url(settings(tmp_path).database.url))
    upgrade(engine)
    KnownKeyStore(engine).learn("cluster-a", "cucm-pub", "ab" * 32)
    assert learned_keys(settings(tmp_path)).keys("cluster-a", "cucm-pub") == {"ab" * 32}
    engine.dispose()


def test_without_tables_nothing_is_known_and_nothing_is_made(tmp_path: Path) -> None:
    assert learned_keys(settings(tmp_path)).keys("cluster-a", "cucm-pub") == frozenset()
    assert (
        open_engine(database_url(settings(tmp_path).database.url))
        .connect()
        .exec_driver_sql("select count(*) from sqlite_master")
        .scalar()
        == 0
    )
