"""`run sql`: a few read-only queries."""

from __future__ import annotations

from ..queries import BadQuery, rows_of
from .registry import CommandFailed, Session, command


@command("run sql", level=1)
async def run_sql(session: Session, statement: str) -> None:
    """Header, ruler, rows, columns as wide as their widest value."""
    try:
        rows = rows_of(session.cluster, statement)
    except BadQuery as problem:
        raise CommandFailed(str(problem)) from problem
    if not rows:
        await session.terminal.page("No records found")
        return
    columns = list(rows[0])
    widths = {column: max(len(column), *(len(row[column]) for row in rows)) for column in columns}
    lines = [
        " ".join(column.ljust(widths[column]) for column in columns),
        " ".join("=" * widths[column] for column in columns),
        *(" ".join(row[column].ljust(widths[column]) for column in columns) for row in rows),
    ]
    await session.terminal.page("\n".join(lines))
