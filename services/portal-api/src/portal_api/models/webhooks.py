"""Who is told of events over HTTP, what each is told, and how it went."""

from typing import Any

from shared.db import Json, UtcDateTime
from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, Uuid, text

from portal_api.models.base import Base

_WAITING = text("state = 'waiting'")


def _must(name: str, kind: Any, *more: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **options)


webhook_subscription = Table(
    "webhook_subscription",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("version", Integer, default=1),
    _must("url", Text),
    _must("events", Json),
    Column("description", Text),
    _must("enabled", Boolean),
    Column("disabled_because", Text),
    _must("secret", Text),
    Column("previous_secret", Text),
    Column("previous_ends_at", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("paused_until", UtcDateTime),
    _must("created_by", String(200)),
    _must("created_at", UtcDateTime),
    _must("updated_at", UtcDateTime),
)
"""Secrets are sealed. `failing_since` is the first failure after the last success; `paused_until` is what the
target asked for with Retry-After."""

webhook_event = Table(
    "webhook_event",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("type", String(80)),
    _must("body", Text),
    _must("at", UtcDateTime, index=True),
)
"""What is sent, byte for byte, kept once however many are told of it."""

webhook_delivery = Table(
    "webhook_delivery",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("subscription_id", Uuid, ForeignKey("webhook_subscription.id", ondelete="CASCADE")),
    _must("event_id", Uuid, ForeignKey("webhook_event.id", ondelete="CASCADE"), index=True),
    _must("state", String(10)),
    _must("attempts", Integer),
    _must("lease", Integer),
    _must("due_at", UtcDateTime),
    _must("created_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Index("uq_webhook_delivery_subscription_id_event_id", "subscription_id", "event_id", unique=True),
    Index("ix_webhook_delivery_newest", "subscription_id", "id"),
    Index(
        "ix_webhook_delivery_waiting",
        "subscription_id",
        "due_at",
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    ),
)
"""`state` is waiting, delivered or failed. `attempts` counts since the event or its last replay; `lease`
counts all sendings and names the one that may settle the row."""

webhook_attempt = Table(
    "webhook_attempt",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    _must("delivery_id", Uuid, ForeignKey("webhook_delivery.id", ondelete="CASCADE"), index=True),
    _must("at", UtcDateTime),
    _must("seconds", Float),
    Column("status", Integer),
    Column("answer", Text),
)
"""`status` is None where no answer came; `answer` is for a person: short and without secrets."""
