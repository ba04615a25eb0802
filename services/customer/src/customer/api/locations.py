"""/v1/locations"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from customer import queries
from customer.api.depends import Closed, Office, Reading, Staff, Writing, edited, made, named
from customer.flows.records import LOCATION, add, close, edit
from customer.models import location
from customer.schemas.people import LocationEdit, LocationNew, LocationOut

router = APIRouter(prefix="/v1/locations", tags=["locations"])


@router.get("")
async def list_locations(
    _who: Staff,
    read: Reading,
    customer_id: UUID,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LocationOut]:
    """Those of a customer."""
    found = [location.c.customer_id == customer_id, *([] if closed else [~location.c.closed])]
    rows, more = await queries.page(
        read, location, *found, order=(location.c.id,), cursor=cursor, limit=limit
    )
    return Page(items=[LocationOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201, response_model=LocationOut)
async def create_location(who: Office, work: Writing, response: Response, body: LocationNew) -> Any:
    row = await add(work, LOCATION, values=body.model_dump(), who=who.subject)
    return made(response, "locations", row)


@router.get("/{id}")
async def read_location(_who: Staff, read: Reading, response: Response, id: UUID) -> LocationOut:
    row = await queries.one(read, location, id)
    set_etag(response, row.version)
    return LocationOut.model_validate(row)


@router.patch("/{id}", response_model=LocationOut)
async def edit_location(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: LocationEdit
) -> Any:
    row = await edit(work, LOCATION, id=id, based_on=based_on, values=named(body), who=who.subject)
    return edited(response, row)


@router.delete("/{id}", status_code=204)
async def close_location(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the location; dispatches are given to it no more."""
    await close(work, LOCATION, id=id, based_on=based_on, who=who.subject)
