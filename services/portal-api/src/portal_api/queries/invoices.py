"""A household's invoices. Every statement is bound to the location; what a partner pays is not shown: its
price is between the partner and the company."""

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.records import dispatch_record, invoice_record, payment_part, payment_record

Reading = AsyncSession | AsyncConnection
_invoice = invoice_record.c


# While a person must say whose a dispatch is, its invoice is shown to nobody either.
_IS_DECIDED = ~(
    exists()
    .where(
        dispatch_record.c.id == _invoice.dispatch_id,
        dispatch_record.c.match_version > 0,
        dispatch_record.c.location_id.is_(None),
    )
    .correlate(invoice_record)
)
COLLECTABLE = func.coalesce(_invoice.collectable, _invoice.balance)
"""What of the balance may be charged: without a service fee that the partner forbids."""
CAN_BE_PAID = ~_invoice.bill_to_partner & _invoice.payable & (COLLECTABLE > 0) & _IS_DECIDED


def _of(location_id: UUID) -> ColumnElement[bool]:
    return (_invoice.location_id == location_id) & ~_invoice.bill_to_partner & _IS_DECIDED


async def page(
    read: Reading,
    location_id: UUID,
    *,
    state: Literal["open", "paid"] | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """Newest first. Open is what has a balance; paid is what has none and was not taken back."""
    query = select(invoice_record).where(_of(location_id))
    if state == "open":
        query = query.where(_invoice.balance > 0, _invoice.state.in_(("issued", "partly_paid")))
    if state == "paid":
        query = query.where(_invoice.state == "paid")
    if cursor:
        query = query.where(
            tuple_(_invoice.issued_on, _invoice.id) < tuple_(*decode_cursor(cursor, date, UUID))
        )
    query = query.order_by(_invoice.issued_on.desc(), _invoice.id.desc()).limit(limit + 1)
    rows = list((await read.execute(query)).all())
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor(last.issued_on, last.id) if last else None


async def one(read: Reading, location_id: UUID, id: UUID) -> Row:
    """Raises the 404 problem, also for those of others."""
    query = select(invoice_record).where(_of(location_id), _invoice.id == id)
    found = (await read.execute(query)).one_or_none()
    if found is None:
        raise not_found("invoice")
    return found


async def several(read: Reading, location_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Those of the ids that are the household's."""
    query = select(invoice_record).where(_of(location_id), _invoice.id.in_(ids))
    return {row.id: row for row in await read.execute(query)}


async def payments(read: Reading, location_id: UUID, id: UUID) -> Sequence[Row]:
    """Of one invoice, refunds too, oldest first: `part` is how much of each was for this invoice."""
    query = (
        select(payment_record, payment_part.c.amount.label("part"))
        .join_from(payment_record, payment_part, payment_part.c.payment_record_id == payment_record.c.id)
        .join(invoice_record, _invoice.id == payment_part.c.invoice_id)
        .where(_of(location_id), _invoice.id == id)
    )
    return (await read.execute(query.order_by(payment_record.c.at, payment_record.c.id))).all()
