"""accounts of people who have one elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("state NOT IN ('closed', 'elsewhere')")


def downgrade() -> None:
    op.execute("UPDATE account SET state = 'closed' WHERE state = 'elsewhere'")
    _index("state <> 'closed'")


def _index(where: str) -> None:
    op.drop_index('uq_account_user_name', 'account')
    named = sa.text(where)
    op.create_index('uq_account_user_name', 'account', ['user_name'], unique=True, postgresql_where=named, sqlite_where=named)
