"""/v1/me: the request-service wizard; /v1/photos."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from shared.auth import STAFF, Principal, allow
from shared.db import utcnow
from shared.events.dispatch import Phone
from shared.events.portal import Contact
from shared.problems import not_found
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.api.depends import CUSTOMERS, Here, OfHousehold, household
from portal_api.api.home import OTHERS, TAKEN
from portal_api.flows.photos import LONGEST, add_photo, drawn
from portal_api.flows.requests import request_service
from portal_api.models.requests import photo
from portal_api.queries import free, visits
from portal_api.schemas.visits import PhotoOut, RequestIn, RequestOut, WindowOut, WindowsOut

router = APIRouter(tags=["me"])
Reading = Annotated[AsyncConnection, Depends(open_read)]
Writing = Annotated[Work[Any], Depends(open_work)]
Seeing = Annotated[Principal, Depends(allow(*STAFF, *CUSTOMERS, clients=False))]
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _BYTES),
    }
}
_REFUSED: dict[int | str, Any] = {
    409: {"description": "Ten photos wait for a request already."},
    413: {"description": "Over 10 MB."},
    422: {"description": "No picture that can be read."},
}


@router.get("/v1/me/windows", responses=OTHERS)
async def list_windows(
    me: OfHousehold,
    read: Reading,
    days: Annotated[int, Query(ge=1, le=free.DAYS, description="So many days, from today.")] = 14,
    instead_of: Annotated[UUID | None, Query(description="The visit that is to be moved.")] = None,
) -> WindowsOut:
    """When somebody could come: the company's windows, less those that are taken."""
    now = utcnow()
    if instead_of is not None:
        await visits.one(read, me.location_id, instead_of, now)
    calendar = await free.calendar_of(read, me.location_id)
    technician = await free.technician_for(read, instead_of, now)
    taken = await free.busy(read, technician, now, besides=instead_of)
    offered = calendar.free(taken, now=now, days=days)
    return WindowsOut(
        zone=calendar.zone, windows=[WindowOut(start=each.start, end=each.end) for each in offered]
    )


@router.post(
    "/v1/me/photos", status_code=201, max_body_size=LONGEST, openapi_extra=_PICTURE, responses=_REFUSED
)
async def send_photo(me: OfHousehold, here: Here, request: Request, response: Response) -> PhotoOut:
    """The picture is the whole body. It is looked at, drawn anew without its metadata, and kept for a day
    unless a request names it."""
    jpeg = await drawn(here.tools.pictures, await request.body())
    async with here.work() as work:
        id = await add_photo(work, account_id=me.account_id, location_id=me.location_id, jpeg=jpeg)
    response.headers["Location"] = f"/v1/photos/{id}"
    return PhotoOut(id=id, width=jpeg.width, height=jpeg.height)


@router.get(
    "/v1/photos/{id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": _BYTES}, "description": "The picture."}, **OTHERS},
)
async def read_photo(who: Seeing, request: Request, read: Reading, id: UUID) -> Response:
    """For the household that sent it, and for staff."""
    query = select(photo.c.jpeg).where(photo.c.id == id)
    if who.roles.isdisjoint(STAFF):
        query = query.where(photo.c.location_id == (await household(request)).location_id)
    jpeg = (await read.execute(query)).scalar()
    if jpeg is None:
        raise not_found("photo")
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


@router.post("/v1/me/requests", status_code=201, responses=TAKEN)
async def ask_for_service(me: OfHousehold, work: Writing, response: Response, body: RequestIn) -> RequestOut:
    """Makes a dispatch for the default technician, in the window if one was chosen."""
    given = body.contact
    contact = Contact(name=given.name, phones=(Phone(number=given.phone),), email=given.email)
    wish: dict[str, Any] = {**dict(body), "contact": contact}
    id, number, window = await request_service(
        work, account_id=me.account_id, location_id=me.location_id, **wish
    )
    response.headers["Location"] = f"/v1/me/dispatches/{id}"
    return RequestOut(id=id, number=number, start=window and window.start, end=window and window.end)
