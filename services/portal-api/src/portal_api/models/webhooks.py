"""Who is told of events over HTTP, what each is told, and how it went."""

from shared.columns import must, partly
from shared.db import Json, UtcDateTime
from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, Uuid

from portal_api.models.base import Base

webhook_subscription = Table(
    "webhook_subscription",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("version", Integer, default=1),
    must("url", Text),
    must("events", Json),
    Column("description", Text),
    must("enabled", Boolean),
    Column("disabled_because", Text),
    must("secret", Text),
    Column("previous_secret", Text),
    Column("previous_ends_at", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("paused_until", UtcDateTime),
    must("created_by", String(200)),
    must("created_at", UtcDateTime),
    must("updated_at", UtcDateTime),
)
"""Secrets are sealed. `failing_since` is the first failure after the last success; `paused_until` is what the
target asked for with Retry-After."""

webhook_event = Table(
    "webhook_event",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("type", String(80)),
    must("body", Text),
    must("at", UtcDateTime, index=True),
)
"""What is sent, byte for byte, kept once however many are told of it."""

webhook_delivery = Table(
    "webhook_delivery",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("subscription_id", Uuid, ForeignKey("webhook_subscription.id", ondelete="CASCADE")),
    must("event_id", Uuid, ForeignKey("webhook_event.id", ondelete="CASCADE"), index=True),
    must("state", String(10)),
    must("attempts", Integer),
    must("lease", Integer),
    must("due_at", UtcDateTime),
    must("created_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Index("uq_webhook_delivery_subscription_id_event_id", "subscription_id", "event_id", unique=True),
    Index("ix_webhook_delivery_newest", "subscription_id", "id"),
    partly("ix_webhook_delivery_waiting", "subscription_id", "due_at", where="state = 'waiting'"),
)
"""`state` is waiting, delivered or failed. `attempts` counts since the event or its last replay; `lease`
counts all sendings and names the one that may settle the row."""

webhook_attempt = Table(
    "webhook_attempt",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    must("delivery_id", Uuid, ForeignKey("webhook_delivery.id", ondelete="CASCADE"), index=True),
    must("at", UtcDateTime),
    must("seconds", Float),
    Column("status", Integer),
    Column("answer", Text),
)
"""`status` is None where no answer came; `answer` is for a person: short and without secrets."""
