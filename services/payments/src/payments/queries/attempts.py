"""Attempts with all that a person needs to decide."""

import asyncio
import time
from typing import Any
from uuid import UUID

from shared.db import Database, Row
from sqlalchemy import func, or_, select

from payments import totals
from payments.models import attempt, attempt_invoice, dispute, entry, invoice, operation, payment_event
from payments.queries.balances import Reading
from payments.queries.invoices import one


async def detail(reading: Reading, id: UUID) -> dict[str, Any]:
    """Raises the 404 problem."""
    row = await one(reading, attempt, id, called="payment attempt")
    query = select(operation).where(operation.c.attempt_id == id).order_by(operation.c.id)
    operations = (await reading.execute(query)).all()
    parts = await reading.execute(select(attempt_invoice).where(attempt_invoice.c.attempt_id == id))
    disputes = select(dispute).where(dispute.c.attempt_id == id)
    query = select(payment_event).where(payment_event.c.attempt_id == id).order_by(payment_event.c.seq)
    sums = totals.money((each.kind, each.state, each.amount) for each in operations)
    return {
        **row._mapping,
        **sums._asdict(),
        "invoices": {part.invoice_id: part.amount for part in parts},
        "operations": operations,
        "disputes": (await reading.execute(disputes.order_by(dispute.c.id))).all(),
        "events": (await reading.execute(query)).all(),
    }


async def unneeded_pages(reading: Reading, *attempt_ids: UUID) -> list[UUID]:
    """Attempts with an open page (of `attempt_ids`, or all) for more than one of their invoices still needs:
    it was paid in another way, credited or voided meanwhile."""
    settled = select(entry.c.invoice_id, func.sum(entry.c.amount).label("amount")).group_by(
        entry.c.invoice_id
    )
    open_pages = (
        select(attempt_invoice.c.invoice_id)
        .join_from(attempt_invoice, attempt, attempt.c.id == attempt_invoice.c.attempt_id)
        .where(attempt_invoice.c.open, attempt.c.state == "requires_action")
    )
    sums = settled.where(entry.c.invoice_id.in_(open_pages)).subquery()
    rest = invoice.c.total - func.coalesce(sums.c.amount, 0)
    query = (
        select(attempt.c.id)
        .join_from(attempt, attempt_invoice, attempt_invoice.c.attempt_id == attempt.c.id)
        .join(invoice, invoice.c.id == attempt_invoice.c.invoice_id)
        .join(sums, sums.c.invoice_id == invoice.c.id, isouter=True)
        .where(attempt_invoice.c.open, attempt.c.state == "requires_action")
        .where(or_(invoice.c.state != "issued", rest < attempt_invoice.c.amount))
        .distinct()
    )
    if attempt_ids:
        query = query.where(attempt.c.id.in_(attempt_ids))
    return list((await reading.execute(query)).scalars())


async def answered(database: Database, id: UUID, seconds: float) -> Row:
    """The attempt once its first call has been answered, or after `seconds`: a second click waits for the
    first one's result."""
    end = time.monotonic() + seconds
    while True:
        async with database.read() as read:
            row = await one(read, attempt, id, called="payment attempt")
        if row.state != "submitting" or time.monotonic() > end:
            return row
        await asyncio.sleep(0.05)
