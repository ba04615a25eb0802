"""Dispatches and what happens to them. Rows are written in batches, so these are plain tables without
classes.

A dispatch is one row: flat columns for the board, the whole content as a document beside them. `version` is
1 for a new row and grows with each change.
"""

from shared.columns import Serial, flag, must, partly, version
from shared.db import Json, UtcDateTime
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
)

from dispatch.models.base import Base


def _board(*columns: str) -> Index:
    """A filter of the board: its rows, newest first, are read from the index without sorting."""
    return Index(f"ix_dispatch_{'_'.join(columns) or 'received'}", *columns, "received_at", "board")


# `board` is the short number that people see. `search` holds the words by which a dispatch is found: a
# full-text index, made by the first migration, reads it (PostgreSQL: through the column `words`). `as_sent`
# is the partner's content where the office has edited since. `said_at` and `said_dated` are the dates of the
# mail and of the document whose words stand (said.Said). `told_at` is when the partner was last told a
# status.
dispatch = Table(
    "dispatch",
    Base.metadata,
    Column("board", Serial, primary_key=True, autoincrement=True),
    must("id", Uuid, unique=True),
    version(),
    Column("partner", String(40)),
    must("number", String(60)),
    must("status", String(60)),
    flag("closed"),
    Column("customer_name", Text),
    must("phones", Text),
    Column("street", Text),
    Column("city", Text),
    Column("state", Text),
    Column("zip", Text),
    Column("trade", Text),
    Column("priority", Text),
    Column("type", Text),
    Column("fee_amount", BigInteger),
    Column("fee_open", BigInteger),
    must("currency", String(3)),
    flag("do_not_collect"),
    flag("incomplete"),
    flag("updated_by_partner"),
    flag("cancelled_by_partner"),
    flag("needs_attention"),
    Column("technician_id", Uuid, ForeignKey("technician.id")),
    Column("scheduled_start", UtcDateTime),
    Column("scheduled_end", UtcDateTime),
    Column("zone", String(60)),
    Column("customer_id", Uuid),
    Column("location_id", Uuid),
    Column("bill_to", Text),
    Column("bill_to_id", Uuid),
    Column("match_state", String(20)),
    Column("match_score", Integer),
    must("match_version", Integer),
    must("received_at", UtcDateTime),
    must("changed_at", UtcDateTime),
    Column("told_at", UtcDateTime),
    Column("said_at", UtcDateTime),
    Column("said_dated", Text),
    must("search", Text),
    must("content", Json),
    Column("as_sent", Json),
    _board(),
    _board("status"),
    _board("trade"),
    _board("partner"),
    partly(
        "ix_dispatch_technician", "technician_id", "received_at", "board", where="technician_id IS NOT NULL"
    ),
    partly("ix_dispatch_scheduled", "scheduled_start", "board", where="scheduled_start IS NOT NULL"),
    partly("ix_dispatch_attention", "received_at", "board", where="needs_attention"),
    partly("ix_dispatch_told", "told_at", where="NOT closed AND partner IS NOT NULL"),
)

# Every mail's dispatch that was ever heard of, and what became of it. The `content_key` of the content that
# made a dispatch is found when a second one comes: until then it is NULL.
received = Table(
    "received",
    Base.metadata,
    Column("mail_id", Uuid, primary_key=True),
    must("dispatch_id", Uuid),
    Column("content_key", LargeBinary(32)),
    must("outcome", String(20)),
    Column("reason", Text),
    must("at", UtcDateTime),
    Index("ix_received_dispatch", "dispatch_id"),
)

# What came before its dispatch, and waits for it: a cancellation (`content`) or a mention (`subject`).
early = Table(
    "early",
    Base.metadata,
    Column("mail_id", Uuid, primary_key=True),
    Column("dispatch_id", Uuid, primary_key=True),
    must("partner", String(40)),
    Column("subject", Text),
    Column("content", Json),
    must("repeats", String(10)),
    Column("sent_at", UtcDateTime),
    must("received_at", UtcDateTime),
    Index("ix_early_dispatch", "dispatch_id"),
)

# Append only. `detail` by kind: `changes` [[path, old, new]], `old` and `new` status, `window`,
# `technician_id`, `text` of an office note, `mail_id` where a mail did it.
history = Table(
    "history",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("dispatch_id", Uuid),
    must("version", Integer),
    must("at", UtcDateTime),
    must("by", Text),
    must("kind", String(20)),
    must("detail", Json),
    Index("ix_history_dispatch", "dispatch_id", "id"),
)

# What a person must look at; kinds as in `outcomes.Alert`.
alert = Table(
    "alert",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("dispatch_id", Uuid),
    must("kind", String(20)),
    must("text", Text),
    must("at", UtcDateTime),
    Column("mail_id", Uuid),
    Column("delivery_id", Uuid),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", Text),
    Index("ix_alert_dispatch", "dispatch_id", "id"),
    partly("ix_alert_open", "id", where="acknowledged_at IS NULL"),
)

# The default one gets new dispatches; at most one is.
technician = Table(
    "technician",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("name", String(200)),
    Column("email", String(320)),
    Column("phone", String(40)),
    must("active", Boolean),
    flag("is_default"),
    partly("uq_technician_default", "is_default", where="is_default", unique=True),
)

# `zone` is the clock on which its times are read and shown. Cancelled ones are kept.
appointment = Table(
    "appointment",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("dispatch_id", Uuid),
    Column("technician_id", Uuid, ForeignKey("technician.id")),
    must("start_at", UtcDateTime),
    must("end_at", UtcDateTime),
    must("zone", String(60)),
    flag("cancelled"),
    Index("ix_appointment_dispatch", "dispatch_id", "start_at"),
)
