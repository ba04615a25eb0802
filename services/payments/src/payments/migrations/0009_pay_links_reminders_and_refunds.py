"""pay links, reminders, refunds, prices to a tenth, consent to saved cards"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reminder_setting',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('days', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('since', sa.Date(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder_setting'))
    )
    op.create_table('invoice_reminder',
    sa.Column('invoice_id', sa.Uuid(), nullable=False),
    sa.Column('days', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('mail_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_invoice_reminder_invoice_id')),
    sa.PrimaryKeyConstraint('invoice_id', 'days', name=op.f('pk_invoice_reminder'))
    )
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.add_column(sa.Column('links_since', sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table('invoice_line', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unit_tenths', sa.Integer(), server_default='0', nullable=False))
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refund_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('reason', sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f('ix_entry_refund_id'), ['refund_id'], unique=False)
    with op.batch_alter_table('invoice_mail', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=10), server_default='invoice', nullable=False))
    with op.batch_alter_table('saved_card', schema=None) as batch_op:
        batch_op.add_column(sa.Column('expires', sa.String(length=7), nullable=True))
        batch_op.add_column(sa.Column('consent', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('removed_by', sa.String(length=200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('saved_card', schema=None) as batch_op:
        for name in ('removed_by', 'removed_at', 'version', 'consent', 'expires'):
            batch_op.drop_column(name)
    with op.batch_alter_table('invoice_mail', schema=None) as batch_op:
        batch_op.drop_column('kind')
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_entry_refund_id'))
        batch_op.drop_column('reason')
        batch_op.drop_column('refund_id')
    with op.batch_alter_table('invoice_line', schema=None) as batch_op:
        batch_op.drop_column('unit_tenths')
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.drop_column('links_since')
    op.drop_table('invoice_reminder')
    op.drop_table('reminder_setting')
