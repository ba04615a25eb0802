"""records and requests"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agreement_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=False),
    sa.Column('agreement', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('ended', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_record'))
    )
    with op.batch_alter_table('agreement_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_record_location_id'), ['location_id'], unique=False)

    op.create_table('appointment_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('dispatch_id', sa.Uuid(), nullable=False),
    sa.Column('technician_id', sa.Uuid(), nullable=True),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('zone', sa.String(length=60), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appointment_record'))
    )
    with op.batch_alter_table('appointment_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_appointment_record_dispatch_id'), ['dispatch_id'], unique=False)
        batch_op.create_index('ix_appointment_record_technician', ['technician_id', 'end_at'], unique=False, postgresql_where=sa.text('start_at IS NOT NULL'), sqlite_where=sa.text('start_at IS NOT NULL'))

    op.create_table('customer_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('phones', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('merged_into', sa.Uuid(), nullable=True),
    sa.Column('closed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_record'))
    )
    op.create_table('dispatch_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('partner', sa.Text(), nullable=True),
    sa.Column('number', sa.Text(), nullable=True),
    sa.Column('trade', sa.Text(), nullable=True),
    sa.Column('lines', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('match_version', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('location_id', sa.Uuid(), nullable=True),
    sa.Column('status_version', sa.Integer(), nullable=False),
    sa.Column('status', sa.Text(), nullable=True),
    sa.Column('status_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispatch_record'))
    )
    with op.batch_alter_table('dispatch_record', schema=None) as batch_op:
        batch_op.create_index('ix_dispatch_record_location', ['location_id', 'received_at', 'id'], unique=False)

    op.create_table('equipment_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=False),
    sa.Column('equipment', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('removed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_equipment_record'))
    )
    with op.batch_alter_table('equipment_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_equipment_record_location_id'), ['location_id'], unique=False)

    op.create_table('held',
    sa.Column('technician_id', sa.Uuid(), nullable=False),
    sa.Column('quarter', sa.DateTime(timezone=True), nullable=False),
    sa.Column('dispatch_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('technician_id', 'quarter', name=op.f('pk_held'))
    )
    with op.batch_alter_table('held', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_held_dispatch_id'), ['dispatch_id'], unique=False)

    op.create_table('invoice_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=True),
    sa.Column('dispatch_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('bill_to_partner', sa.Boolean(), nullable=False),
    sa.Column('payable', sa.Boolean(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('balance', sa.BigInteger(), nullable=False),
    sa.Column('invoice', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice_record'))
    )
    with op.batch_alter_table('invoice_record', schema=None) as batch_op:
        batch_op.create_index('ix_invoice_record_location', ['location_id', 'issued_on', 'id'], unique=False)

    op.create_table('location_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('closed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_location_record'))
    )
    with op.batch_alter_table('location_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_location_record_customer_id'), ['customer_id'], unique=False)

    op.create_table('payment_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=True),
    sa.Column('invoice_id', sa.Uuid(), nullable=True),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('method', sa.String(length=20), nullable=True),
    sa.Column('brand', sa.String(length=40), nullable=True),
    sa.Column('last4', sa.String(length=4), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_record'))
    )
    with op.batch_alter_table('payment_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payment_record_invoice_id'), ['invoice_id'], unique=False)

    op.create_table('photo',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('request_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('jpeg', sa.LargeBinary(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo'))
    )
    with op.batch_alter_table('photo', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_photo_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_photo_request_id'), ['request_id'], unique=False)

    op.create_table('record_change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('edit', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record_change'))
    )
    with op.batch_alter_table('record_change', schema=None) as batch_op:
        batch_op.create_index('ix_record_change_location', ['location_id', 'asked_at'], unique=False)

    op.create_table('request',
    sa.Column('serial', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('serial', name=op.f('pk_request')),
    sa.UniqueConstraint('id', name=op.f('uq_request_id'))
    )
    with op.batch_alter_table('request', schema=None) as batch_op:
        batch_op.create_index('ix_request_location', ['location_id', 'at'], unique=False)

    op.create_table('status_record',
    sa.Column('dispatch_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('dispatch_id', 'version', name=op.f('pk_status_record'))
    )
    op.create_table('technician_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_technician_record'))
    )
    op.create_table('visit_change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('dispatch_id', sa.Uuid(), nullable=False),
    sa.Column('location_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('action', sa.String(length=20), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('preferred', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('open_key', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_change')),
    sa.UniqueConstraint('open_key', name=op.f('uq_visit_change_open_key'))
    )
    with op.batch_alter_table('visit_change', schema=None) as batch_op:
        batch_op.create_index('ix_visit_change_dispatch', ['dispatch_id', 'asked_at'], unique=False)


    if op.get_bind().dialect.name == "postgresql":
        # what is a JPEG already does not get smaller
        op.execute("ALTER TABLE photo ALTER COLUMN jpeg SET STORAGE EXTERNAL")


def downgrade() -> None:
    with op.batch_alter_table('visit_change', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_change_dispatch')

    op.drop_table('visit_change')
    op.drop_table('technician_record')
    op.drop_table('status_record')
    with op.batch_alter_table('request', schema=None) as batch_op:
        batch_op.drop_index('ix_request_location')

    op.drop_table('request')
    with op.batch_alter_table('record_change', schema=None) as batch_op:
        batch_op.drop_index('ix_record_change_location')

    op.drop_table('record_change')
    with op.batch_alter_table('photo', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_photo_request_id'))
        batch_op.drop_index(batch_op.f('ix_photo_account_id'))

    op.drop_table('photo')
    with op.batch_alter_table('payment_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_payment_record_invoice_id'))

    op.drop_table('payment_record')
    with op.batch_alter_table('location_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_location_record_customer_id'))

    op.drop_table('location_record')
    with op.batch_alter_table('invoice_record', schema=None) as batch_op:
        batch_op.drop_index('ix_invoice_record_location')

    op.drop_table('invoice_record')
    with op.batch_alter_table('held', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_held_dispatch_id'))

    op.drop_table('held')
    with op.batch_alter_table('equipment_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_equipment_record_location_id'))

    op.drop_table('equipment_record')
    with op.batch_alter_table('dispatch_record', schema=None) as batch_op:
        batch_op.drop_index('ix_dispatch_record_location')

    op.drop_table('dispatch_record')
    op.drop_table('customer_record')
    with op.batch_alter_table('appointment_record', schema=None) as batch_op:
        batch_op.drop_index('ix_appointment_record_technician', postgresql_where=sa.text('start_at IS NOT NULL'), sqlite_where=sa.text('start_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_appointment_record_dispatch_id'))

    op.drop_table('appointment_record')
    with op.batch_alter_table('agreement_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_record_location_id'))

    op.drop_table('agreement_record')
