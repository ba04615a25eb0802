"""/v1/agreements"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from customer import queries
from customer.api.depends import Closed, Office, Reading, Staff, Writing, edited, made, named
from customer.flows.records import AGREEMENT, add, close, edit
from customer.models import agreement
from customer.schemas.property import AgreementEdit, AgreementNew, AgreementOut

router = APIRouter(prefix="/v1/agreements", tags=["agreements"])


@router.get("")
async def list_agreements(
    _who: Staff,
    read: Reading,
    location_id: UUID,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AgreementOut]:
    """Those of a location, the partner's contracts among them."""
    found = [agreement.c.location_id == location_id, *([] if closed else [~agreement.c.closed])]
    rows, more = await queries.page(
        read, agreement, *found, order=(agreement.c.id,), cursor=cursor, limit=limit
    )
    return Page(items=[AgreementOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201, response_model=AgreementOut)
async def create_agreement(who: Office, work: Writing, response: Response, body: AgreementNew) -> Any:
    row = await add(work, AGREEMENT, values=body.model_dump(), who=who.subject)
    return made(response, "agreements", row)


@router.get("/{id}")
async def read_agreement(_who: Staff, read: Reading, response: Response, id: UUID) -> AgreementOut:
    row = await queries.one(read, agreement, id)
    set_etag(response, row.version)
    return AgreementOut.model_validate(row)


@router.patch("/{id}", response_model=AgreementOut)
async def edit_agreement(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: AgreementEdit
) -> Any:
    row = await edit(work, AGREEMENT, id=id, based_on=based_on, values=named(body), who=who.subject)
    return edited(response, row)


@router.delete("/{id}", status_code=204)
async def close_agreement(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Ends the agreement; its contract leads to the location no more."""
    await close(work, AGREEMENT, id=id, based_on=based_on, who=who.subject)
