"""What is owed and what is left, worked out by the database from the books at every question."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from shared.db import Row
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from payments.invoice import age
from payments.models import entry, invoice

Reading = AsyncSession | AsyncConnection


class Sums(NamedTuple):
    """Of one invoice. `settled` is all that counts towards it: `paid` + `credited` - `refunded`."""

    settled: int = 0
    refunded: int = 0
    credited: int = 0

    @property
    def paid(self) -> int:
        return self.settled + self.refunded - self.credited


NOTHING = Sums()
_REFUNDED = func.sum(case((entry.c.kind.in_(("refund", "reversal")), -entry.c.amount), else_=0))
_CREDITED = func.sum(case((entry.c.kind == "credit_note", entry.c.amount), else_=0))
_SUMS = (entry.c.invoice_id, func.sum(entry.c.amount), _REFUNDED, _CREDITED)


async def sums_of(reading: Reading, ids: Collection[UUID]) -> Mapping[UUID, Sums]:
    return await _grouped(reading, entry.c.invoice_id.in_(ids)) if ids else {}


async def sums_of_debtor(reading: Reading, debtor_id: UUID) -> Mapping[UUID, Sums]:
    return await _grouped(reading, entry.c.debtor_id == debtor_id, entry.c.invoice_id.is_not(None))


async def _grouped(reading: Reading, *where: ColumnElement[bool]) -> Mapping[UUID, Sums]:
    rows = await reading.execute(select(*_SUMS).where(*where).group_by(entry.c.invoice_id))
    return {row[0]: Sums(int(row[1]), int(row[2]), int(row[3])) for row in rows}


async def balance(reading: Reading, debtor_id: UUID) -> tuple[int, int]:
    """(what the debtor owes on issued invoices, their credit), in minor units."""
    billed = select(func.coalesce(func.sum(invoice.c.total), 0)).where(
        invoice.c.debtor_id == debtor_id, invoice.c.state == "issued", invoice.c.kind == "invoice"
    )
    booked = select(
        func.coalesce(func.sum(case((entry.c.invoice_id.is_not(None), entry.c.amount), else_=0)), 0),
        func.coalesce(func.sum(case((entry.c.invoice_id.is_(None), entry.c.amount), else_=0)), 0),
    ).where(entry.c.debtor_id == debtor_id)
    invoiced = int((await reading.execute(billed)).scalar_one())
    settled, credit = (await reading.execute(booked)).one()
    return invoiced - int(settled), int(credit)


async def credit_of(reading: Reading, debtor_id: UUID) -> list[tuple[UUID, int]]:
    """What is left of each payment without an invoice: (payment, amount), oldest first."""
    query = (
        select(entry.c.payment_id, func.sum(entry.c.amount))
        .where(entry.c.debtor_id == debtor_id, entry.c.invoice_id.is_(None), entry.c.payment_id.is_not(None))
        .group_by(entry.c.payment_id)
        .having(func.sum(entry.c.amount) > 0)
        .order_by(entry.c.payment_id)
    )
    return [(row[0], int(row[1])) for row in await reading.execute(query)]


async def left_of(reading: Reading, payment_id: UUID) -> dict[UUID | None, int]:
    """Where a payment's money is now: by invoice, and under None what is credit."""
    query = select(entry.c.invoice_id, func.sum(entry.c.amount)).where(entry.c.payment_id == payment_id)
    return {row[0]: int(row[1]) for row in await reading.execute(query.group_by(entry.c.invoice_id))}


async def open_invoices(reading: Reading, debtor_id: UUID | None = None) -> list[tuple[Row, int]]:
    """Issued invoices that are not settled, oldest due first, with what is still to be paid."""
    booked = select(entry.c.invoice_id, func.sum(entry.c.amount).label("settled"))
    booked = booked.where(entry.c.invoice_id.is_not(None))
    mine = [invoice.c.state == "issued", invoice.c.kind == "invoice"]
    if debtor_id is not None:
        booked = booked.where(entry.c.debtor_id == debtor_id)
        mine.append(invoice.c.debtor_id == debtor_id)
    sums = booked.group_by(entry.c.invoice_id).subquery()
    rest = invoice.c.total - func.coalesce(sums.c.settled, 0)
    query = (
        select(invoice, rest.label("rest"))
        .join_from(invoice, sums, sums.c.invoice_id == invoice.c.id, isouter=True)
        .where(*mine, rest > 0)
        .order_by(invoice.c.due_on, invoice.c.id)
    )
    return [(row, int(row.rest)) for row in await reading.execute(query)]


async def receivables(reading: Reading, today: date) -> dict[UUID, dict[str, int]]:
    """What each debtor owes, by the age of the debt."""
    found: dict[UUID, dict[str, int]] = {}
    for row, rest in await open_invoices(reading):
        ages = found.setdefault(row.debtor_id, {})
        column = age(row.due_on, today)
        ages[column] = ages.get(column, 0) + rest
    return found


async def movements(reading: Reading, debtor_id: UUID) -> list[dict[str, Any]]:
    """All that made a debtor's account what it is, oldest first: invoices and credit notes that were issued,
    payments, refunds. Moves between credit and invoice change no account and are left out."""
    issued = select(invoice.c.issued_on, invoice.c.number, invoice.c.total).where(
        invoice.c.debtor_id == debtor_id, invoice.c.state == "issued", invoice.c.kind == "invoice"
    )
    booked = select(entry.c.at, entry.c.kind, func.sum(entry.c.amount).label("amount"))
    booked = booked.where(entry.c.debtor_id == debtor_id, entry.c.kind != "applied")
    booked = booked.group_by(entry.c.at, entry.c.kind, entry.c.payment_id, entry.c.credit_note_id)
    lines: list[dict[str, Any]] = [
        {"on": row.issued_on, "what": "invoice", "reference": row.number, "amount": row.total}
        for row in await reading.execute(issued)
    ]
    lines += [
        {"on": row.at.date(), "what": row.kind, "reference": None, "amount": -int(row.amount)}
        for row in await reading.execute(booked)
    ]
    return sorted(lines, key=lambda line: (line["on"], line["what"] != "invoice"))
