"""Invoices, and the books: what was paid, applied and given back. No balance is stored anywhere."""

from shared.columns import flag, must, version
from shared.db import UtcDateTime
from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, String, Table, Text, Uuid

from payments.models.base import Base, currency, money

counter = Table(
    "counter", Base.metadata, Column("name", String(20), primary_key=True), must("last", BigInteger)
)
"""The last number given in each series. Its row is the lock: numbers have no gaps and none is given twice."""

invoice = Table(
    "invoice",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("kind", String(12)),
    must("state", String(10)),
    Column("number", String(40), nullable=True, unique=True),
    must("customer_id", Uuid),
    Column("location_id", Uuid, nullable=True),
    Column("dispatch_id", Uuid, nullable=True, index=True),
    flag("bill_to_partner"),
    must("debtor_id", Uuid),
    Column("credits_id", Uuid, ForeignKey("invoice.id"), nullable=True, index=True),
    currency(),
    Column("issued_on", Date, nullable=True),
    Column("due_on", Date, nullable=True),
    Column("voided_on", Date, nullable=True),
    must("terms_days", Integer),
    money("discount"),
    must("tax_rate", String(12)),
    money("subtotal"),
    money("tax"),
    money("total"),
    money("deposit"),
    Column("note", Text, nullable=True),
    Column("reason", Text, nullable=True),
    Column("links_since", UtcDateTime, nullable=True),
    must("made_by", String(200)),
    must("created_at", UtcDateTime),
    must("updated_at", UtcDateTime),
    Index(
        "ix_invoice_owed",
        *("debtor_id", "kind", "state", "due_on", "id", "issued_on", "voided_on", "total", "currency"),
    ),
    Index("ix_invoice_customer_id_created_at", "customer_id", "created_at", "id"),
    Index("ix_invoice_created_at_id", "created_at", "id"),
)
"""`kind` is invoice or credit_note, `state` draft, issued or void: whether it is paid follows from the
entries. `debtor_id` owes it: the customer, or the partner's customer. `tax_rate` is percent as a decimal
text; `deposit` is asked for before the work; `reason` is why it was voided or credited, `voided_on` the
office's day of voiding, until which it was owed. Pay links made before `links_since` are worth nothing."""

invoice_line = Table(
    "invoice_line",
    Base.metadata,
    Column("invoice_id", Uuid, ForeignKey("invoice.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    must("kind", String(12)),
    must("description", Text),
    must("quantity", String(20)),
    money("unit_price"),
    must("unit_tenths", Integer, server_default="0"),
    money("discount"),
    flag("taxable"),
    money("amount"),
)
"""A price is `unit_price` minor units and `unit_tenths` tenths of one, both with its sign."""

payment = Table(
    "payment",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("debtor_id", Uuid),
    must("method", String(10)),
    money("amount"),
    currency(),
    Column("operation_id", Uuid, ForeignKey("operation.id"), nullable=True, unique=True),
    Column("gateway", String(30), nullable=True),
    Column("brand", String(30), nullable=True),
    Column("last4", String(4), nullable=True),
    Column("reference", Text, nullable=True),
    Column("dispatch_id", Uuid, nullable=True),
    Column("note", Text, nullable=True),
    must("recorded_by", String(200)),
    must("at", UtcDateTime),
    Index("ix_payment_at_id", "at", "id"),
    Index("ix_payment_debtor_id_at", "debtor_id", "at", "id"),
)
"""Money that came in. With `dispatch_id` it is a deposit for that work. Its row is the lock of what is left
of it."""

entry = Table(
    "entry",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("at", UtcDateTime),
    must("debtor_id", Uuid),
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), nullable=True),
    Column("payment_id", Uuid, ForeignKey("payment.id"), nullable=True, index=True),
    Column("credit_note_id", Uuid, ForeignKey("invoice.id"), nullable=True),
    Column("operation_id", Uuid, ForeignKey("operation.id"), nullable=True, index=True),
    must("kind", String(12)),
    money("amount"),
    currency(),
    Column("refund_id", Uuid, nullable=True, index=True),
    Column("reason", Text, nullable=True),
    must("who", String(200)),
    Index("ix_entry_invoice_id", "invoice_id", postgresql_include=["amount", "kind"]),
    Index("ix_entry_booked", "debtor_id", "invoice_id", "at", "amount", "currency"),
)
"""The books, only ever added to. `amount` settles the invoice (or, negative, takes back); without an invoice
it is the debtor's credit. Kinds: payment, applied (moves between credit and invoice), refund, reversal,
credit_note. The entries of one refund share its `refund_id`. `ix_entry_booked` and `ix_invoice_owed` hold all
that a balance is made of."""
