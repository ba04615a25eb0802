"""Dispatches, appointments, status codes with both ends of the AHS association, and the delivery ledger."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# Office code, description, whether it closes the dispatch, and the AHS code it is told as: the 13 pairs of the
# ESC guide. AHS knows 80 and 140 too, for which that guide has no office code.
OFFICE_CODES = [
    ("Pending", "New, nothing arranged yet", False, "50"),
    ("Call Again", "The customer could not be reached", False, "60"),
    ("Scheduled", "An appointment is set", False, "30"),
    ("Traveling", "The technician is on the way", False, "70"),
    ("Arrived", "The technician is at the customer's", False, "90"),
    ("Working", "Work goes on", False, "20"),
    ("Back Order", "Waiting for parts", False, "100"),
    ("Replacing", "Must be replaced", False, "110"),
    ("Reschedule", "The customer missed the appointment", False, "120"),
    ("Denial", "Possibly not covered", False, "130"),
    ("Off Job", "On hold", False, "150"),
    ("Complete", "Done", True, "10"),
    ("Cancelled", "Will not be done", True, "40"),
]
AHS_CODES = [
    ("10", "Complete", "change"),
    ("20", "In Progress", None),
    ("30", "Appointment Set", "appointment"),
    ("40", "Cancelled", None),
    ("50", "Automated Dispatch Load Successful", None),
    ("60", "Unable to Contact Customer", None),
    ("70", "Technician in Route to Customer's Location", None),
    ("80", "Technician May Be Delayed to Customers Appointment", None),
    ("90", "Technician Arrived at Customer's Location", None),
    ("100", "In Progress with Parts on Order", None),
    ("110", "In Progress with Need to Replace", None),
    ("120", "Customer Missed Appointment", None),
    ("130", "Possible Denial", None),
    ("140", "Incomplete", None),
    ("150", "On-hold", None),
]


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_dispatch", ["dispatch_id", "id"], unique=False)
        batch_op.create_index(
            "ix_alert_open",
            ["id"],
            unique=False,
            postgresql_where=sa.text("acknowledged_at IS NULL"),
            sqlite_where=sa.text("acknowledged_at IS NULL"),
        )

    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_delivery", ["delivery_id", "id"], unique=False)

    op.create_table(
        "audit",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("after", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)

    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("partner_code", sa.String(length=40), nullable=False),
        sa.Column("partner_name", sa.Text(), nullable=False),
        sa.Column("association", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("carries", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zone", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_dispatch", ["dispatch_id", "version", "id"], unique=False)
        batch_op.create_index(
            "ix_delivery_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("settled_at IS NULL"),
            sqlite_where=sa.text("settled_at IS NULL"),
        )
        batch_op.create_index("ix_delivery_state", ["state", "id"], unique=False)

    op.create_table(
        "history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.create_index("ix_history_dispatch", ["dispatch_id", "id"], unique=False)

    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_at"), ["at"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_inbox")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_received_at"), ["received_at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_due_at_seq", ["due_at", "seq"], unique=False)

    op.create_table(
        "partner_account",
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("adapter", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("protocol", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_partner_account")),
    )
    op.create_table(
        "received",
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("content_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_received")),
    )
    with op.batch_alter_table("received", schema=None) as batch_op:
        batch_op.create_index("ix_received_dispatch", ["dispatch_id"], unique=False)

    op.create_table(
        "status_association",
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("association", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("partner", "version", name=op.f("pk_status_association")),
    )
    op.create_table(
        "status_code",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("closes", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_status_code")),
    )
    op.create_table(
        "technician",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technician")),
    )
    with op.batch_alter_table("technician", schema=None) as batch_op:
        batch_op.create_index(
            "uq_technician_default",
            ["is_default"],
            unique=True,
            postgresql_where=sa.text("is_default"),
            sqlite_where=sa.text("is_default"),
        )

    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_appointment_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index("ix_appointment_dispatch", ["dispatch_id", "start_at"], unique=False)

    op.create_table(
        "dispatch",
        sa.Column(
            "board", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("phones", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("zip", sa.Text(), nullable=True),
        sa.Column("trade", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("fee_amount", sa.BigInteger(), nullable=True),
        sa.Column("fee_open", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("do_not_collect", sa.Boolean(), nullable=False),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("updated_by_partner", sa.Boolean(), nullable=False),
        sa.Column("cancelled_by_partner", sa.Boolean(), nullable=False),
        sa.Column("needs_attention", sa.Boolean(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("scheduled_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zone", sa.String(length=60), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("bill_to", sa.Text(), nullable=True),
        sa.Column("bill_to_id", sa.Uuid(), nullable=True),
        sa.Column("match_state", sa.String(length=20), nullable=True),
        sa.Column("match_score", sa.Integer(), nullable=True),
        sa.Column("match_version", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("as_sent", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["technician_id"], ["technician.id"], name=op.f("fk_dispatch_technician_id")),
        sa.PrimaryKeyConstraint("board", name=op.f("pk_dispatch")),
        sa.UniqueConstraint("id", name=op.f("uq_dispatch_id")),
    )
    with op.batch_alter_table("dispatch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_dispatch_attention",
            ["received_at", "board"],
            unique=False,
            postgresql_where=sa.text("needs_attention"),
            sqlite_where=sa.text("needs_attention"),
        )
        batch_op.create_index("ix_dispatch_partner", ["partner", "received_at", "board"], unique=False)
        batch_op.create_index("ix_dispatch_received", ["received_at", "board"], unique=False)
        batch_op.create_index(
            "ix_dispatch_scheduled",
            ["scheduled_start", "board"],
            unique=False,
            postgresql_where=sa.text("scheduled_start IS NOT NULL"),
            sqlite_where=sa.text("scheduled_start IS NOT NULL"),
        )
        batch_op.create_index("ix_dispatch_status", ["status", "received_at", "board"], unique=False)
        batch_op.create_index(
            "ix_dispatch_technician",
            ["technician_id", "received_at", "board"],
            unique=False,
            postgresql_where=sa.text("technician_id IS NOT NULL"),
            sqlite_where=sa.text("technician_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_dispatch_told",
            ["told_at"],
            unique=False,
            postgresql_where=sa.text("NOT closed AND partner IS NOT NULL"),
            sqlite_where=sa.text("NOT closed AND partner IS NOT NULL"),
        )
        batch_op.create_index("ix_dispatch_trade", ["trade", "received_at", "board"], unique=False)
    _search_index()
    _seed()


def _search_index() -> None:
    """Finds dispatches by the beginnings of the words in `search`, without parsing them a second time."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE dispatch ADD COLUMN words tsvector"
            " GENERATED ALWAYS AS (array_to_tsvector(string_to_array(search, ' '))) STORED"
        )
        op.execute("CREATE INDEX ix_dispatch_words ON dispatch USING gin (words)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE dispatch_search USING fts5"
        "(search, content='dispatch', content_rowid='board', prefix='2 3 4')"
    )
    add = "INSERT INTO dispatch_search (rowid, search) VALUES (new.board, new.search);"
    drop = "INSERT INTO dispatch_search (dispatch_search, rowid, search) VALUES ('delete', old.board, old.search);"
    op.execute(f"CREATE TRIGGER dispatch_search_add AFTER INSERT ON dispatch BEGIN {add} END")
    op.execute(f"CREATE TRIGGER dispatch_search_drop AFTER DELETE ON dispatch BEGIN {drop} END")
    op.execute(
        f"CREATE TRIGGER dispatch_search_change AFTER UPDATE OF search ON dispatch BEGIN {drop} {add} END"
    )


