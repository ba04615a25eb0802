"""Whose account a token belongs to: asked with every request of a customer, so statements are made once."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Row
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.models.accounts import account
from portal_api.models.records import customer_record, invoice_record, location_record
from portal_api.queries.invoices import CAN_BE_PAID, COLLECTABLE

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
_HOME = (
    _HOUSEHOLD.add_columns(
        location_record.c.address,
        location_record.c.zone,
        customer_record.c.name,
        invoice_record.c.currency,
        func.sum(COLLECTABLE).label("amount"),
        func.count(invoice_record.c.id).label("invoices"),
    )
    .outerjoin(customer_record, customer_record.c.id == location_record.c.customer_id)
    .outerjoin(invoice_record, (invoice_record.c.location_id == account.c.location_id) & CAN_BE_PAID)
    .group_by(account.c.id, location_record.c.id, customer_record.c.id, invoice_record.c.currency)
    .order_by(invoice_record.c.currency)
)


async def household_of(read: AsyncConnection, subject: str) -> Row | None:
    """Of a token's subject: `id`, `role`, `location_id` and `customer_id` of a customer's account that may
    come in."""
    return next(iter(await _found(read, _HOUSEHOLD, subject)), None)


async def home_of(read: AsyncConnection, subject: str) -> Sequence[Row]:
    """The same with `address`, `zone` and `name`, None where they were not heard of yet; a row for each
    `currency`, if any, in which `invoices` of together `amount` minor units can be paid now."""
    return await _found(read, _HOME, subject)


async def _found(read: AsyncConnection, statement: Select[*tuple[Row, ...]], subject: str) -> Sequence[Row]:
    try:
        id = UUID(subject)
    except ValueError:
        return ()
    return (await read.execute(statement, {"id": id})).all()
