"""Reads around webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import ColumnElement, Select, Table, exists, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.models.webhooks import webhook_attempt, webhook_delivery, webhook_event, webhook_subscription


def is_due(now: datetime) -> ColumnElement[bool]:
    """As the partial index has it."""
    return (webhook_delivery.c.state == literal_column("'waiting'")) & (webhook_delivery.c.due_at <= now)


async def due_subscriptions(read: AsyncConnection, now: datetime) -> Sequence[UUID]:
    target, paused = webhook_subscription.c, webhook_subscription.c.paused_until
    waiting = exists().where(webhook_delivery.c.subscription_id == target.id, is_due(now))
    query = select(target.id).where(target.enabled, or_(paused.is_(None), paused <= now), waiting)
    return (await read.execute(query)).scalars().all()


async def subscription(read: AsyncConnection, id: UUID) -> Any:
    query = select(webhook_subscription).where(webhook_subscription.c.id == id)
    found = (await read.execute(query)).mappings().one_or_none()
    if found is None:
        raise not_found("webhook subscription")
    return found


_delivery = select(webhook_delivery, webhook_event.c.type).join_from(webhook_delivery, webhook_event)


def deliveries(subscription_id: UUID | None, state: str | None) -> Select[Any]:
    found = _delivery
    if subscription_id is not None:
        found = found.where(webhook_delivery.c.subscription_id == subscription_id)
    return found.where(webhook_delivery.c.state == state) if state is not None else found


async def delivery(read: AsyncConnection, id: UUID) -> dict[str, Any]:
    """With the payload and every try."""
    query = _delivery.add_columns(webhook_event.c.body).where(webhook_delivery.c.id == id)
    found = (await read.execute(query)).mappings().one_or_none()
    if found is None:
        raise not_found("webhook delivery")
    tries = select(webhook_attempt).where(webhook_attempt.c.delivery_id == id).order_by(webhook_attempt.c.id)
    return {**found, "tries": (await read.execute(tries)).mappings().all()}


async def newest(
    read: AsyncConnection, query: Select[Any], table: Table, *, cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """Newest first by the table's time-ordered id."""
    if cursor:
        query = query.where(table.c.id < decode_cursor(cursor, UUID)[0])
    rows = list((await read.execute(query.order_by(table.c.id.desc()).limit(limit + 1))).mappings())
    return rows[:limit], encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
