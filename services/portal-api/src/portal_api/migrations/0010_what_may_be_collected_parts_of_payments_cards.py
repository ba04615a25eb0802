"""what may be collected, parts of payments, saved cards"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('payment_part',
    sa.Column('payment_record_id', sa.Uuid(), nullable=False),
    sa.Column('invoice_id', sa.Uuid(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('payment_record_id', 'invoice_id', name=op.f('pk_payment_part'))
    )
    with op.batch_alter_table('payment_part', schema=None) as batch_op:
        batch_op.create_index('ix_payment_part_invoice_id', ['invoice_id'], unique=False)
    op.execute("INSERT INTO payment_part SELECT id, invoice_id, amount FROM payment_record WHERE invoice_id IS NOT NULL")
    op.create_table('card_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('brand', sa.String(length=40), nullable=True),
    sa.Column('last4', sa.String(length=4), nullable=True),
    sa.Column('expires', sa.String(length=7), nullable=True),
    sa.Column('removed', sa.Boolean(), nullable=False),
    sa.Column('removing', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_card_record'))
    )
    with op.batch_alter_table('card_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_card_record_customer_id'), ['customer_id'], unique=False)
    with op.batch_alter_table('invoice_record', schema=None) as batch_op:
        batch_op.add_column(sa.Column('collectable', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('invoice_record', schema=None) as batch_op:
        batch_op.drop_column('collectable')
    op.drop_table('card_record')
    op.drop_table('payment_part')
