"""The books: money that came in, went to invoices or credit, moved between them, or went back.

Locks are taken in one order: attempt, then payment, then invoices by id.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.events.money import PaidPart
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import insert, select

from payments.flows.dispatches import dispatch_of
from payments.flows.news import tell_payment, tell_refund, touch
from payments.models import entry, invoice, payment
from payments.queries.balances import NOTHING, credit_of, left_of, sums_of
from payments.queries.invoices import whole
from payments.queries.merges import merged, same_debtor


async def locked_invoices(work: Work[Any], ids: Collection[UUID]) -> dict[UUID, tuple[Row, int]]:
    """Those invoices, locked, each with what is still to be paid of it (0 unless it is issued)."""
    query = select(invoice).where(invoice.c.id.in_(ids)).order_by(invoice.c.id).with_for_update()
    rows = (await work.session.execute(query)).all()
    sums = await sums_of(work.session, ids)
    found: dict[UUID, tuple[Row, int]] = {}
    for row in rows:
        rest = row.total - sums.get(row.id, NOTHING).settled
        found[row.id] = (row, max(rest, 0) if row.state == "issued" and row.kind == "invoice" else 0)
    return found


async def receive(
    work: Work[Any], *, debtor_id: UUID, shares: Mapping[UUID, int], who: str, **about: Any
) -> tuple[dict[str, Any], int]:
    """Books money that came in: `shares` say how much is for which invoice. What an invoice does not need
    any more becomes the debtor's credit. Returns the payment and that excess. `about` are the payment's
    columns."""
    made = {"id": uuid7(), "debtor_id": debtor_id, "recorded_by": who, "at": work.now}
    row: dict[str, Any] = {**made, **about}
    await work.session.execute(insert(payment), [row])
    invoices = await locked_invoices(work, shares)
    rest, paid = row["amount"], dict[UUID, int]()
    for id, share in shares.items():
        paid[id] = min(share, invoices[id][1], rest)
        rest -= paid[id]
    common = {"payment_id": row["id"], "operation_id": about.get("operation_id"), "kind": "payment"}
    await book_entries(work, row, {**paid, None: rest}, who, **common)
    await touch(work, [id for id, amount in paid.items() if amount])
    numbers = {id: invoices[id][0].number for id in paid}
    tell_payment(work, row, _told({id: amount for id, amount in paid.items() if amount}, numbers))
    return row, rest


async def give_back(
    work: Work[Any],
    *,
    payment_id: UUID,
    amount: int,
    who: str,
    kind: str = "refund",
    operation_id: UUID | None = None,
    reason: str | None = None,
) -> UUID:
    """Books money that went back: first from what is credit, then from the invoices it had paid. Returns the
    refund's id. Raises 409 for more than is left of the payment."""
    row = await locked_payment(work, payment_id)
    held = await left_of(work.session, payment_id)
    invoices = await locked_invoices(work, [id for id in held if id is not None])
    left = await left_of(work.session, payment_id)  # a credit note may have moved it until now
    if amount > sum(left.values()):
        raise conflict("This is more than is left of the payment", left=sum(left.values()))
    parts, rest = dict[UUID | None, int](), amount
    for id in sorted(left, key=lambda id: (id is not None, str(id))):
        part = min(rest, max(left[id], 0))
        if part:
            parts[id], rest = -part, rest - part
    touched = [id for id in parts if id is not None]
    refund_id = operation_id or uuid7()
    about = {"payment_id": payment_id, "operation_id": operation_id, "kind": kind}
    await book_entries(work, row._mapping, parts, who, refund_id=refund_id, reason=reason, **about)
    await touch(work, touched)
    numbers = {id: invoices[id][0].number for id in touched}
    told = _told({id: -parts[id] for id in touched}, numbers)
    tell_refund(work, id=refund_id, payment=row, amount=amount, invoices=told)
    return refund_id


def _told(parts: Mapping[UUID, int], numbers: Mapping[UUID, str | None]) -> tuple[PaidPart, ...]:
    return tuple(PaidPart(invoice_id=id, number=numbers[id], amount=amount) for id, amount in parts.items())


async def apply_credit(work: Work[Any], *, invoice_id: UUID, amount: int | None, who: str) -> int:
    """Pays an invoice from its debtor's credit, oldest money first; None: as much as it needs. Returns how
    much was applied. Raises 409 where there is less credit, or the invoice needs less."""
    row = (await work.session.execute(select(invoice).where(invoice.c.id == invoice_id))).one_or_none()
    if row is None:
        raise not_found("invoice")
    theirs = await same_debtor(work.session, row.debtor_id)
    sources = [id for id, _ in await credit_of(work.session, theirs, row.currency)]
    return await apply(work, invoice_id=invoice_id, sources=sources, amount=amount, who=who)


