"""Invoices: issued under a number, voided, credited."""

from datetime import date
from typing import Any
from uuid import UUID

from shared.db import Row, insert_ignore, uuid7
from shared.problems import conflict
from shared.work import Work
from sqlalchemy import func, insert, select, update

from payments.flows import books
from payments.flows.invoices import draft_locked, locked, may_bill
from payments.flows.news import tell_issued, touch
from payments.invoice import FEE, LineKind, credited_tax, due, number
from payments.models import attempt_invoice, counter, invoice, invoice_line, payment
from payments.queries.balances import NOTHING, sums_of
from payments.queries.company import zone_of
from payments.queries.invoices import find, whole
from payments.queries.merges import same_debtor


async def issue(work: Work[Any], *, id: UUID, based_on: int, who: str) -> dict[str, Any]:
    """Gives the draft its number and its dates, and applies the deposits for its dispatch."""
    row = await draft_locked(work, id, based_on)
    query = select(invoice_line.c.kind).where(invoice_line.c.invoice_id == id)
    lines = [dict(line) for line in (await work.session.execute(query)).mappings()]
    if not lines:
        raise conflict("There is nothing on this invoice", "Add a line first, also for free work.")
    await may_bill(work, row._mapping, lines)
    today = await _today(work)
    given = await _next_number(work, "invoice", work.settings.invoice_prefix)
    dates = {"issued_on": today, "due_on": due(today, row.terms_days)}
    values = {"state": "issued", "number": given, **dates, "version": row.version + 1, "updated_at": work.now}
    await work.session.execute(update(invoice).where(invoice.c.id == id).values(values))
    work.audit(who=who, action="invoice.issued", subject=id, after={"number": given, "total": row.total})
    tell_issued(work, await find(work.session, id))
    await _apply_deposits(work, row, who)
    return await find(work.session, id)


async def void(work: Work[Any], *, id: UUID, based_on: int, reason: str, who: str) -> dict[str, Any]:
    """Takes an issued invoice back. Its number stays. Raises 409 where money was booked or is on its way."""
    row = await _issued_locked(work, id, based_on)
    if (await sums_of(work.session, [id])).get(id, NOTHING) != NOTHING:
        raise conflict("Something was paid or credited on this invoice", "Make a credit note instead.")
    await _no_attempt(work, id)
    values = {"state": "void", "reason": reason, "voided_on": await _today(work)}
    await work.session.execute(update(invoice).where(invoice.c.id == id).values(values))
    await touch(work, [row.id])
    work.audit(who=who, action="invoice.voided", subject=id, after={"reason": reason})
    return await find(work.session, id)


async def make_credit_note(
    work: Work[Any],
    *,
    id: UUID,
    based_on: int,
    amount: int | None,
    reason: str,
    who: str,
    kind: LineKind | None = None,
) -> dict[str, Any]:
    """Credits `amount` (tax included); without one, what is still to be paid, and of a paid invoice all that
    was not credited yet. What was paid beyond the rest becomes the debtor's credit. Raises 409 for more than
    the invoice, or while a payment of it is on its way."""
    row = await _issued_locked(work, id, based_on)
    await _no_attempt(work, id)
    query = select(
        func.count(), func.coalesce(func.sum(invoice.c.total), 0), func.coalesce(func.sum(invoice.c.tax), 0)
    )
    _, credited, taxed = (await work.session.execute(query.where(invoice.c.credits_id == id))).one()
    left = row.total - int(credited)
    settled = (await sums_of(work.session, [id])).get(id, NOTHING).settled
    credits = (row.total - settled or left) if amount is None else amount
    if not 0 < credits <= left:
        raise conflict("This is more than is left of the invoice", "Credit less.", left=left)
    tax = credited_tax(credits, total=row.total, tax=row.tax, credited=int(credited), tax_credited=int(taxed))
    kept = (
        "customer_id",
        "location_id",
        "dispatch_id",
        "bill_to_partner",
        "debtor_id",
        "currency",
        "tax_rate",
    )
    note: dict[str, Any] = {name: row._mapping[name] for name in kept} | {
        "id": uuid7(),
        "version": 1,
        "kind": "credit_note",
        "state": "issued",
        "credits_id": id,
        "number": await _next_number(work, "credit_note", work.settings.credit_note_prefix),
        "issued_on": await _today(work),
        "due_on": None,
        "terms_days": 0,
        "discount": 0,
        "deposit": 0,
        "subtotal": credits - tax,
        "tax": tax,
        "total": credits,
        "reason": reason,
        "made_by": who,
        "created_at": work.now,
        "updated_at": work.now,
    }
    await work.session.execute(insert(invoice), [note])
    await work.session.execute(
        insert(invoice_line), [_credited_line(note, kind or await _credits(work, row, credits))]
    )
    await books.free(work, row=row, amount=max(settled + credits - row.total, 0), who=who)
    await books.credit(work, row=row, note_id=note["id"], amount=credits, who=who)
    await touch(work, [id])
    work.audit(who=who, action="invoice.credited", subject=id, after={"amount": credits, "reason": reason})
    return await find(work.session, note["id"])


async def _credits(work: Work[Any], row: Row, amount: int) -> LineKind:
    """The fee that must not be collected, where it is just that which is credited."""
    (shown,) = await whole(work.session, [row])
    return FEE if shown["withheld"] == amount else "other"


def _credited_line(note: dict[str, Any], kind: LineKind) -> dict[str, Any]:
    line = {
        "invoice_id": note["id"],
        "position": 1,
        "kind": kind,
        "description": note["reason"],
        "quantity": "1",
    }
    figures = {"unit_price": note["subtotal"], "unit_tenths": 0, "discount": 0, "amount": note["subtotal"]}
    return {**line, **figures, "taxable": note["tax"] > 0}


async def _next_number(work: Work[Any], series: str, prefix: str) -> str:
    """The next number. Updating the counter's row is the lock, and it commits with the invoice: no gap."""
    first = {"name": series, "last": work.settings.invoice_first - 1 if series == "invoice" else 0}
    await work.session.execute(insert_ignore(work.session, counter, ["name"]), [first])
    counted = update(counter).where(counter.c.name == series).values(last=counter.c.last + 1)
    return number(prefix, (await work.session.execute(counted.returning(counter.c.last))).scalar_one())


async def _apply_deposits(work: Work[Any], row: Row, who: str) -> None:
    if row.dispatch_id is None:
        return
    theirs = payment.c.debtor_id.in_(await same_debtor(work.session, row.debtor_id))
    query = select(payment.c.id).where(payment.c.dispatch_id == row.dispatch_id, theirs)
    sources = (await work.session.execute(query.order_by(payment.c.id))).scalars().all()
    if sources:
        await books.apply(work, invoice_id=row.id, sources=sources, amount=None, who=who)


async def _today(work: Work[Any]) -> date:
    return work.now.astimezone(await zone_of(work.session, work.settings)).date()


async def _issued_locked(work: Work[Any], id: UUID, based_on: int) -> Row:
    row = await locked(work, id, based_on)
    if row.state != "issued" or row.kind != "invoice":
        raise conflict("Only an issued invoice can be taken back or credited")
    return row


async def _no_attempt(work: Work[Any], id: UUID) -> None:
    query = select(attempt_invoice.c.attempt_id).where(
        attempt_invoice.c.invoice_id == id, attempt_invoice.c.open
    )
    if (await work.session.execute(query)).first() is not None:
        raise conflict("A payment of this invoice is on its way", "Wait until it is settled.")
