"""Invoices as they stand."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import ColumnElement, Table, literal, select, tuple_
from sqlalchemy.sql.schema import Column

from payments.invoice import not_payable, standing
from payments.models import dispatch, invoice, invoice_line
from payments.queries.balances import NOTHING, Reading, Sums, sums_of
from payments.schemas.invoices import LineOut

_LINE = tuple(LineOut.model_fields)


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
    """Each invoice with its lines, its sums, its balance and whether it can be paid."""
    ids = [row.id for row in rows]
    sums = await sums_of(reading, ids)
    lines: dict[UUID, list[dict[str, Any]]] = {id: [] for id in ids}
    query = select(invoice_line.c.invoice_id, *(invoice_line.c[name] for name in _LINE))
    query = query.where(invoice_line.c.invoice_id.in_(ids)).order_by(invoice_line.c.position)
    for id, *line in await reading.execute(query):
        lines[id].append(dict(zip(_LINE, line, strict=True)))
    blocked = await blocked_by(reading, [row.dispatch_id for row in rows if row.dispatch_id])
    return [
        shown(row, sums.get(row.id, NOTHING), blocked.get(row.dispatch_id), lines[row.id]) for row in rows
    ]


def shown(row: Row, sums: Sums, do_not_collect: str | None, lines: list[dict[str, Any]]) -> dict[str, Any]:
    if row.kind == "credit_note":
        named, balance, why = "credited", 0, "This is a credit note."
    else:
        named = standing(row.state, total=row.total, settled=sums.settled, credited=sums.credited)
        balance = row.total - sums.settled if row.state == "issued" else 0
        why = not_payable(
            standing=named,
            bill_to_partner=row.bill_to_partner,
            do_not_collect=do_not_collect,
            balance=balance,
        )
    figures = {"paid": sums.paid, "refunded": sums.refunded, "credited": sums.credited, "balance": balance}
    payable = {"state": named, "payable": why is None, "not_payable_because": why}
    return {**row._mapping, **figures, **payable, "lines": lines}


async def blocked_by(reading: Reading, dispatch_ids: Sequence[UUID]) -> dict[UUID | None, str]:
    """The partner's words for those dispatches for which nothing may be collected."""
    if not dispatch_ids:
        return {}
    query = select(dispatch.c.id, dispatch.c.do_not_collect_because).where(
        dispatch.c.id.in_(dispatch_ids), dispatch.c.do_not_collect
    )
    return {row[0]: row[1] or "do not collect" for row in await reading.execute(query)}


async def find(reading: Reading, id: UUID) -> dict[str, Any]:
    """One invoice whole. Raises the 404 problem."""
    return (await whole(reading, [await one(reading, invoice, id)]))[0]
