"""company information and outgoing mail"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('company',
    sa.Column('id', sa.Integer(), nullable=False, autoincrement=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('about', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('smtp_password', sa.Text(), nullable=True),
    sa.Column('logo', sa.LargeBinary(), nullable=True),
    sa.Column('logo_type', sa.String(length=20), nullable=True),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('edited_by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_company')),
    )

    op.create_table('message_template',
    sa.Column('message', sa.String(length=120), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('hours', sa.Integer(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('edited_by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('message', name=op.f('pk_message_template')),
    )

    op.create_table('outgoing',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('message', sa.String(length=120), nullable=False),
    sa.Column('recipient', sa.String(length=320), nullable=False),
    sa.Column('about', sa.Uuid(), nullable=True),
    sa.Column('once', sa.String(length=120), nullable=True),
    sa.Column('sealed', sa.Text(), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outgoing')),
    sa.UniqueConstraint('once', name=op.f('uq_outgoing_once')),
    )
    with op.batch_alter_table('outgoing', schema=None) as batch_op:
        batch_op.create_index('ix_outgoing_about', ['about'], unique=False)
        batch_op.create_index('ix_outgoing_state_due_at', ['state', 'due_at'], unique=False)

    op.create_table('unsubscribed',
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('email', name=op.f('pk_unsubscribed')),
    )

    op.create_table('status_notice',
    sa.Column('dispatch_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False, autoincrement=False),
    sa.Column('code', sa.String(length=100), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.PrimaryKeyConstraint('dispatch_id', 'version', name=op.f('pk_status_notice')),
    )
    with op.batch_alter_table('status_notice', schema=None) as batch_op:
        batch_op.create_index('ix_status_notice_state_due_at', ['state', 'due_at'], unique=False)

    op.create_table('office_code',
    sa.Column('code', sa.String(length=100), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_office_code')),
    )

    op.create_table('reminder',
    sa.Column('appointment_id', sa.Uuid(), nullable=False),
    sa.Column('dispatch_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('zone', sa.String(length=60), nullable=True),
    sa.Column('told', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.PrimaryKeyConstraint('appointment_id', name=op.f('pk_reminder')),
    )
    with op.batch_alter_table('reminder', schema=None) as batch_op:
        batch_op.create_index('ix_reminder_state_start_at', ['state', 'start_at'], unique=False)


def downgrade() -> None:
    op.drop_table('reminder')
    op.drop_table('office_code')
    op.drop_table('status_notice')
    op.drop_table('unsubscribed')
    op.drop_table('outgoing')
    op.drop_table('message_template')
    op.drop_table('company')
