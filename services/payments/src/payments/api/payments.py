"""/v1/payments, and what customers owe"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.bodies import Day
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem
from sqlalchemy import select

from payments.api.depends import Office, Reading, Writing
from payments.api.guard import GUARDED
from payments.flows import books
from payments.flows.refunds import refund_by_hand
from payments.models import customer, payment
from payments.queries.balances import balance, movements, receivables
from payments.queries.invoices import one, page
from payments.schemas.invoices import (
    BalanceOut,
    PaymentNew,
    PaymentOut,
    Receivable,
    RefundNew,
    Statement,
    StatementLine,
)

router = APIRouter(prefix="/v1", tags=["payments"], dependencies=GUARDED)


@router.get("/payments")
async def list_payments(
    _who: Office,
    read: Reading,
    customer_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PaymentOut]:
    """Newest first."""
    where = [] if customer_id is None else [payment.c.debtor_id == customer_id]
    order = (payment.c.at, payment.c.id)
    rows, more = await page(read, payment, *where, order=order, cursor=cursor, limit=limit)
    return Page(items=[PaymentOut.model_validate(row) for row in rows], next=more)


@router.post("/payments", status_code=201, response_model=PaymentOut)
async def record_payment(who: Office, work: Writing, response: Response, body: PaymentNew) -> Any:
    """Cash, a cheque or a bank payment."""
    await one(work.session, customer, body.customer_id)
    shares = {share.invoice_id: share.amount for share in body.invoices}
    if len(shares) < len(body.invoices):
        raise Problem(422, "One invoice is named twice")
    about = body.model_dump(include={"method", "amount", "dispatch_id", "reference", "note"})
    row = await books.take_office_payment(
        work,
        debtor_id=body.customer_id,
        shares=shares,
        who=who.subject,
        currency=work.settings.currency,
        **about,
    )
    response.headers["Location"] = f"/v1/payments/{row['id']}"
    return row


@router.get("/payments/{id}")
async def read_payment(_who: Office, read: Reading, id: UUID) -> PaymentOut:
    return PaymentOut.model_validate(await one(read, payment, id))


@router.post("/payments/{id}/refunds", status_code=204)
async def refund_payment(who: Office, work: Writing, id: UUID, body: RefundNew) -> None:
    """Books what the office gave back in cash, by cheque or through the bank."""
    await refund_by_hand(work, payment_id=id, amount=body.amount, reason=body.reason, who=who.subject)


@router.get("/customer-balances/{customer_id}")
async def read_balance(_who: Office, read: Reading, customer_id: UUID) -> BalanceOut:
    await one(read, customer, customer_id)
    owed, credit = await balance(read, customer_id)
    return BalanceOut(customer_id=customer_id, owed=owed, credit=credit)


@router.get("/statements/{customer_id}")
async def read_statement(
    _who: Office,
    read: Reading,
    customer_id: UUID,
    since: Annotated[Day, Query(description="First day.")],
    until: Annotated[Day, Query(description="Last day.")],
) -> Statement:
    """Everything that changed what the customer owes."""
    await one(read, customer, customer_id)
    opening = running = 0
    lines: list[StatementLine] = []
    for each in await movements(read, customer_id):
        if each["on"] > until:
            break
        running += each["amount"]
        if each["on"] < since:
            opening = running
        else:
            lines.append(StatementLine(**each, balance=running))
    return Statement(
        customer_id=customer_id, since=since, until=until, opening=opening, closing=running, lines=lines
    )


@router.get("/receivables")
async def list_receivables(
    _who: Office, read: Reading, on: Annotated[Day, Query(description="Ages are counted to this day.")]
) -> list[Receivable]:
    """What is owed, by customer and age (days after it was due), most first."""
    found = await receivables(read, on)
    query = select(customer.c.id, customer.c.name).where(customer.c.id.in_(found))
    names = {row.id: row.name for row in await read.execute(query)}
    rows = [
        Receivable(customer_id=id, name=names.get(id), total=sum(ages.values()), ages=ages)
        for id, ages in found.items()
    ]
    return sorted(rows, key=lambda row: -row.total)
