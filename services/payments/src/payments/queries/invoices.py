"""Invoices as they stand."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import ColumnElement, Table, func, literal, select, tuple_
from sqlalchemy.sql.schema import Column

from payments.invoice import FEE, fee_part, not_payable, price, standing
from payments.models import dispatch, entry, invoice, invoice_line, payment
from payments.queries.balances import NOTHING, Reading, Sums, sums_of
from payments.queries.sandbox_money import TEST_GATEWAY
from payments.schemas.invoices import InvoiceOut, LineOut

_LINE = tuple(set(LineOut.model_fields) - {"collectable"})
_ROW = tuple(set(InvoiceOut.model_fields) & set(invoice.c.keys()))
_AT_ONCE = 1000


async def one(reading: Reading, table: Table, id: UUID, *, called: str = "") -> Row:
    """The row with that id. Raises the 404 problem."""
    found = (await reading.execute(select(table).where(table.c.id == id))).one_or_none()
    if found is None:
        raise not_found(called or table.name)
    return found


async def page(
    reading: Reading,
    table: Table,
    *where: ColumnElement[bool],
    order: Sequence[Column[Any]],
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """The rows after the cursor, newest first by those columns, the last of which is unique."""
    query = select(table).where(*where).order_by(*(column.desc() for column in order)).limit(limit + 1)
    if cursor:
        keys = decode_cursor(cursor, *(column.type.python_type for column in order))
        last = (literal(key, column.type) for column, key in zip(order, keys, strict=True))
        query = query.where(tuple_(*order) < tuple_(*last))
    rows = list((await reading.execute(query)).all())
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(*(getattr(rows[limit - 1], column.name) for column in order))


async def whole(reading: Reading, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each invoice with its lines, its sums, its balance and what of it can be paid. Asked for in parts: a
    database takes a limited number of ids at once."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(rows), _AT_ONCE):
        found += await _whole(reading, rows[start : start + _AT_ONCE])
    return found


async def _whole(reading: Reading, rows: Sequence[Row]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    sums = await sums_of(reading, ids)
    lines: dict[UUID, list[dict[str, Any]]] = {id: [] for id in ids}
    query = select(invoice_line).where(invoice_line.c.invoice_id.in_(ids))
    for line in await reading.execute(query.order_by(invoice_line.c.position)):
        lines[line.invoice_id].append(_line(line))
    blocked = await blocked_by(reading, [row.dispatch_id for row in rows if row.dispatch_id])
    tests = await _test_money(reading, ids)
    fees = await _fees_credited(reading, [row.id for row in rows if row.dispatch_id in blocked])
    return [
        {
            **shown(
                *(row, sums.get(row.id, NOTHING), blocked.get(row.dispatch_id), lines[row.id]),
                fees.get(row.id, 0),
            ),
            "test_money": tests.get(row.id, 0),
        }
        for row in rows
    ]


def _line(line: Row) -> dict[str, Any]:
    exact = price(line.unit_price, line.unit_tenths)
    return {
        **{name: getattr(line, name) for name in _LINE},
        "unit_price": float(exact) if line.unit_tenths else line.unit_price,
        "collectable": True,
    }


def shown(
    row: Row, sums: Sums, do_not_collect: str | None, lines: list[dict[str, Any]], fee_credited: int
) -> dict[str, Any]:
    """ "Do not collect" is about the customer's trade service fee; a fee on the partner's own bill stays."""
    balance, withheld = 0, 0
    if row.kind == "credit_note":
        named, why = "credited", "This is a credit note."
    else:
        named = standing(row.state, total=row.total, settled=sums.settled, credited=sums.credited)
        balance = row.total - sums.settled if row.state == "issued" else 0
        if do_not_collect is not None and not row.bill_to_partner:
            parts = [(line["kind"], line["taxable"], line["amount"]) for line in lines]
            fee = fee_part(parts, discount=row.discount, tax=row.tax, total=row.total)
            open_part = row.total if row.state == "draft" else balance
            withheld = min(max(fee - fee_credited, 0), max(open_part, 0))
        why = not_payable(
            standing=named,
            bill_to_partner=row.bill_to_partner,
            balance=balance,
            withheld=withheld,
            forbidden_by=do_not_collect,
        )
    if withheld:
        lines = [{**line, "collectable": line["kind"] != FEE} for line in lines]
    figures = {"paid": sums.paid, "refunded": sums.refunded, "credited": sums.credited, "balance": balance}
    held = {"withheld": withheld, "withheld_because": do_not_collect if withheld else None}
    payable = {"state": named, "payable": why is None, "not_payable_because": why}
    collectable = balance - withheld if why is None else 0
    known = {name: getattr(row, name) for name in _ROW}
    return {**known, **figures, **held, **payable, "collectable": collectable, "lines": lines}


async def blocked_by(reading: Reading, dispatch_ids: Sequence[UUID]) -> dict[UUID | None, str]:
    """The partner's words for those dispatches whose trade service fee must not be collected."""
    if not dispatch_ids:
        return {}
    query = select(dispatch.c.id, dispatch.c.do_not_collect_because).where(
        dispatch.c.id.in_(dispatch_ids), dispatch.c.do_not_collect
    )
    return {row[0]: row[1] or "do not collect" for row in await reading.execute(query)}


async def _test_money(reading: Reading, ids: Sequence[UUID]) -> dict[UUID | None, int]:
    """What of those invoices was paid by test money and not given back."""
    query = (
        select(entry.c.invoice_id, func.sum(entry.c.amount))
        .join_from(entry, payment, payment.c.id == entry.c.payment_id)
        .where(entry.c.invoice_id.in_(ids), payment.c.gateway == TEST_GATEWAY)
        .group_by(entry.c.invoice_id)
    )
    return {row[0]: int(row[1]) for row in await reading.execute(query)}


async def _fees_credited(reading: Reading, ids: Sequence[UUID]) -> dict[UUID, int]:
    """What credit notes took off the trade service fee of those invoices."""
    if not ids:
        return {}
    query = (
        select(invoice.c.credits_id, func.sum(invoice.c.total))
        .join_from(invoice, invoice_line, invoice_line.c.invoice_id == invoice.c.id)
        .where(invoice.c.credits_id.in_(ids), invoice_line.c.kind == FEE)
        .group_by(invoice.c.credits_id)
    )
    return {row[0]: int(row[1]) for row in await reading.execute(query)}


async def find(reading: Reading, id: UUID) -> dict[str, Any]:
    """One invoice whole. Raises the 404 problem."""
    return (await whole(reading, [await one(reading, invoice, id)]))[0]
