"""Mail to customers and staff: wordings, what goes out, and who does not want it."""

from shared.db import Json, UtcDateTime
from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, Uuid, false

from portal_api.models.base import Base

message_template = Table(
    "message_template",
    Base.metadata,
    Column("message", String(120), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("hours", Integer, nullable=False),
    Column("edited_at", UtcDateTime, nullable=False),
    Column("edited_by", String(200), nullable=False),
)
"""Only what the office edited; every other message has its built-in wording (wording.py)."""

outgoing = Table(
    "outgoing",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("message", String(120), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("about", Uuid, nullable=True, index=True),
    Column("once", String(120), nullable=True, unique=True),
    Column("sealed", Text, nullable=True),
    Column("state", String(12), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, nullable=True),
    Column("answer", Text, nullable=True),
    Index("ix_outgoing_state_due_at", "state", "due_at"),
)
"""`sealed` holds values and attachments until the mail has gone. `state`: waiting, then sent, failed (for
good, `answer` says why) or suppressed (the address is unsubscribed). `once` is never used twice."""

unsubscribed = Table(
    "unsubscribed",
    Base.metadata,
    Column("email", String(320), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
)

status_notice = Table(
    "status_notice",
    Base.metadata,
    Column("dispatch_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("code", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("state", String(12), nullable=False),
    Index("ix_status_notice_state_due_at", "state", "due_at"),
)
"""A status change that the customer is to be told. `state`: waiting (also for the customer to become known,
at most `until`), then told, nobody, off or failed."""

office_code = Table(
    "office_code",
    Base.metadata,
    Column("code", String(100), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, default=0, server_default="0"),
    Column("retired", Boolean, nullable=False, default=False, server_default=false()),
)
"""Status codes that were told of; `version` 0 is of one that only a dispatch had."""

reminder = Table(
    "reminder",
    Base.metadata,
    Column("appointment_id", Uuid, primary_key=True),
    Column("dispatch_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("start_at", UtcDateTime, nullable=True),
    Column("end_at", UtcDateTime, nullable=True),
    Column("zone", String(60), nullable=True),
    Column("told", Json, nullable=True),
    Column("state", String(12), nullable=False),
    Column("due_at", UtcDateTime, nullable=True),
    Column("tries", Integer, nullable=False, default=0, server_default="0"),
    Index("ix_reminder_state_start_at", "state", "start_at"),
)
"""One row an appointment. `told` is who was reminded of which window: when the visit moves or is taken back
afterwards (`changed`), they are told again. `state`: waiting, changed, done, failed (all `tries` were
in vain). It is not looked at before `due_at`."""
