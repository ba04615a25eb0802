"""mails that stay: what the server announced of a mail, since when it keeps one that it was told to delete; and
what the office must look at."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail", sa.Column("listed_size", sa.Integer(), nullable=True))
    op.add_column("mail", sa.Column("kept_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_mail_kept_since", "mail", ["mailbox_id", "kept_since"])


def downgrade() -> None:
    op.drop_index("ix_mail_kept_since", table_name="mail")
    op.drop_column("mail", "kept_since")
    op.drop_column("mail", "listed_size")
