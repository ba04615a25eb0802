"""Whose account a token belongs to: asked with every request of a customer, so statements are made once."""

from uuid import UUID

from shared.db import Row
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.models.accounts import account
from portal_api.models.records import customer_record, location_record

# The customer is whose the location is now, since customers are merged and houses are sold.
_customer_id = func.coalesce(location_record.c.customer_id, account.c.customer_id)
_HOUSEHOLD = (
    select(account.c.id, account.c.role, account.c.location_id, _customer_id.label("customer_id"))
    .outerjoin_from(account, location_record, location_record.c.id == account.c.location_id)
    .where(
        account.c.id == bindparam("id"),
        account.c.kind == "customer",
        account.c.state != "closed",
        ~account.c.must_change,
    )
)
_HOME = _HOUSEHOLD.add_columns(
    location_record.c.address, location_record.c.zone, customer_record.c.name
).outerjoin(customer_record, customer_record.c.id == location_record.c.customer_id)


async def household_of(read: AsyncConnection, subject: str) -> Row | None:
    """Of a token's subject: `id`, `role`, `location_id` and `customer_id` of a customer's account that may
    come in."""
    return await _found(read, _HOUSEHOLD, subject)


async def home_of(read: AsyncConnection, subject: str) -> Row | None:
    """The same with `address`, `zone` and `name`, None where they were not heard of yet."""
    return await _found(read, _HOME, subject)


async def _found(read: AsyncConnection, statement: Select[*tuple[Row, ...]], subject: str) -> Row | None:
    try:
        id = UUID(subject)
    except ValueError:
        return None
    return (await read.execute(statement, {"id": id})).one_or_none()
