"""/v1/contacts"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from customer import queries
from customer.api.depends import Closed, Office, Reading, Staff, Writing, edited, made, named
from customer.flows.records import CONTACT, add, close, edit
from customer.models import contact
from customer.schemas.people import ContactEdit, ContactNew, ContactOut

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])


@router.get("")
async def list_contacts(
    _who: Staff,
    read: Reading,
    customer_id: UUID,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ContactOut]:
    """Those of a customer."""
    found = [contact.c.customer_id == customer_id, *([] if closed else [~contact.c.closed])]
    rows, more = await queries.page(read, contact, *found, order=(contact.c.id,), cursor=cursor, limit=limit)
    return Page(items=[ContactOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201, response_model=ContactOut)
async def create_contact(who: Office, work: Writing, response: Response, body: ContactNew) -> Any:
    row = await add(work, CONTACT, values=body.model_dump(), who=who.subject)
    return made(response, "contacts", row)


@router.get("/{id}")
async def read_contact(_who: Staff, read: Reading, response: Response, id: UUID) -> ContactOut:
    row = await queries.one(read, contact, id)
    set_etag(response, row.version)
    return ContactOut.model_validate(row)


@router.patch("/{id}", response_model=ContactOut)
async def edit_contact(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: ContactEdit
) -> Any:
    row = await edit(work, CONTACT, id=id, based_on=based_on, values=named(body), who=who.subject)
    return edited(response, row)


@router.delete("/{id}", status_code=204)
async def close_contact(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the contact; its phones lead to the customer no more."""
    await close(work, CONTACT, id=id, based_on=based_on, who=who.subject)
