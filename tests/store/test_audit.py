"""The audit: append-only in the database itself, chained, and every tampering found."""

import csv
import io
import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from certrenew.domain.approval import Approval, Decision, Gate
from certrenew.domain.errors import CommandRefused
from certrenew.domain.events import Event
from certrenew.domain.renewal import Renewal
from certrenew.store import mapping
from certrenew.store.audit import export_csv, export_json, verify, walk
from certrenew.store.store import Store
from certrenew.testing.bench import BOB
from certrenew.testing.clock import FixedClock


def event(text: str, **changed: str) -> Event:
    fields: dict[str, str] = {"renewal": "", "cluster": "lab", "actor": "slack:T1/U1", "actor_name": "Zoë “Z” Ünal"}
    return Event(what="noticed", details={"text": text, "nested": {"b": [1, 2.5, None, True]}}, **(fields | changed))


@pytest.fixture
def written(store: Store, clock: FixedClock) -> Sequence[Event]:
    kept = []
    for number in range(6):
        clock.advance(0.123457)
        with store() as unit:
            kept.append(unit.append(replace(event(f"line {number}"), at=clock.now())))
    return kept


def free_the_table(engine: sa.Engine) -> None:
    """What somebody with the database's own password can do."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            names = connection.scalars(sa.text("select name from sqlite_master where type = 'trigger'")).all()
            for name in names:
                connection.execute(sa.text(f"drop trigger {name}"))
        else:
            connection.execute(sa.text("alter table audit_event disable trigger all"))


def test_what_was_written_is_read_back_and_the_chain_holds(store: Store, written: Sequence[Event]) -> None:
    assert list(walk(store.engine)) == list(written)
    verdict = verify(store.engine)
    assert (verdict.rows, verdict.head, verdict.problem) == (6, written[-1].hash, "")


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set what = 'other' where number = 2",
        "delete from audit_event where number = 2",
        "delete from audit_event",
        "truncate audit_event",
        "insert or replace into audit_event select * from audit_event where number = 2",
        "replace into audit_event select * from audit_event where number = 2",
    ],
)
def test_the_database_itself_refuses_to_change_the_audit(
    store: Store, written: Sequence[Event], statement: str
) -> None:
    sqlite_only, here = "replace" in statement, store.engine.dialect.name
    if sqlite_only != (here == "sqlite") and ("truncate" in statement or sqlite_only):
        pytest.skip(f"{here} does not know this statement")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert list(walk(store.engine)) == list(written)


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("update audit_event set actor = 'slack:T1/U9' where number = 3", 3),
        ("""update audit_event set details = '{"text":"nothing to see"}' where number = 3""", 3),
        ("update audit_event set at = '2020-01-01 00:00:00' where number = 3", 3),
        ("update audit_event set cluster = 'prod' where number = 1", 1),
        ("update audit_event set actor_name = 'Nobody' where number = 6", 6),
        ("delete from audit_event where number = 3", 4),
        ("delete from audit_event where number = 1", 2),
        ("update audit_event set number = 99 where number = 3", 4),
        ("update audit_event set hash = previous where number = 4", 4),
    ],
)
def test_every_tampering_is_found_at_its_row(store: Store, written: Sequence[Event], statement: str, bad: int) -> None:
    free_the_table(store.engine)
    with store.engine.begin() as connection:
        connection.execute(sa.text(statement))
    verdict = verify(store.engine)
    assert verdict.problem
    assert verdict.first_bad == bad


def test_swapped_rows_are_found(store: Store, written: Sequence[Event]) -> None:
    free_the_table(store.engine)
    with store.engine.begin() as connection:
        for old, new in ((3, 100), (4, 3), (100, 4)):
            connection.execute(sa.text(f"update audit_event set number = {new} where number = {old}"))
    assert verify(store.engine).first_bad == 3


def test_an_inserted_row_is_found(store: Store, written: Sequence[Event]) -> None:
    free_the_table(store.engine)
    with store.engine.begin() as connection:
        for number in (6, 5, 4):
            connection.execute(sa.text(f"update audit_event set number = {number + 1} where number = {number}"))
        forged = replace(written[2], number=4, previous=written[2].hash, details={"text": "forged"})
        row = mapping.event_row(replace(forged, hash=forged.digest()))
        values = {column.name: getattr(row, column.name) for column in row.__table__.columns}
        connection.execute(sa.insert(row.__table__).values(**values))  # type: ignore[arg-type]
    assert verify(store.engine).first_bad == 5


def test_appends_from_many_threads_keep_the_chain(store: Store) -> None:
    def append(who: int) -> None:
        for number in range(8):
            with store() as unit:
                unit.append(event(f"{who} {number}"))

    threads = [threading.Thread(target=append, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify(store.engine)
    assert (verdict.rows, verdict.problem) == (48, "")


def test_an_event_of_a_unit_that_fails_is_not_kept(store: Store, written: Sequence[Event]) -> None:
    with pytest.raises(ZeroDivisionError), store() as unit:
        unit.append(event("never"))
        _ = 1 / 0
    assert verify(store.engine).rows == 6


def test_the_json_export_carries_everything_that_is_hashed(store: Store, written: Sequence[Event]) -> None:
    out = io.StringIO()
    assert export_json(walk(store.engine), out) == 6
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["hash"] for line in lines] == [found.hash for found in written]
    assert lines[0]["details"] == written[0].details
    assert lines[0]["actor_name"] == "Zoë “Z” Ünal"


def test_a_spreadsheet_runs_nothing_from_the_csv_export(store: Store) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "plain", ""]
    for name in names:
        with store() as unit:
            unit.append(event("x", actor_name=name))
    out = io.StringIO(newline="")
    assert export_csv(walk(store.engine), out) == len(names)
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    cells = [row["actor_name"] for row in rows]
    assert cells == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", "plain", ""]
    assert {row["renewal"] for row in rows} == {""}, "an empty cell stays empty"


def test_an_export_of_one_renewal_finds_it_by_the_beginning_of_its_id(store: Store) -> None:
    for renewal in ("abcd1111", "abcd2222", "ffff3333"):
        with store() as unit:
            unit.append(event("x", renewal=renewal))
    assert len(list(walk(store.engine, renewal="abcd"))) == 2
    assert len(list(walk(store.engine, renewal="abcd2"))) == 1
    assert list(walk(store.engine, renewal="____")) == []


def test_a_vote_is_never_changed_and_never_given_twice(store: Store, kept: Renewal, clock: FixedClock) -> None:
    vote = Approval(
        renewal=kept.id,
        gate=Gate.PLAN,
        digest=kept.plan.digest,
        person=BOB,
        decision=Decision.APPROVE,
        reason="",
        at=clock.now(),
    )
    with store() as unit:
        unit.add_approval(vote)
    with pytest.raises(CommandRefused, match="cannot be changed"), store() as unit:
        unit.add_approval(replace(vote, decision=Decision.REJECT, reason="no"))
    for statement in ("update approval set decision = 'reject'", "delete from approval"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.engine.begin() as connection:
            connection.execute(sa.text(statement))
    with store() as unit:
        assert unit.get(kept.id).approvals == (vote,)
