"""The tables. Rows are written in batches, so they are plain tables without classes.

A dispatch is one row: flat columns for the board, the whole content as a document beside them. `version` is 1
for a new row and grows with each change.
"""

from typing import Any

from shared.db import Json, UtcDateTime
from shared.tables import new_base
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    text,
)

Base = new_base()

_Serial = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up INTEGER keys only


def _must(name: str, kind: Any, *more: Any, **kwargs: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **kwargs)


def _flag(name: str) -> Column[Any]:
    return _must(name, Boolean, default=False)


def _version() -> Column[Any]:
    return _must("version", Integer, default=1)


def _partly(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    clause = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=clause, sqlite_where=clause)


def _board(*columns: str) -> Index:
    """A filter of the board: its rows, newest first, are read from the index without sorting."""
    return Index(f"ix_dispatch_{'_'.join(columns) or 'received'}", *columns, "received_at", "board")


# `board` is the short number that people see. `search` holds the words by which a dispatch is found: a
# full-text index, made by the first migration, reads it. `as_sent` is the partner's content where the
# office has edited since. `told_at` is when the partner was last told a status.
dispatch = Table(
    "dispatch",
    Base.metadata,
    Column("board", _Serial, primary_key=True, autoincrement=True),
    _must("id", Uuid, unique=True),
    _version(),
    Column("partner", String(40)),
    _must("number", String(60)),
    _must("status", String(60)),
    _flag("closed"),
    Column("customer_name", Text),
    _must("phones", Text),
    Column("street", Text),
    Column("city", Text),
    Column("state", Text),
    Column("zip", Text),
    Column("trade", Text),
    Column("priority", Text),
    Column("type", Text),
    Column("fee_amount", BigInteger),
    Column("fee_open", BigInteger),
    _must("currency", String(3)),
    _flag("do_not_collect"),
    _flag("incomplete"),
    _flag("updated_by_partner"),
    _flag("cancelled_by_partner"),
    _flag("needs_attention"),
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
    _must("match_version", Integer, default=0),
    _must("received_at", UtcDateTime),
    _must("changed_at", UtcDateTime),
    Column("told_at", UtcDateTime),
    _must("search", Text),
    _must("content", Json),
    Column("as_sent", Json),
    _board(),
    _board("status"),
    _board("trade"),
    _board("partner"),
    _partly(
        "ix_dispatch_technician", "technician_id", "received_at", "board", where="technician_id IS NOT NULL"
    ),
    _partly("ix_dispatch_scheduled", "scheduled_start", "board", where="scheduled_start IS NOT NULL"),
    _partly("ix_dispatch_attention", "received_at", "board", where="needs_attention"),
    _partly("ix_dispatch_told", "told_at", where="NOT closed AND partner IS NOT NULL"),
)

# Every mail's dispatch that was ever heard of, and what became of it.
received = Table(
    "received",
    Base.metadata,
    Column("mail_id", Uuid, primary_key=True),
    _must("dispatch_id", Uuid),
    _must("content_key", LargeBinary(32)),
    _must("outcome", String(20)),
    Column("reason", Text),
    _must("at", UtcDateTime),
    Index("ix_received_dispatch", "dispatch_id"),
)

# Append only. `detail` by kind: `changes` [[path, old, new]], `old` and `new` status, `window`,
# `technician_id`, `text` of an office note, `mail_id` where a mail did it.
history = Table(
    "history",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("dispatch_id", Uuid),
    _must("version", Integer),
    _must("at", UtcDateTime),
    _must("by", Text),
    _must("kind", String(20)),
    _must("detail", Json),
    Index("ix_history_dispatch", "dispatch_id", "id"),
)

# What a person must look at; kinds as in `outcomes.Alert`.
alert = Table(
    "alert",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("dispatch_id", Uuid),
    _must("kind", String(20)),
    _must("text", Text),
    _must("at", UtcDateTime),
    Column("mail_id", Uuid),
    Column("delivery_id", Uuid),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", Text),
    Index("ix_alert_dispatch", "dispatch_id", "id"),
    _partly("ix_alert_open", "id", where="acknowledged_at IS NULL"),
)

# The default one gets new dispatches; at most one is.
technician = Table(
    "technician",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _version(),
    _must("name", String(200)),
    Column("email", String(320)),
    Column("phone", String(40)),
    _must("active", Boolean, default=True),
    _flag("is_default"),
    _partly("uq_technician_default", "is_default", where="is_default", unique=True),
)

# `zone` is the clock on which its times are read and shown. Cancelled ones are kept.
appointment = Table(
    "appointment",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _version(),
    _must("dispatch_id", Uuid),
    Column("technician_id", Uuid, ForeignKey("technician.id")),
    _must("start_at", UtcDateTime),
    _must("end_at", UtcDateTime),
    _must("zone", String(60)),
    _flag("cancelled"),
    Index("ix_appointment_dispatch", "dispatch_id", "start_at"),
)

# The office's codes ("Enter Status Codes"). A dispatch whose status `closes` is done.
status_code = Table(
    "status_code",
    Base.metadata,
    Column("code", String(60), primary_key=True),
    _version(),
    _must("description", Text),
    _flag("closes"),
    _flag("retired"),
    _must("position", Integer),
)

# The versions of each partner's `status.StatusMap`; the highest is in force.
status_association = Table(
    "status_association",
    Base.metadata,
    Column("partner", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _must("association", Json),
    _must("at", UtcDateTime),
    _must("by", Text),
    Column("note", Text),
)

# How a partner is told. `password` is sealed; `protocol` is a `partners.Protocol`, None for the adapter's
# own.
partner_account = Table(
    "partner_account",
    Base.metadata,
    Column("partner", String(40), primary_key=True),
    _version(),
    _must("adapter", String(40)),
    _must("url", Text),
    _must("company_id", Text),
    _must("user_id", Text),
    _must("password", Text),
    _must("enabled", Boolean, default=True),
    Column("protocol", Json),
)

# The ledger of status updates. Those of a dispatch go in the order of (version, id), each when the one
# before is settled. `due_at` is the next try, or the end of the lease of one that is being sent. `carries`
# is the time that goes with the code, `association` the version of the association that chose it.
delivery = Table(
    "delivery",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("dispatch_id", Uuid),
    _must("version", Integer),
    _must("partner", String(40)),
    _must("number", String(60)),
    _must("status", String(60)),
    _must("partner_code", String(40)),
    _must("partner_name", Text),
    _must("association", Integer),
    _must("cause", String(20)),
    Column("carries", UtcDateTime),
    Column("zone", String(60)),
    Column("note", Text),
    _must("state", String(20)),
    _must("attempts", Integer),
    _must("due_at", UtcDateTime),
    _must("created_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("answer", Text),
    Index("ix_delivery_dispatch", "dispatch_id", "version", "id"),
    _partly("ix_delivery_due", "due_at", where="settled_at IS NULL"),
    Index("ix_delivery_state", "state", "id"),
)

# Each try of a delivery, append only. `answer` is without secrets.
attempt = Table(
    "attempt",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("delivery_id", Uuid),
    _must("at", UtcDateTime),
    _must("seconds", Float),
    _must("state", String(20)),
    _must("answer", Text),
    Index("ix_attempt_delivery", "delivery_id", "id"),
)
