"""/v1/invoices/{id}/send and /mails: an invoice by e-mail"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from shared.pages import Cursor, Limit, Page

from payments.api.depends import Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows import mails
from payments.models import invoice, invoice_mail
from payments.queries.invoices import one, page
from payments.schemas.mails import MailNew, MailOut

router = APIRouter(prefix="/v1/invoices", tags=["invoices"], dependencies=LISTED)


@router.post("/{id:uuid}/send", status_code=202, response_model=MailOut)
async def send_invoice(who: Office, work: Writing, id: UUID, body: MailNew) -> Any:
    """By e-mail, as PDF, to the one who owes it unless `to` says another. What becomes of it is in the
    invoice's mails."""
    return await mails.queue(work, invoice_id=id, to=body.to, who=who.subject)


@router.get("/{id:uuid}/mails")
async def list_mails(
    _who: Office, read: Reading, id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[MailOut]:
    """When and to whom it was sent, newest first."""
    await one(read, invoice, id)
    order = (invoice_mail.c.created_at, invoice_mail.c.id)
    mine = invoice_mail.c.invoice_id == id
    rows, more = await page(read, invoice_mail, mine, order=order, cursor=cursor, limit=limit)
    return Page(items=[MailOut.model_validate(row) for row in rows], next=more)
