"""Payments with what became of their money."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import Row
from sqlalchemy import func, select

from payments.models import entry, invoice, operation, payment
from payments.queries.balances import Reading
from payments.queries.invoices import one
from payments.queries.sandbox_money import TEST_GATEWAY

BACK = ("refund", "reversal")


async def whole_payments(reading: Reading, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each payment with the invoices it is on now, its credit, and what went back."""
    ids = [row.id for row in rows]
    booked = select(
        *(entry.c.payment_id, entry.c.invoice_id, invoice.c.number, entry.c.kind),
        func.sum(entry.c.amount).label("amount"),
    ).join_from(entry, invoice, invoice.c.id == entry.c.invoice_id, isouter=True)
    booked = booked.where(entry.c.payment_id.in_(ids))
    booked = booked.group_by(entry.c.payment_id, entry.c.invoice_id, invoice.c.number, entry.c.kind)
    places: dict[UUID, dict[UUID | None, list[Any]]] = defaultdict(dict)
    back: dict[UUID, int] = defaultdict(int)
    for row in await reading.execute(booked):
        place = places[row.payment_id].setdefault(row.invoice_id, [row.number, 0])
        place[1] += int(row.amount)
        back[row.payment_id] -= int(row.amount) if row.kind in BACK else 0
    query = select(operation.c.id, operation.c.attempt_id)
    query = query.where(operation.c.id.in_([row.operation_id for row in rows if row.operation_id]))
    attempts = {row[0]: row[1] for row in await reading.execute(query)}
    return [_shown(row, places[row.id], back[row.id], attempts.get(row.operation_id)) for row in rows]


def _shown(
    row: Row, places: dict[UUID | None, list[Any]], back: int, attempt_id: UUID | None
) -> dict[str, Any]:
    on = [
        {"invoice_id": id, "number": number, "amount": amount}
        for id, (number, amount) in places.items()
        if id is not None and amount
    ]
    credit = places.get(None, [None, 0])[1]
    figures = {"invoices": on, "credit": credit, "refunded": back, "left": row.amount - back}
    figures["test_money"] = row.gateway == TEST_GATEWAY
    return {**row._mapping, "attempt_id": attempt_id, **figures}


async def find_payment(reading: Reading, id: UUID) -> dict[str, Any]:
    """Raises the 404 problem."""
    return (await whole_payments(reading, [await one(reading, payment, id)]))[0]


async def refunds_of(reading: Reading, payment_id: UUID) -> list[dict[str, Any]]:
    """All that went back of a payment, oldest first; the entries of one refund together."""
    await one(reading, payment, payment_id)
    query = (
        select(entry, invoice.c.number)
        .join_from(entry, invoice, invoice.c.id == entry.c.invoice_id, isouter=True)
        .where(entry.c.payment_id == payment_id, entry.c.kind.in_(BACK))
        .order_by(entry.c.at, entry.c.id)
    )
    found: dict[tuple[UUID, Any], dict[str, Any]] = {}
    for row in await reading.execute(query):
        key = (row.refund_id or row.operation_id or row.id, row.at)
        made = {"id": key[0], "payment_id": payment_id, "kind": row.kind, "amount": 0, "invoices": []}
        made |= {"currency": row.currency, "reason": row.reason, "who": row.who, "at": row.at}
        refund = found.setdefault(key, made)
        refund["amount"] -= row.amount
        if row.invoice_id is not None:
            part = {"invoice_id": row.invoice_id, "number": row.number, "amount": -row.amount}
            refund["invoices"].append(part)
    return list(found.values())
