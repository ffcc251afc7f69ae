"""One process on SQLite: it may be killed at any moment, and it is the only one."""

import signal
import time

from certrenew.engine.presence import somebody_runs
from certrenew.store.rows import Base

from .conftest import World


def test_a_killed_process_goes_on_by_itself_after_each_restart(embedded: World) -> None:
    replica = embedded.replica()
    embedded.start("r1", acts=30, seconds=0.05)
    for goal in (5, 15):
        embedded.until(lambda goal=goal: len(embedded.acts("r1")) >= goal)
        replica.kill()
        replica = embedded.replica()
    embedded.until(lambda: len(embedded.acts("r1")) == 30)
    assert [number for number, _ in embedded.acts("r1")] == list(range(1, 31))


def test_a_second_process_is_refused_with_a_sentence(embedded: World) -> None:
    first = embedded.replica()
    second = embedded.replica()
    assert first.executor == "embedded"
    assert "already works on" in second.executor
    assert str(first.process.pid) in second.executor
    assert second.ended(2.0) == 3


def test_commands_see_whether_a_server_runs_without_getting_in_its_way(embedded: World) -> None:
    assert not somebody_runs(embedded.database)
    replica = embedded.replica()
    assert somebody_runs(embedded.database)
    replica.kill()
    assert not somebody_runs(embedded.database)


def test_it_stops_at_once_in_the_middle_of_an_act_and_loses_nothing(embedded: World) -> None:
    replica = embedded.replica()
    embedded.start("r1", acts=5, seconds=0.5)
    embedded.until(lambda: embedded.acts("r1"))
    began = time.monotonic()
    replica.send(signal.SIGTERM)
    assert replica.ended(5.0) == 0
    assert time.monotonic() - began < 3.0
    embedded.replica()
    embedded.until(lambda: len(embedded.acts("r1")) == 5)


def test_a_message_left_while_nobody_ran_is_heard_at_the_next_start(embedded: World) -> None:
    replica = embedded.replica()
    embedded.start("r1", acts=1, woken=False)
    time.sleep(1.5)
    replica.kill()
    embedded.wake("r1")
    embedded.replica()
    embedded.until(lambda: embedded.acts("r1"))


def test_nothing_in_the_engines_tables_but_names_and_moves(embedded: World) -> None:
    embedded.replica()
    embedded.start("r1", acts=2)
    embedded.until(lambda: len(embedded.acts("r1")) == 2)
    stored = _dump(embedded)
    assert "r1" in stored
    assert "digest" in stored
    assert "py_pickle" not in stored  # JSON: it survives an upgrade, and whoever reads it runs no code


def _dump(world: World) -> str:
    """Everything that DBOS keeps."""
    own = {*Base.metadata.tables, "scenario", "act", "alembic_version"}
    with world.database.connect() as connection:
        names = {row[0] for row in connection.exec_driver_sql("select name from sqlite_master where type = 'table'")}
        return "\n".join(
            str(tuple(row)) for name in names - own for row in connection.exec_driver_sql(f"select * from {name}")
        )
