"""/v1/me/invoices and /v1/me/checkout: for the household's administrators."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from shared.pages import Cursor, Limit, Page
from shared.transaction import open_read, open_secret_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.api.depends import OfAdministrator
from portal_api.api.home import OTHERS
from portal_api.flows.checkout import check_out
from portal_api.flows.documents import SECONDS, issue_document_ticket
from portal_api.flows.tokens import TICKET_SECONDS
from portal_api.queries import invoices
from portal_api.schemas.documents import DocumentOut
from portal_api.schemas.household import (
    CheckoutIn,
    CheckoutOut,
    InvoiceOut,
    InvoiceWhole,
    PaymentOut,
    invoice,
    payment,
)

router = APIRouter(prefix="/v1/me", tags=["me"])
Reading = Annotated[AsyncConnection, Depends(open_read)]
Showing = Annotated[Work[Any], Depends(open_secret_work)]
State = Annotated[Literal["open", "paid"] | None, Query(description="Left out: all.")]
_UNPAYABLE: dict[int | str, Any] = {409: {"description": "One of the invoices cannot be paid here."}}


@router.get("/invoices")
async def list_invoices(
    me: OfAdministrator, read: Reading, state: State = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[InvoiceOut]:
    """Newest first. What may not be collected is listed, with the reason why it cannot be paid."""
    rows, more = await invoices.page(read, me.location_id, state=state, cursor=cursor, limit=limit)
    return Page(items=[InvoiceOut.model_validate(invoice(row)) for row in rows], next=more)


@router.get("/invoices/{id}", responses=OTHERS)
async def read_invoice(me: OfAdministrator, read: Reading, id: UUID) -> InvoiceWhole:
    row = await invoices.one(read, me.location_id, id)
    paid = await invoices.payments(read, me.location_id, id)
    shown = [PaymentOut.model_validate(payment(each)) for each in paid]
    return InvoiceWhole.model_validate({**invoice(row), "payments": shown})


@router.post("/invoices/{id}/document", responses=OTHERS)
async def open_document(me: OfAdministrator, work: Showing, id: UUID) -> DocumentOut:
    """A ticket for the invoice's PDF. Send the browser to payments' `/v1/documents?ticket=…` with it."""
    await invoices.one(work.session, me.location_id, id)
    ticket = await issue_document_ticket(work, account_id=me.account_id, invoice_id=id)
    return DocumentOut(ticket=ticket, expires_at=work.now + timedelta(seconds=SECONDS))


@router.post("/checkout", responses=OTHERS | _UNPAYABLE)
async def start_checkout(me: OfAdministrator, work: Showing, body: CheckoutIn) -> CheckoutOut:
    """A ticket that payments takes once, within five minutes, for these invoices and no more than their
    cap."""
    amounts = {part.id: part.amount for part in body.invoices}
    ticket, cap, currency = await check_out(
        work, account_id=me.account_id, location_id=me.location_id, amounts=amounts
    )
    ends = work.now + timedelta(seconds=TICKET_SECONDS)
    return CheckoutOut(ticket=ticket, cap=cap, currency=currency, expires_at=ends)
