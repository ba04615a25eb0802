"""/v1/payments, and what customers owe"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.bodies import Day
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem
from sqlalchemy import select

from payments.api.answers import as_json
from payments.api.depends import At, Office, Reading, Writing
from payments.api.guard import GUARDED
from payments.flows import books
from payments.flows.refunds import refund_by_hand
from payments.models import customer, invoice, payment
from payments.queries.balances import balances, open_ids, receivables
from payments.queries.company import zone_of
from payments.queries.invoices import one, page, whole
from payments.queries.merges import debtors, merged
from payments.queries.statements import Period, lines, opening_and_closing
from payments.schemas.invoices import InvoiceOut
from payments.schemas.payments import (
    BalanceIn,
    BalanceOut,
    PaymentNew,
    PaymentOut,
    Receivable,
    RefundNew,
    Statement,
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
    where = [] if customer_id is None else [payment.c.debtor_id.in_(await merged(read, customer_id))]
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
async def read_balance(_who: Office, at: At, read: Reading, customer_id: UUID) -> BalanceOut:
    found = await balances(read, await debtors(read, customer_id))
    own = at.settings.currency
    owed, credit = found.pop(own, (0, 0))
    others = [BalanceIn(currency=name, owed=each[0], credit=each[1]) for name, each in sorted(found.items())]
    return BalanceOut(customer_id=customer_id, currency=own, owed=owed, credit=credit, others=others)


@router.get("/customer-balances/{customer_id}/invoices", response_model=Page[InvoiceOut])
async def list_open_invoices(
    _who: Office, read: Reading, customer_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """What the customer has still to pay, oldest due first."""
    ids, more = await open_ids(read, await debtors(read, customer_id), cursor=cursor, limit=limit)
    rows = await read.execute(
        select(invoice).where(invoice.c.id.in_(ids)).order_by(invoice.c.due_on, invoice.c.id)
    )
    return as_json({"items": await whole(read, rows.all()), "next": more})


@router.get("/statements/{customer_id}", response_model=Statement)
async def read_statement(
    _who: Office,
    at: At,
    read: Reading,
    customer_id: UUID,
    since: Annotated[Day, Query(description="First day.")],
    until: Annotated[Day, Query(description="Last day.")],
    currency: Annotated[
        str | None, Query(pattern="^[A-Z]{3}$", description="The company's, without one.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Everything that changed what the customer owes, oldest first."""
    asked, zone = currency or at.settings.currency, await zone_of(read, at.settings)
    period = Period(await debtors(read, customer_id), since, until, zone, asked)
    opening, closing = await opening_and_closing(read, period)
    page, more = await lines(read, period, opening=opening, cursor=cursor, limit=limit)
    about = {"customer_id": customer_id, "currency": asked, "since": since, "until": until}
    about |= {"opening": opening}
    return as_json({**about, "closing": closing, "lines": page, "next": more})


@router.get("/receivables")
async def list_receivables(
    _who: Office,
    read: Reading,
    on: Annotated[Day, Query(description="Ages are counted to this day.")],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Receivable]:
    """What is owed, by customer and age (days after it was due), most first."""
    found, more = await receivables(read, on, cursor=cursor, limit=limit)
    return Page(items=[Receivable.model_validate(each) for each in found], next=more)
