"""/v1/payments and /v1/payment-entries: money that the office took, and where all money went"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.bodies import Day
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem, not_found
from sqlalchemy import ColumnElement

from payments.api.answers import as_json
from payments.api.depends import At, Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows import books
from payments.flows.refunds import refund_by_hand
from payments.flows.repeats import refuse_repeated
from payments.models import entry, payment
from payments.queries.company import days_of
from payments.queries.invoices import page
from payments.queries.merges import merged
from payments.queries.payments import find_payment, refunds_of, whole_payments
from payments.schemas.payments import EntryOut, PaymentNew, PaymentOut, RefundNew, RefundOut

router = APIRouter(prefix="/v1", tags=["payments"], dependencies=LISTED)
Method = Literal["card", "paypal", "cash", "cheque", "bank"]
First = Annotated[Day | None, Query(description="First day, in the company's zone.")]
Last = Annotated[Day | None, Query(description="Last day.")]


@router.get("/payments", response_model=Page[PaymentOut])
async def list_payments(
    _who: Office,
    at: At,
    read: Reading,
    customer_id: UUID | None = None,
    method: Method | None = None,
    reference: Annotated[str | None, Query(max_length=300)] = None,
    since: First = None,
    until: Last = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first."""
    where: list[ColumnElement[bool]] = await days_of(read, at.settings, payment.c.at, since, until)
    where += [] if method is None else [payment.c.method == method]
    where += [] if reference is None else [payment.c.reference == reference]
    where += [] if customer_id is None else [payment.c.debtor_id.in_(await merged(read, customer_id))]
    order = (payment.c.at, payment.c.id)
    rows, more = await page(read, payment, *where, order=order, cursor=cursor, limit=limit)
    shown = [PaymentOut.model_validate(each) for each in await whole_payments(read, rows)]
    return as_json(Page[PaymentOut](items=shown, next=more))


@router.post("/payments", status_code=201, response_model=PaymentOut)
async def record_payment(who: Office, work: Writing, response: Response, body: PaymentNew) -> Any:
    """Cash, a cheque or a bank payment. A cheque or bank reference that this customer has used before is a
    409, unless `repeated` says that it is right."""
    shares = {share.invoice_id: share.amount for share in body.invoices}
    if len(shares) < len(body.invoices):
        raise Problem(422, "One invoice is named twice")
    await refuse_repeated(work, customer_id=body.customer_id, **body.model_dump(include=_SAME))
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
    return await find_payment(work.session, row["id"])


_SAME = {"method", "reference", "repeated"}


@router.get("/payments/{id}", response_model=PaymentOut)
async def read_payment(_who: Office, read: Reading, id: UUID) -> Any:
    return await find_payment(read, id)


@router.post("/payments/{id}/refunds", status_code=201, response_model=RefundOut)
async def refund_payment(who: Office, work: Writing, response: Response, id: UUID, body: RefundNew) -> Any:
    """Books what the office gave back in cash, by cheque or through the bank. An invoice that it had paid is
    owed again: make a credit note where the customer is not to pay it again."""
    made = await refund_by_hand(work, payment_id=id, amount=body.amount, reason=body.reason, who=who.subject)
    response.headers["Location"] = f"/v1/payments/{id}/refunds/{made}"
    return await _refund(work.session, id, made)


@router.get("/payments/{id}/refunds", response_model=list[RefundOut])
async def list_refunds(_who: Office, read: Reading, id: UUID) -> Any:
    """Oldest first; what a gateway gave back and chargebacks too."""
    return await refunds_of(read, id)


@router.get("/payments/{id}/refunds/{refund_id}", response_model=RefundOut)
async def read_refund(_who: Office, read: Reading, id: UUID, refund_id: UUID) -> Any:
    return await _refund(read, id, refund_id)


@router.get("/payment-entries", response_model=Page[EntryOut])
async def list_entries(
    _who: Office,
    at: At,
    read: Reading,
    customer_id: UUID | None = None,
    invoice_id: UUID | None = None,
    payment_id: UUID | None = None,
    since: First = None,
    until: Last = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The books, newest first: every entry that a balance is made of."""
    where: list[ColumnElement[bool]] = await days_of(read, at.settings, entry.c.at, since, until)
    where += [] if invoice_id is None else [entry.c.invoice_id == invoice_id]
    where += [] if payment_id is None else [entry.c.payment_id == payment_id]
    where += [] if customer_id is None else [entry.c.debtor_id.in_(await merged(read, customer_id))]
    order = (entry.c.at, entry.c.id)
    rows, more = await page(read, entry, *where, order=order, cursor=cursor, limit=limit)
    return as_json(Page[EntryOut](items=[EntryOut.model_validate(row) for row in rows], next=more))


async def _refund(read: Any, payment_id: UUID, id: UUID) -> dict[str, Any]:
    found = [each for each in await refunds_of(read, payment_id) if each["id"] == id]
    if not found:
        raise not_found("refund")
    return found[0]