def _seed() -> None:
    tables = sa.MetaData()
    tables.reflect(op.get_bind(), only=["status_code", "status_association"])
    codes, associations = tables.tables["status_code"], tables.tables["status_association"]
    op.bulk_insert(
        codes,
        [
            {
                "code": code,
                "description": text,
                "closes": closes,
                "retired": False,
                "position": place,
                "version": 1,
            }
            for place, (code, text, closes, _) in enumerate(OFFICE_CODES, 1)
        ],
    )
    association = {
        "codes": [{"code": code, "name": name, "time": time} for code, name, time in AHS_CODES],
        "pairs": {office: code for office, _, _, code in OFFICE_CODES},
    }
    op.bulk_insert(
        associations,
        [
            {
                "partner": "ahs",
                "version": 1,
                "association": association,
                "at": datetime(2026, 1, 1, tzinfo=UTC),
                "by": "callboard",
                "note": "The defaults of the ESC guide.",
            }
        ],
    )

    if op.get_bind().dialect.name == "postgresql":
        # an event lives for milliseconds: compressing it costs more than it saves
        op.execute("ALTER TABLE outbox ALTER COLUMN body SET STORAGE EXTERNAL")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE dispatch_search")
    with op.batch_alter_table("dispatch", schema=None) as batch_op:
        batch_op.drop_index("ix_dispatch_trade")
        batch_op.drop_index(
            "ix_dispatch_told",
            postgresql_where=sa.text("NOT closed AND partner IS NOT NULL"),
            sqlite_where=sa.text("NOT closed AND partner IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_dispatch_technician",
            postgresql_where=sa.text("technician_id IS NOT NULL"),
            sqlite_where=sa.text("technician_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_dispatch_status")
        batch_op.drop_index(
            "ix_dispatch_scheduled",
            postgresql_where=sa.text("scheduled_start IS NOT NULL"),
            sqlite_where=sa.text("scheduled_start IS NOT NULL"),
        )
        batch_op.drop_index("ix_dispatch_received")
        batch_op.drop_index("ix_dispatch_partner")
        batch_op.drop_index(
            "ix_dispatch_attention",
            postgresql_where=sa.text("needs_attention"),
            sqlite_where=sa.text("needs_attention"),
        )

    op.drop_table("dispatch")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index("ix_appointment_dispatch")

    op.drop_table("appointment")
    with op.batch_alter_table("technician", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_technician_default",
            postgresql_where=sa.text("is_default"),
            sqlite_where=sa.text("is_default"),
        )

    op.drop_table("technician")
    op.drop_table("status_code")
    op.drop_table("status_association")
    with op.batch_alter_table("received", schema=None) as batch_op:
        batch_op.drop_index("ix_received_dispatch")

    op.drop_table("received")
    op.drop_table("partner_account")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_due_at_seq")

    op.drop_table("outbox")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_received_at"))

    op.drop_table("inbox")
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_at"))

    op.drop_table("idempotency")
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.drop_index("ix_history_dispatch")

    op.drop_table("history")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_state")
        batch_op.drop_index(
            "ix_delivery_due",
            postgresql_where=sa.text("settled_at IS NULL"),
            sqlite_where=sa.text("settled_at IS NULL"),
        )
        batch_op.drop_index("ix_delivery_dispatch")

    op.drop_table("delivery")
    op.drop_table("dead_letter")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))

    op.drop_table("audit")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_attempt_delivery")

    op.drop_table("attempt")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_alert_open",
            postgresql_where=sa.text("acknowledged_at IS NULL"),
            sqlite_where=sa.text("acknowledged_at IS NULL"),
        )
        batch_op.drop_index("ix_alert_dispatch")

    op.drop_table("alert")