async def apply(
    work: Work[Any], *, invoice_id: UUID, sources: Sequence[UUID], amount: int | None, who: str
) -> int:
    """The same from these payments; one in another currency than the invoice's pays nothing."""
    payments = {id: await locked_payment(work, id) for id in sorted(sources)}
    row, rest = (await locked_invoices(work, [invoice_id]))[invoice_id]
    (shown,) = await whole(work.session, [row])
    rest = max(rest - shown["withheld"], 0)
    fitting = [id for id in sources if payments[id].currency == row.currency]
    left = {id: (await left_of(work.session, id)).get(None, 0) for id in fitting}
    available = sum(each for each in left.values() if each > 0)
    if amount is not None and amount > rest:
        raise conflict("The invoice needs less than this", "Apply less.", balance=rest)
    if amount is not None and amount > available:
        raise conflict("There is less credit than this", "Apply less.", credit=available)
    wanted = applied = min(rest, available) if amount is None else amount
    for id in fitting:
        part = min(wanted, max(left[id], 0))
        if part:
            parts = {None: -part, invoice_id: part}
            await book_entries(work, payments[id]._mapping, parts, who, payment_id=id, kind="applied")
            wanted -= part
    if applied:
        await touch(work, [invoice_id])
        work.audit(who=who, action="credit.applied", subject=invoice_id, after={"amount": applied})
    return applied


async def free(work: Work[Any], *, row: Row, amount: int, who: str) -> None:
    """Takes `amount` of what was paid on an invoice back into credit, newest money first (the invoice is
    locked by the caller): a credit note needs the room."""
    paid = select(entry.c.payment_id).where(entry.c.invoice_id == row.id)
    query = select(payment).where(payment.c.id.in_(paid)).order_by(payment.c.id.desc())
    sources: Sequence[Row] = (await work.session.execute(query)).all()
    for source in sources:
        part = min(amount, max((await left_of(work.session, source.id)).get(row.id, 0), 0))
        if part:
            about = {"payment_id": source.id, "kind": "applied"}
            await book_entries(work, source._mapping, {row.id: -part, None: part}, who, **about)
            amount -= part


async def credit(work: Work[Any], *, row: Row, note_id: UUID, amount: int, who: str) -> None:
    await book_entries(work, row._mapping, {row.id: amount}, who, credit_note_id=note_id, kind="credit_note")


async def locked_payment(work: Work[Any], id: UUID) -> Row:
    query = select(payment).where(payment.c.id == id).with_for_update()
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise not_found("payment")
    return found


async def book_entries(
    work: Work[Any], owner: Mapping[Any, Any], parts: Mapping[UUID | None, int], who: str, **about: Any
) -> None:
    """What is on an invoice is of its debtor, credit is of the payment's: they differ after a merge."""
    common = {"at": work.now, "currency": owner["currency"], "who": who, **about}
    query = select(invoice.c.id, invoice.c.debtor_id).where(invoice.c.id.in_([id for id in parts if id]))
    debtor = {row.id: row.debtor_id for row in await work.session.execute(query)}
    rows = [
        {"id": uuid7(), **common, "debtor_id": debtor.get(id, owner["debtor_id"]), "invoice_id": id}
        | {"amount": amount}
        for id, amount in parts.items()
        if amount
    ]
    if rows:
        await work.session.execute(insert(entry), rows)


async def take_office_payment(
    work: Work[Any], *, debtor_id: UUID, shares: Mapping[UUID, int], who: str, **about: Any
) -> dict[str, Any]:
    """Cash, a cheque or a bank payment. Raises 422 for a dispatch or invoices of somebody else or more than
    was paid, 409 for more than an invoice needs."""
    if about.get("dispatch_id") is not None:
        await dispatch_of(work, about["dispatch_id"], customer_id=debtor_id, partner_too=True)
    theirs = await merged(work.session, debtor_id)
    invoices = await locked_invoices(work, shares)
    for id, share in shares.items():
        if id not in invoices or invoices[id][0].debtor_id not in theirs:
            raise Problem(422, "One of the invoices is not this customer's")
        if invoices[id][0].currency != about["currency"]:
            raise Problem(422, "One of the invoices has another currency")
        if share > invoices[id][1]:
            raise conflict(
                "An invoice needs less than this", "The rest can be left as credit.", balance=invoices[id][1]
            )
    if sum(shares.values()) > about["amount"]:
        raise Problem(422, "The invoices' parts are more than the payment")
    row, _ = await receive(work, debtor_id=debtor_id, shares=shares, who=who, **about)
    work.audit(
        who=who,
        action="payment.recorded",
        subject=row["id"],
        after={"amount": row["amount"], "method": row["method"]},
    )
    return row
