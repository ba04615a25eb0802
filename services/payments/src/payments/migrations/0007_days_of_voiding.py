"""days of voiding, and currencies in the indexes of balances"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.add_column(sa.Column('voided_on', sa.Date(), nullable=True))
        batch_op.drop_index('ix_invoice_owed')
        batch_op.create_index('ix_invoice_owed', ['debtor_id', 'kind', 'state', 'due_on', 'id', 'issued_on', 'voided_on', 'total', 'currency'])
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.drop_index('ix_entry_booked')
        batch_op.create_index('ix_entry_booked', ['debtor_id', 'invoice_id', 'at', 'amount', 'currency'])
    # The day was not kept until now, and no statement has shown these invoices since they were voided.
    op.execute("UPDATE invoice SET voided_on = issued_on WHERE state = 'void'")


def downgrade() -> None:
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.drop_index('ix_entry_booked')
        batch_op.create_index('ix_entry_booked', ['debtor_id', 'invoice_id', 'at', 'amount'])
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.drop_index('ix_invoice_owed')
        batch_op.create_index('ix_invoice_owed', ['debtor_id', 'kind', 'state', 'due_on', 'id', 'issued_on', 'total'])
        batch_op.drop_column('voided_on')
