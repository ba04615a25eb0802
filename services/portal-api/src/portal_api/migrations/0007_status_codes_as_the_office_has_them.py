"""status codes as the office has them"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("office_code", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("office_code", sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("office_code", "retired")
    op.drop_column("office_code", "version")
