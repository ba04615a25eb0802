"""disputes, differences that a person settles, days of comparison"""

import sqlalchemy as sa
from alembic import op
from shared.db import Json, UtcDateTime

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'dispute',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('attempt_id', sa.Uuid(), nullable=False),
        sa.Column('reference', sa.String(length=200), nullable=False),
        sa.Column('named', sa.Boolean(), nullable=False),
        sa.Column('state', sa.String(length=12), nullable=False),
        sa.Column('amount', sa.BigInteger(), nullable=True),
        sa.Column('withdrawn', sa.BigInteger(), nullable=False),
        sa.Column('fee', sa.BigInteger(), nullable=True),
        sa.Column('currency', sa.String(length=3), nullable=False),
        sa.Column('reason', sa.Text(), nullable=True),
        sa.Column('stages', Json, nullable=False),
        sa.Column('opened_at', UtcDateTime(), nullable=False),
        sa.Column('updated_at', UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_dispute_attempt_id_attempt')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_dispute')),
        sa.UniqueConstraint('attempt_id', 'reference', name='uq_dispute_reference'),
    )
    with op.batch_alter_table('webhook', schema=None) as batch_op:
        batch_op.add_column(sa.Column('charge_ref', sa.String(length=200), nullable=True))
        batch_op.create_index('ix_webhook_attempt_id', ['attempt_id'])
        batch_op.create_index('ix_webhook_charge_ref', ['charge_ref'])
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.add_column(sa.Column('subject_id', sa.Uuid(), nullable=True))
        batch_op.create_index('ix_alert_subject_id', ['subject_id'])
    with op.batch_alter_table('difference', schema=None) as batch_op:
        batch_op.add_column(sa.Column('settled_by', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('note', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('currency', sa.String(length=3), nullable=True))
    with op.batch_alter_table('gateway_account', schema=None) as batch_op:
        batch_op.add_column(sa.Column('compared_on', sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('gateway_account', schema=None) as batch_op:
        batch_op.drop_column('compared_on')
    with op.batch_alter_table('difference', schema=None) as batch_op:
        batch_op.drop_column('currency')
        batch_op.drop_column('note')
        batch_op.drop_column('settled_by')
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.drop_index('ix_alert_subject_id')
        batch_op.drop_column('subject_id')
    with op.batch_alter_table('webhook', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_charge_ref')
        batch_op.drop_index('ix_webhook_attempt_id')
        batch_op.drop_column('charge_ref')
    op.drop_table('dispute')
