"""What is known of a household and of what belongs to it. Every statement is bound to the location."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Row
from shared.problems import not_found
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.accounts import account
from portal_api.models.records import agreement_record, customer_record, equipment_record, location_record
from portal_api.models.requests import record_change

Reading = AsyncSession | AsyncConnection
MOST = 200


_RECORD = (
    select(
        location_record.c.customer_id,
        location_record.c.version.label("location_version"),
        location_record.c.address,
        location_record.c.zone,
        customer_record.c.version.label("customer_version"),
        customer_record.c.number,
        customer_record.c.name,
        customer_record.c.email,
        customer_record.c.phones,
    )
    .join_from(location_record, customer_record, customer_record.c.id == location_record.c.customer_id)
    .where(location_record.c.id == bindparam("location_id"))
)


async def record(read: Reading, location_id: UUID) -> Row | None:
    """The location with its customer; None before both were heard of."""
    return (await read.execute(_RECORD, {"location_id": location_id})).one_or_none()


async def known_record(read: Reading, location_id: UUID) -> Row:
    found = await record(read, location_id)
    if found is None:
        raise not_found("record yet")
    return found


async def record_changes(read: Reading, location_id: UUID) -> Sequence[Row]:
    """What was asked, newest first."""
    query = select(record_change).where(record_change.c.location_id == location_id)
    return (await read.execute(query.order_by(record_change.c.asked_at.desc()).limit(MOST))).all()


async def equipment(read: Reading, location_id: UUID) -> Sequence[Row]:
    mine = (equipment_record.c.location_id == location_id) & ~equipment_record.c.removed
    query = select(equipment_record).where(mine).order_by(equipment_record.c.id).limit(MOST)
    return (await read.execute(query)).all()


async def agreements(read: Reading, location_id: UUID) -> Sequence[Row]:
    """Those that end last come first."""
    query = select(agreement_record).where(agreement_record.c.location_id == location_id)
    query = query.order_by(agreement_record.c.ends_on.desc().nulls_first(), agreement_record.c.id)
    return (await read.execute(query.limit(MOST))).all()


async def administrators(read: Reading, location_id: UUID) -> list[str]:
    """The names of those who may see invoices and edit the record."""
    mine = (account.c.location_id == location_id) & (account.c.role == "customer.admin")
    query = select(account.c.name).where(mine, account.c.state == "active")
    return list((await read.execute(query.order_by(account.c.id).limit(5))).scalars())
