"""Run by Alembic: hands it our tables, and either the caller's connection or one of its own."""

import sqlalchemy as sa
from alembic import context

from certrenew.store.rows import Base

config = context.config


def run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if (given := config.attributes.get("connection")) is not None:
    run(given)
else:
    engine = sa.create_engine(config.attributes["url"])
    with engine.begin() as connection:
        run(connection)
    engine.dispose()
