"""Money that had gone back and is ours again: a refund that the gateway could not deliver, a dispute won."""

from typing import Any
from uuid import UUID

from shared.work import Work
from sqlalchemy import ColumnElement, func, select

from payments.flows.books import book_entries, locked_invoices, locked_payment
from payments.flows.news import touch
from payments.models import entry


async def take_back(
    work: Work[Any], *, payment_id: UUID, kind: str, amount: int, operation_id: UUID, who: str
) -> int:
    """Turns round `amount` of what the payment gave back as `kind` (refund: by this operation; reversal: by
    all of them). It returns to the invoices that it came from, as far as these still need it; the rest is
    the debtor's credit. Returns how much of it became credit although it came from an invoice."""
    row = await locked_payment(work, payment_id)
    which = [entry.c.payment_id == payment_id, entry.c.kind == kind]
    if kind == "refund":
        which.append(entry.c.operation_id == operation_id)
    places = await _gone_from(work, *which)
    invoices = await locked_invoices(work, [id for id in places if id is not None])
    back, moved = dict[UUID | None, int](), dict[UUID | None, int]()
    for id in sorted(places, key=lambda id: (id is None, str(id))):
        part = min(amount, places[id])
        amount -= part
        back[id] = part
        if id is not None and part > invoices[id][1]:
            moved[id] = invoices[id][1] - part
    excess = -sum(moved.values())
    about: dict[str, Any] = {"payment_id": payment_id, "operation_id": operation_id}
    await book_entries(work, row._mapping, back, who, **about, kind=kind)
    await book_entries(
        work, row._mapping, {**moved, None: excess}, who, payment_id=payment_id, kind="applied"
    )
    await touch(work, [id for id, part in back.items() if id is not None and part])
    return excess


async def _gone_from(work: Work[Any], *which: ColumnElement[bool]) -> dict[UUID | None, int]:
    """By invoice (None: credit) what those entries took and did not bring again."""
    query = select(entry.c.invoice_id, func.sum(entry.c.amount)).where(*which).group_by(entry.c.invoice_id)
    return {row[0]: -int(row[1]) for row in await work.session.execute(query) if row[1] < 0}


async def retell(
    work: Work[Any], *, payment_id: UUID, from_id: UUID, to_id: UUID, amount: int, who: str
) -> None:
    """Books `amount` of what one refund took as another one's: nothing moves, the books name the other."""
    row = await locked_payment(work, payment_id)
    places = await _gone_from(work, entry.c.operation_id == from_id, entry.c.kind == "refund")
    for id in sorted(places, key=lambda id: (id is not None, str(id))):
        part = min(amount, places[id])
        amount -= part
        about: dict[str, Any] = {"payment_id": payment_id, "kind": "refund"}
        await book_entries(work, row._mapping, {id: part}, who, operation_id=from_id, **about)
        await book_entries(work, row._mapping, {id: -part}, who, operation_id=to_id, **about)
