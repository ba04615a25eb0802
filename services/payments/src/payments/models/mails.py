"""Invoices that were sent by e-mail."""

from shared.columns import must, partly
from shared.db import UtcDateTime
from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, Uuid

from payments.models.base import Base

invoice_mail = Table(
    "invoice_mail",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("invoice_id", Uuid, ForeignKey("invoice.id"), index=True),
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
"""`state` is waiting, sent or failed (for good; `answer` says why). The mail is written when it is sent, and
kept nowhere."""
