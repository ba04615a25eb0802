"""Saved cards of a customer. Whoever was merged into him had cards that are his now."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Row
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.records import card_record, customer_record


def theirs(customer_id: UUID) -> ColumnElement[bool]:
    merged = select(customer_record.c.id).where(customer_record.c.merged_into == customer_id)
    owned = or_(card_record.c.customer_id == customer_id, card_record.c.customer_id.in_(merged))
    return owned & ~card_record.c.removed


async def of_customer(read: AsyncConnection | AsyncSession, customer_id: UUID) -> Sequence[Row]:
    query = select(card_record).where(theirs(customer_id)).order_by(card_record.c.id)
    return (await read.execute(query)).all()
