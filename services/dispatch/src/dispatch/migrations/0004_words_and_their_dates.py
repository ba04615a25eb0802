"""words and their dates: when what stands was said, and what came before its dispatch"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("said_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dispatch", sa.Column("said_dated", sa.Text(), nullable=True))
    op.create_table(
        "early",
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("content", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("repeats", sa.String(length=10), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mail_id", "dispatch_id", name=op.f("pk_early")),
    )
    op.create_index("ix_early_dispatch", "early", ["dispatch_id"])


def downgrade() -> None:
    op.drop_table("early")
    op.drop_column("dispatch", "said_dated")
    op.drop_column("dispatch", "said_at")
