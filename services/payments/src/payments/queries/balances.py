"""What is owed and what is left, worked out by the database from the books at every question."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from payments.invoice import AGES
from payments.models import customer, entry, invoice

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
    if not ids:
        return {}
    query = select(*_SUMS).where(entry.c.invoice_id.in_(ids)).group_by(entry.c.invoice_id)
    return {row[0]: Sums(int(row[1]), int(row[2]), int(row[3])) for row in await reading.execute(query)}


async def balances(reading: Reading, debtors: Collection[UUID]) -> dict[str, tuple[int, int]]:
    """By currency: (what the debtors owe on issued invoices, their credit), in minor units."""
    for_invoices = case((entry.c.invoice_id.is_not(None), entry.c.amount), else_=0)
    billed = select(invoice.c.currency, func.sum(invoice.c.total), literal(0)).where(*owed_by(debtors))
    booked = select(entry.c.currency, -func.sum(for_invoices), func.sum(entry.c.amount - for_invoices))
    booked = booked.where(entry.c.debtor_id.in_(debtors)).group_by(entry.c.currency)
    found: dict[str, tuple[int, int]] = {}
    for row in await reading.execute(union_all(billed.group_by(invoice.c.currency), booked)):
        owed, credit = found.get(row[0], (0, 0))
        found[row[0]] = (owed + int(row[1]), credit + int(row[2]))
    return found


def owed_by(debtors: Collection[UUID]) -> tuple[ColumnElement[bool], ...]:
    """Which invoices count; whether they are paid already follows from the books."""
    return (
        invoice.c.debtor_id.in_(debtors),
        invoice.c.kind == "invoice",
        invoice.c.state == "issued",
    )


async def credit_of(reading: Reading, debtors: Collection[UUID], currency: str) -> list[tuple[UUID, int]]:
    """What is left of each payment without an invoice: (payment, amount), oldest first."""
    query = (
        select(entry.c.payment_id, func.sum(entry.c.amount))
        .where(
            entry.c.debtor_id.in_(debtors),
            entry.c.currency == currency,
            entry.c.invoice_id.is_(None),
            entry.c.payment_id.is_not(None),
        )
        .group_by(entry.c.payment_id)
        .having(func.sum(entry.c.amount) > 0)
        .order_by(entry.c.payment_id)
    )
    return [(row[0], int(row[1])) for row in await reading.execute(query)]


async def left_of(reading: Reading, payment_id: UUID) -> dict[UUID | None, int]:
    """Where a payment's money is now: by invoice, and under None what is credit."""
    query = select(entry.c.invoice_id, func.sum(entry.c.amount)).where(entry.c.payment_id == payment_id)
    return {row[0]: int(row[1]) for row in await reading.execute(query.group_by(entry.c.invoice_id))}


async def open_ids(
    reading: Reading, debtors: Collection[UUID], *, cursor: str | None, limit: int
) -> tuple[list[UUID], str | None]:
    """A page of the issued invoices that are not settled, oldest due first."""
    settled = _settled().where(entry.c.debtor_id.in_(debtors)).subquery()
    query = (
        select(invoice.c.id, invoice.c.due_on)
        .join_from(invoice, settled, settled.c.invoice_id == invoice.c.id, isouter=True)
        .where(*owed_by(debtors), invoice.c.total > func.coalesce(settled.c.amount, 0))
        .order_by(invoice.c.due_on, invoice.c.id)
        .limit(limit + 1)
    )
    if cursor:
        after = decode_cursor(cursor, date, UUID)
        query = query.where(tuple_(invoice.c.due_on, invoice.c.id) > tuple_(*map(literal, after)))
    rows = (await reading.execute(query)).all()
    more = encode_cursor(rows[limit - 1].due_on, rows[limit - 1].id) if len(rows) > limit else None
    return [row.id for row in rows[:limit]], more


def _settled() -> Select[Any, Any]:
    booked = select(entry.c.invoice_id, func.sum(entry.c.amount).label("amount"))
    return booked.where(entry.c.invoice_id.is_not(None)).group_by(entry.c.invoice_id)


async def receivables(
    reading: Reading, today: date, *, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of what each debtor owes in each currency, by the age of the debt; the most comes first."""
    settled = _settled().subquery()
    rest = invoice.c.total - func.coalesce(settled.c.amount, 0)
    columns = [
        func.sum(case((and_(*_within(first, last, today)), rest), else_=0)).label(name)
        for name, first, last in AGES
    ]
    owing = (
        select(invoice.c.debtor_id, invoice.c.currency, func.sum(rest).label("total"), *columns)
        .join_from(invoice, settled, settled.c.invoice_id == invoice.c.id, isouter=True)
        .where(invoice.c.state == "issued", invoice.c.kind == "invoice", rest > 0)
        .group_by(invoice.c.debtor_id, invoice.c.currency)
        .subquery()
    )
    owing = _of_survivors(owing)
    place = (owing.c.total, owing.c.debtor_id, owing.c.currency)
    query = (
        select(owing, customer.c.name)
        .join_from(owing, customer, customer.c.id == owing.c.debtor_id, isouter=True)
        .order_by(*(column.desc() for column in place))
        .limit(limit + 1)
    )
    if cursor:
        before = decode_cursor(cursor, int, UUID, str)
        query = query.where(tuple_(*place) < tuple_(*map(literal, before)))
    rows = (await reading.execute(query)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(int(last.total), last.debtor_id, last.currency) if last is not None else None
    return [_receivable(row) for row in rows[:limit]], more


def _of_survivors(owing: Subquery) -> Subquery:
    """Who was merged owes nothing any more: the one who stays does."""
    survivor = func.coalesce(customer.c.merged_into, owing.c.debtor_id)
    sums = [func.sum(owing.c[name]).label(name) for name in ("total", *(name for name, *_ in AGES))]
    joined = select(survivor.label("debtor_id"), owing.c.currency, *sums).join_from(
        owing, customer, customer.c.id == owing.c.debtor_id, isouter=True
    )
    return joined.group_by(survivor, owing.c.currency).subquery()


def _within(first: int | None, last: int | None, today: date) -> list[ColumnElement[bool]]:
    """Due so many days before today, both included."""
    bounds = [invoice.c.due_on <= today - timedelta(first)] if first is not None else []
    return bounds + ([invoice.c.due_on >= today - timedelta(last)] if last is not None else [])


def _receivable(row: Row) -> dict[str, Any]:
    found = {name: int(getattr(row, name)) for name, _, _ in AGES}
    counted = {name: amount for name, amount in found.items() if amount}
    about = {"customer_id": row.debtor_id, "name": row.name, "currency": row.currency}
    return {**about, "total": int(row.total), "ages": counted}
