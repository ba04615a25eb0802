"""indexes of customers' books"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.create_index('ix_invoice_owed', ['debtor_id', 'kind', 'state', 'due_on', 'id', 'issued_on', 'total'], unique=False)
        batch_op.create_index('ix_invoice_customer_id_created_at', ['customer_id', 'created_at', 'id'], unique=False)
        batch_op.drop_index('ix_invoice_debtor_id_due_on')
        batch_op.drop_index('ix_invoice_customer_id')

    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.create_index('ix_payment_debtor_id_at', ['debtor_id', 'at', 'id'], unique=False)
        batch_op.drop_index('ix_payment_debtor_id')

    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.create_index('ix_entry_booked', ['debtor_id', 'invoice_id', 'at', 'amount'], unique=False)
        batch_op.drop_index('ix_entry_debtor_id_invoice_id')


def downgrade() -> None:
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.create_index('ix_entry_debtor_id_invoice_id', ['debtor_id', 'invoice_id'], unique=False, postgresql_include=['amount'])
        batch_op.drop_index('ix_entry_booked')

    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.create_index('ix_payment_debtor_id', ['debtor_id'], unique=False)
        batch_op.drop_index('ix_payment_debtor_id_at')

    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.create_index('ix_invoice_customer_id', ['customer_id'], unique=False)
        batch_op.create_index('ix_invoice_debtor_id_due_on', ['debtor_id', 'due_on', 'id'], unique=False)
        batch_op.drop_index('ix_invoice_customer_id_created_at')
        batch_op.drop_index('ix_invoice_owed')
