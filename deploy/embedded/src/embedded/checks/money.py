"""What was charged through gateways, what came in, and where it went."""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from payments.ledger import OVER
from payments.models import attempt, entry, operation, payment
from payments.totals import Money, money
from shared.db import Row
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from embedded.checks.base import Check, check, rows_of

TAKES = ("sale", "capture")
BACK = ("refund", "reversal")
WENT_BACK = ("refund", "void", "dispute", "reinstate")


class MoneyBooks(NamedTuple):
    """Connections that read the databases of payments and of portal-api, which shows what payments says."""

    payments: AsyncConnection
    portal: AsyncConnection
    now: datetime
    young: datetime


async def attempts_agree(books: MoneyBooks) -> Check:
    """A succeeded attempt took money. One that is over took none, or gave it all back."""
    taken = await _taken(books)
    found: list[tuple[str, datetime | None]] = []
    columns = (attempt.c.id, attempt.c.state)
    ended = select(*columns).where(attempt.c.state.in_(("succeeded", *sorted(OVER))))
    for row in await rows_of(books.payments, ended):
        left = taken.get(row.id) or money(())
        if row.state == "succeeded" and not left.captured:
            found.append((f"attempt {row.id} succeeded, but no operation took money", None))
        elif row.state in OVER and left.captured > left.refunded:
            found.append((f"attempt {row.id} is {row.state}, but {left.captured} were taken", None))
    return check(books, "every payment attempt agrees with its operations", found)


async def refunds_fit(books: MoneyBooks) -> Check:
    found = [
        (f"attempt {id}: {left.refunded + left.reserved} given back of {left.captured}", None)
        for id, left in (await _taken(books)).items()
        if left.captured and left.refundable < 0
    ]
    return check(books, "no more is refunded than was captured", found)


async def _taken(books: MoneyBooks) -> dict[UUID, Money]:
    columns = (operation.c.attempt_id, operation.c.kind, operation.c.state, operation.c.amount)
    steps: dict[UUID, list[tuple[str, str, int]]] = defaultdict(list)
    for row in await rows_of(books.payments, select(*columns)):
        steps[row.attempt_id].append((row.kind, row.state, row.amount))
    return {id: money(rows) for id, rows in steps.items()}


async def charges_are_paid_in(books: MoneyBooks) -> Check:
    """Charges that were taken back before they counted have none."""
    charges = select(operation.c.id, operation.c.kind, operation.c.state, operation.c.amount)
    charges = charges.add_columns(attempt.c.state.label("ended"))
    charges = charges.join_from(operation, attempt, attempt.c.id == operation.c.attempt_id)
    known = {row.id: row for row in await rows_of(books.payments, charges)}
    paid = await rows_of(books.payments, select(payment).where(payment.c.gateway.is_not(None)))
    found: list[tuple[str, datetime | None]] = []
    for row in paid:
        charge = known.pop(row.operation_id, None)
        if charge is None:
            found.append((f"payment {row.id} has no charge", None))
        elif charge.kind not in TAKES or charge.state != "succeeded" or charge.amount != row.amount:
            what = f"{charge.kind} of {charge.amount}, {charge.state}"
            found.append((f"payment {row.id} of {row.amount} comes of a {what}", None))
    found += [
        (f"{row.kind} {row.id} of {row.amount} succeeded, but is no payment", None)
        for row in known.values()
        if row.kind in TAKES and row.state == "succeeded" and row.ended == "succeeded"
    ]
    return check(books, "every charge is one payment", found)


async def payments_are_allocated(books: MoneyBooks) -> Check:
    """What came in is on invoices, is credit, or went back; nowhere more than there was."""
    booked = select(
        entry.c.payment_id, entry.c.invoice_id, entry.c.kind, func.sum(entry.c.amount).label("amount")
    )
    booked = booked.where(entry.c.payment_id.is_not(None))
    booked = booked.group_by(entry.c.payment_id, entry.c.invoice_id, entry.c.kind)
    parts: dict[UUID, list[Row]] = defaultdict(list)
    for row in await rows_of(books.payments, booked):
        parts[row.payment_id].append(row)
    found: list[tuple[str, datetime | None]] = []
    for row in await rows_of(books.payments, select(payment.c.id, payment.c.amount)):
        mine = parts.pop(row.id, [])
        first = sum(int(part.amount) for part in mine if part.kind == "payment")
        moved = sum(int(part.amount) for part in mine if part.kind == "applied")
        if first != row.amount or moved:
            found.append((f"payment {row.id} of {row.amount}: {first} booked, {moved} moved", None))
        places: dict[Any, int] = defaultdict(int)
        for part in mine:
            places[part.invoice_id] += int(part.amount)
        for place, left in places.items():
            if left < 0:
                where = f"invoice {place}" if place else "the credit"
                found.append((f"payment {row.id}: {-left} too much taken from {where}", None))
    return check(books, "every payment is allocated, and no more than that", found)


async def refunds_are_booked(books: MoneyBooks) -> Check:
    """A void of a hold moved no money and is not in the books. What is reinstated came
    back."""
    backs = entry.c.kind.in_(BACK)
    query = select(entry.c.operation_id, func.sum(entry.c.amount).label("amount")).where(
        backs, entry.c.operation_id.is_not(None)
    )
    booked = {
        row.operation_id: -int(row.amount)
        for row in await rows_of(books.payments, query.group_by(entry.c.operation_id))
    }
    steps = select(operation.c.id, operation.c.kind, operation.c.state, operation.c.amount)
    steps = steps.join_from(operation, attempt, attempt.c.id == operation.c.attempt_id)
    steps = steps.where(operation.c.kind.in_(WENT_BACK), attempt.c.state == "succeeded")
    found: list[tuple[str, datetime | None]] = []
    for row in await rows_of(books.payments, steps):
        due, is_booked = row.amount if row.state == "succeeded" else 0, booked.get(row.id, 0)
        due = -due if row.kind == "reinstate" else due
        if due != is_booked:
            found.append((f"{row.kind} {row.id}: {due} went back, {is_booked} is booked", None))
    return check(books, "every refund is booked", found)
