"""Every certificate that the nodes hold, when each node was read, and what was said about what falls due."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **options})  # type: ignore[arg-type]


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.drop_table("certificate")  # it held what the nodes tell again whenever they are asked
    op.create_table(
        "certificate",
        *(_text(name, primary_key=True) for name in ("cluster", "node", "kind", "store", "file", "fingerprint")),
        *(_text(name) for name in ("serial", "subject", "issuer", "names")),
        _time("not_before"),
        _time("not_after"),
        sa.Column("self_signed", sa.Boolean(), nullable=False),
        _time("seen_at"),
    )
    op.create_index("ix_certificate_not_after", "certificate", ["not_after"])
    op.create_table(
        "scan",
        *(_text(name, primary_key=True) for name in ("cluster", "node")),
        _time("at"),
        _time("read_at", nullable=True),
        _text("problem"),
    )
    op.create_table(
        "expiry_notice",
        *(_text(name, primary_key=True) for name in ("cluster", "purpose", "fingerprint")),
        sa.Column("threshold", sa.Integer(), primary_key=True, autoincrement=False),
        _time("at"),
    )


def downgrade() -> None:
    raise NotImplementedError("certrenew migrates forward only; restore the backup that was taken before the upgrade")
