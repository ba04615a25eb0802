"""Attempts to be paid through a gateway, the calls they made, and all that was heard about them."""

from shared.columns import Serial, must, partly, version
from shared.db import Json, UtcDateTime
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from payments.models.base import Base, currency, money

attempt = Table(
    "attempt",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("short_ref", String(8), unique=True),
    must("debtor_id", Uuid, index=True),
    must("account_id", Uuid, ForeignKey("gateway_account.id")),
    must("gateway", String(30)),
    must("kind", String(10)),
    must("channel", String(10)),
    must("state", String(20)),
    money("amount"),
    currency(),
    must("caller", String(200)),
    Column("order_ref", Text, nullable=True),
    Column("return_secret", Text, nullable=True),
    Column("redirect_url", Text, nullable=True),
    Column("return_to", Text, nullable=True),
    Column("gateway_ref", Text, nullable=True),
    Column("auth_code", Text, nullable=True),
    Column("avs", String(20), nullable=True),
    Column("cvv", String(20), nullable=True),
    Column("last4", String(4), nullable=True),
    Column("brand", String(30), nullable=True),
    Column("code", Text, nullable=True),
    Column("message", Text, nullable=True),
    Column("review", Text, nullable=True),
    must("extra", Json),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("next_check_at", UtcDateTime, nullable=True),
    must("checks", Integer),
    must("not_found", Integer),
    must("created_at", UtcDateTime),
    must("updated_at", UtcDateTime),
    partly(
        "ix_attempt_one_of_a_reference",
        "account_id",
        "gateway_ref",
        where="gateway_ref IS NOT NULL",
        unique=True,
    ),
    partly("ix_attempt_due", "next_check_at", where="next_check_at IS NOT NULL"),
    Index("ix_attempt_order_ref", "order_ref"),
    Index("ix_attempt_state_created_at", "state", "created_at", "id"),
)
"""`kind` is sale or authorize, `channel` portal or office. `short_ref` is our id at gateways that take few
characters; `return_secret` is sealed. `review` is why a person should look although the money is in.
`checks` and `not_found` count the janitor's look-ups of the present state."""

attempt_invoice = Table(
    "attempt_invoice",
    Base.metadata,
    Column("attempt_id", Uuid, ForeignKey("attempt.id"), primary_key=True),
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), primary_key=True),
    money("amount"),
    must("open", Boolean),
    partly("ix_attempt_invoice_one_open", "invoice_id", where="open", unique=True),
    Index("ix_attempt_invoice_invoice_id", "invoice_id"),
)
"""Which invoices an attempt pays. While the attempt is open, no other may hold one of them."""

operation = Table(
    "operation",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("attempt_id", Uuid, ForeignKey("attempt.id"), index=True),
    must("kind", String(10)),
    money("amount"),
    must("state", String(20)),
    must("request_id", String(64), unique=True),
    Column("caller", String(200), nullable=True),
    Column("idempotency_key", String(200), nullable=True),
    Column("request_hash", String(64), nullable=True),
    Column("gateway_ref", Text, nullable=True),
    Column("code", Text, nullable=True),
    Column("message", Text, nullable=True),
    Column("reason", Text, nullable=True),
    Column("next_check_at", UtcDateTime, nullable=True),
    must("checks", Integer),
    must("not_found", Integer),
    must("created_at", UtcDateTime),
    must("updated_at", UtcDateTime),
    UniqueConstraint("caller", "idempotency_key", name="uq_operation_caller_key"),
    partly("ix_operation_one_charge", "attempt_id", where="kind IN ('sale', 'authorize')", unique=True),
    partly(
        "ix_operation_one_capture",
        "attempt_id",
        where="kind = 'capture' AND state NOT IN ('declined', 'failed')",
        unique=True,
    ),
    partly("ix_operation_due", "next_check_at", where="next_check_at IS NOT NULL"),
)
"""One call that can move money: sale, authorize, capture, void or refund. Committed as `submitting` before
the call. `request_id` is what the gateway recognises a repeat by."""

payment_event = Table(
    "payment_event",
    Base.metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    must("attempt_id", Uuid, ForeignKey("attempt.id"), index=True),
    Column("operation_id", Uuid, nullable=True),
    must("at", UtcDateTime),
    must("source", String(20)),
    must("what", String(40)),
    Column("amount", BigInteger, nullable=True),
    must("who", String(200)),
    must("details", Json),
)
"""What happened and from where (api, return, webhook, janitor, person, books). Only ever added to."""

webhook = Table(
    "webhook",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("account_id", Uuid, ForeignKey("gateway_account.id")),
    must("external_id", String(200)),
    must("kind", String(100)),
    must("state", String(10)),
    must("body", LargeBinary),
    Column("finding", Json, nullable=True),
    Column("charge_ref", String(200), nullable=True, index=True),
    Column("attempt_id", Uuid, nullable=True, index=True),
    Column("reason", Text, nullable=True),
    must("tries", Integer),
    Column("due_at", UtcDateTime, nullable=True),
    must("received_at", UtcDateTime),
    UniqueConstraint("account_id", "external_id", name="uq_webhook_external"),
    partly("ix_webhook_due", "due_at", where="due_at IS NOT NULL"),
)
"""The gateways' calls, once each. `state` is received (it waits), applied, ignored, kept (about money that
has not come), unmatched or failed; `body` is without card numbers."""

ticket = Table(
    "ticket", Base.metadata, Column("jti", String(64), primary_key=True), must("used_at", UtcDateTime)
)
"""Checkout tickets that were used: each is good for one."""

alert = Table(
    "alert",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("kind", String(30)),
    Column("attempt_id", Uuid, nullable=True, index=True),
    Column("subject_id", Uuid, nullable=True, index=True),
    must("text", Text),
    must("raised_at", UtcDateTime, index=True),
    Column("settled_at", UtcDateTime, nullable=True),
    Column("settled_by", String(200), nullable=True),
    Column("note", Text, nullable=True),
)
"""`subject_id` is the difference or the gateway's call that it is about: it is settled with that."""

difference = Table(
    "difference",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    version(),
    must("account_id", Uuid, ForeignKey("gateway_account.id")),
    must("day", Date),
    must("kind", String(20)),
    must("reference", Text),
    Column("attempt_id", Uuid, nullable=True),
    Column("ours", BigInteger, nullable=True),
    Column("theirs", BigInteger, nullable=True),
    Column("currency", String(3), nullable=True),
    must("found_at", UtcDateTime),
    Column("settled_at", UtcDateTime, nullable=True),
    Column("settled_by", String(200), nullable=True),
    Column("note", Text, nullable=True),
    UniqueConstraint("account_id", "day", "kind", "reference", name="uq_difference_once"),
)
"""Where the gateway's list of a day and our books differ: missing_here, missing_there or amount."""
