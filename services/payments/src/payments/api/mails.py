"""/v1/invoices/{id}/send and /mails: an invoice by e-mail; /v1/invoice-reminders"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from payments.api.depends import Admin, Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows import mails
from payments.flows.reminders import reminders_of, set_reminders
from payments.models import invoice, invoice_mail
from payments.queries.invoices import one, page
from payments.schemas.links import RemindersIn, RemindersOut
from payments.schemas.mails import MailNew, MailOut

router = APIRouter(prefix="/v1", tags=["invoices"], dependencies=LISTED)


@router.post("/invoices/{id:uuid}/send", status_code=202, response_model=MailOut)
async def send_invoice(who: Office, work: Writing, id: UUID, body: MailNew) -> Any:
    """By e-mail, as PDF, to the one who owes it unless `to` says another. What becomes of it is in the
    invoice's mails."""
    return await mails.queue(work, invoice_id=id, to=body.to, who=who.subject)


@router.get("/invoices/{id:uuid}/mails")
async def list_mails(
    _who: Office, read: Reading, id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[MailOut]:
    """When and to whom it was sent, newest first."""
    await one(read, invoice, id)
    order = (invoice_mail.c.created_at, invoice_mail.c.id)
    mine = invoice_mail.c.invoice_id == id
    rows, more = await page(read, invoice_mail, mine, order=order, cursor=cursor, limit=limit)
    return Page(items=[MailOut.model_validate(row) for row in rows], next=more)


@router.get("/invoice-reminders", response_model=RemindersOut)
async def read_reminders(_who: Office, read: Reading, response: Response) -> Any:
    """Whether customers are reminded of overdue invoices by e-mail, and when."""
    return _shown(response, await reminders_of(read))


@router.put("/invoice-reminders", response_model=RemindersOut)
async def change_reminders(
    who: Admin, work: Writing, response: Response, based_on: BasedOn, body: RemindersIn
) -> Any:
    """Each step of an invoice goes out once. Partners' bills, invoices under payment and a withheld service
    fee are not reminded of."""
    done = await set_reminders(work, based_on=based_on, who=who.subject, **body.model_dump())
    return _shown(response, done)


def _shown(response: Response, each: dict[str, Any]) -> dict[str, Any]:
    set_etag(response, each["version"])
    return each
