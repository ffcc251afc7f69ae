"""What people ticked off, and the server keys that nodes were found to have."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("renewal", sa.Text(), sa.ForeignKey("renewal.id"), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("done_by_id", "done_by_name", "note")),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "known_key",
        *(sa.Column(name, sa.Text(), primary_key=True) for name in ("cluster", "node", "key")),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("certrenew migrates forward only; restore the backup that was taken before the upgrade")
