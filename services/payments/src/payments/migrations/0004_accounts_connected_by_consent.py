"""accounts connected by consent"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('gateway_connection',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('connected_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('connected_by', sa.String(length=200), nullable=False),
    sa.Column('renew_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refused_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_gateway_connection_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_gateway_connection'))
    )
    op.create_table('gateway_consent',
    sa.Column('state_hash', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('browser_hash', sa.String(length=64), nullable=False),
    sa.Column('who', sa.String(length=200), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_gateway_consent_account_id')),
    sa.PrimaryKeyConstraint('state_hash', name=op.f('pk_gateway_consent'))
    )
    with op.batch_alter_table('gateway_consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_gateway_consent_account_id'), ['account_id'], unique=False)


def downgrade() -> None:
    op.drop_table('gateway_consent')
    op.drop_table('gateway_connection')
