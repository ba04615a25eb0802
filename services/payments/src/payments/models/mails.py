"""Invoices that were sent by e-mail, and reminders of them."""

from shared.columns import flag, must, partly, version
from shared.db import Json, UtcDateTime
from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table, Text, Uuid

from payments.models.base import Base

invoice_mail = Table(
    "invoice_mail",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("invoice_id", Uuid, ForeignKey("invoice.id"), index=True),
    must("kind", String(10), server_default="invoice"),
    must("recipient", String(320)),
    must("state", String(10)),
    must("attempts", Integer),
    Column("answer", Text, nullable=True),
    must("asked_by", String(200)),
    must("due_at", UtcDateTime),
    must("created_at", UtcDateTime),
    Column("settled_at", UtcDateTime, nullable=True),
    partly("ix_invoice_mail_due", "due_at", where="state = 'waiting'"),
)
"""`kind` is invoice or reminder. `state` is waiting, sent, failed (for good; `answer` says why) or needless
(a reminder of what was paid in the meantime). The mail is written when it is sent, and kept nowhere."""

reminder_setting = Table(
    "reminder_setting",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    version(),
    flag("enabled"),
    must("days", Json),
    Column("since", Date, nullable=True),
    must("updated_at", UtcDateTime),
)
"""One row, none before anybody has set it. `days` after the due day a reminder goes out. Steps that fell
before `since`, when reminders were turned on, are left out."""

invoice_reminder = Table(
    "invoice_reminder",
    Base.metadata,
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), primary_key=True),
    Column("days", Integer, primary_key=True, autoincrement=False),
    must("mail_id", Uuid),
    must("at", UtcDateTime),
)
"""Which steps were taken: the key is what makes each of them once, however many replicas run."""
