"""Migrations: they make what the models say, and refuse what they do not know."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from certrenew.domain.errors import ConfigError, DatabaseUnreachable
from certrenew.store.database import await_database, database_url, open_engine, revisions, upgrade
from certrenew.store.rows import Base


def test_the_migrated_schema_is_what_the_models_say(engine: sa.Engine) -> None:
    ours = {*Base.metadata.tables, "alembic_version"}
    options = {
        "compare_type": True,
        "include_object": lambda _thing, name, kind, _reflected, _other: kind != "table" or name in ours,
    }
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


def test_migrating_twice_changes_nothing(engine: sa.Engine) -> None:
    before = revisions(engine)
    upgrade(engine)
    assert revisions(engine) == before
    assert before[0] == before[1]


def test_a_newer_schema_is_refused_with_a_sentence(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"schema 9999.*newer.*nothing was changed"):
        upgrade(engine)


@pytest.mark.parametrize("text", ["mysql://x/y", "nonsense", "", "oracle://scott:tiger@h/x"])
def test_another_database_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        database_url(text)
    assert "sqlite:///FILE" in str(refusal.value)
    assert "tiger" not in str(refusal.value)


def test_postgresql_ends_the_transaction_of_a_process_that_froze(postgres: str) -> None:
    engine = open_engine(database_url(postgres))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("show idle_in_transaction_session_timeout")) == "15s"
    engine.dispose()


def test_a_database_that_is_away_is_told_kindly_and_without_its_password() -> None:
    engine = open_engine(database_url("postgresql://certrenew:hunter2hunter2@127.0.0.1:1/certrenew"))
    with pytest.raises(DatabaseUnreachable) as away:
        await_database(engine, patience=0.0)
    assert "hunter2" not in str(away.value)
    engine.dispose()


def test_a_database_file_that_cannot_be_used_is_told_at_once_and_kindly(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, only words")
    for file in ("/nowhere/at/all.db", str(tmp_path / "notes.txt")):
        engine = open_engine(database_url(f"sqlite:///{file}"))
        with pytest.raises(ConfigError, match=f"database file {file} cannot be used"):
            await_database(engine, patience=60.0)
        with pytest.raises(ConfigError, match="cannot be used"):
            revisions(engine)
        engine.dispose()
