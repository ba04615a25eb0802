"""Customers who were merged: the one who stays owes what both did. Nothing that is booked is rewritten, so
that an undone merge leaves each with their own. `merged_into` is whoever stays in the end."""

from collections.abc import Collection, Mapping
from uuid import UUID

from shared.problems import not_found
from sqlalchemy import func, or_, select

from payments.models import customer
from payments.queries.balances import Reading


async def merged(reading: Reading, id: UUID) -> list[UUID]:
    """The customer and all who were merged into it; empty where nobody has heard of it."""
    query = select(customer.c.id).where(or_(customer.c.id == id, customer.c.merged_into == id))
    return list((await reading.execute(query)).scalars())


async def debtors(reading: Reading, id: UUID) -> list[UUID]:
    """The same. Raises the 404 problem."""
    found = await merged(reading, id)
    if id not in found:
        raise not_found("customer")
    return found


async def same_debtor(reading: Reading, id: UUID) -> list[UUID]:
    """All who are one customer with this one."""
    return await merged(reading, (await survivors(reading, [id]))[id])


async def survivors(reading: Reading, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Who each of these customers is now."""
    now = func.coalesce(customer.c.merged_into, customer.c.id)
    rows = await reading.execute(select(customer.c.id, now).where(customer.c.id.in_(ids)))
    found = {row[0]: row[1] for row in rows}
    return {id: found.get(id, id) for id in ids}
