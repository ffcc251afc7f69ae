"""The first tables, and the triggers that keep the audit and the votes append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEPT = {"audit_event": "number", "approval": "id"}


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **options})  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "renewal",
        _text("id", primary_key=True),
        *(_text(name) for name in ("cluster", "purpose", "plan", "digest", "state", "reason", "gate")),
        sa.Column("released", sa.Boolean(), nullable=False),
        *(_text(name) for name in ("want", "requester_id", "requester_name", "requester_mention")),
        *(_text(name) for name in ("change_number", "origin")),
        _time("created_at"),
        _time("approve_by"),
        _time("wake_at", nullable=True),
        _time("ended_at", nullable=True),
    )
    for column in ("cluster", "state", "created_at"):
        op.create_index(f"ix_renewal_{column}", "renewal", [column])
    op.create_table(
        "step",
        sa.Column("renewal", sa.Text(), sa.ForeignKey("renewal.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        _text("kind"),
        _text("node"),
        _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *(_text(name) for name in ("output", "evidence", "error", "progress")),
        *(_time(name, nullable=True) for name in ("waiting_since", "started_at", "finished_at")),
    )
    op.create_table(
        "attempt",
        sa.Column("renewal", sa.Text(), sa.ForeignKey("renewal.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("try_number", sa.Integer(), primary_key=True, autoincrement=False),
        _text("executor"),
        _time("at"),
        _text("outcome"),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("renewal", sa.Text(), sa.ForeignKey("renewal.id"), nullable=False),
        *(_text(name) for name in ("gate", "digest", "person_id", "person_name", "person_mention")),
        *(_text(name) for name in ("decision", "reason")),
        _time("at"),
    )
    on_a_plan = sa.text("gate = 'plan'")
    op.create_index(
        "one_vote",
        "approval",
        ["renewal", "person_id"],
        unique=True,
        sqlite_where=on_a_plan,
        postgresql_where=on_a_plan,
    )
    op.create_table("held_lock", _text("resource", primary_key=True), _text("renewal"), _time("since"))
    op.create_index("ix_held_lock_renewal", "held_lock", ["renewal"])
    op.create_table(
        "audit_event",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        _time("at"),
        *(_text(name) for name in ("what", "actor", "actor_name", "renewal", "cluster", "details")),
        *(_text(name) for name in ("previous", "hash")),
    )
    op.create_index("ix_audit_event_renewal", "audit_event", ["renewal"])
    op.create_table(
        "request",
        _text("key", primary_key=True),
        *(_text(name) for name in ("command", "person", "origin")),
        _time("received_at"),
        _time("answered_at", nullable=True),
        _text("answer"),
        sa.Column("refused", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_request_answered_at", "request", ["answered_at"])
    op.create_table("cursor", _text("observer", primary_key=True), sa.Column("number", sa.Integer(), nullable=False))
    op.create_table("lease", _text("name", primary_key=True), _text("holder"), _time("until"))
    op.create_table(
        "message",
        _text("key", primary_key=True),
        *(_text(name) for name in ("renewal", "channel", "ts", "state", "digest")),
        _time("updated_at"),
    )
    op.create_index("ix_message_renewal", "message", ["renewal"])
    op.create_table(
        "certificate",
        *(_text(name, primary_key=True) for name in ("cluster", "node", "purpose")),
        *(_text(name) for name in ("serial", "subject", "issuer", "fingerprint")),
        _time("not_after"),
        _time("seen_at"),
    )
    _keep()


def _keep() -> None:
    """Refuse every change of what was written, in the database itself."""
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        for table, key in KEPT.items():  # INSERT OR REPLACE deletes without telling the triggers above
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"  # noqa: S608  our own names
                f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION certrenew_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION certrenew_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION certrenew_append_only()"
        )


def downgrade() -> None:
    raise NotImplementedError("certrenew migrates forward only; restore the backup that was taken before the upgrade")
