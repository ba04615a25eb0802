"""/v1/me: a household's home page and its visits."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from shared.db import utcnow
from shared.pages import Cursor, Limit, Page
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.api.depends import Customer, OfHousehold, admitted, here_of
from portal_api.flows.requests import ask_change
from portal_api.plain import in_words
from portal_api.queries import property, visits
from portal_api.queries.household import home_of
from portal_api.schemas.visits import (
    ChangeIn,
    ChangeOut,
    HomeOut,
    Owed,
    PassedStatus,
    VisitOut,
    VisitWhole,
    problems,
    visit,
)

router = APIRouter(prefix="/v1/me", tags=["me"])
Reading = Annotated[AsyncConnection, Depends(open_read)]
Writing = Annotated[Work[Any], Depends(open_work)]
OTHERS: dict[int | str, Any] = {404: {"description": "Not there, or of another household."}}
TAKEN: dict[int | str, Any] = {409: {"description": "Taken by somebody else: `free` are the next ones."}}


@router.get("/home", response_model=HomeOut)
async def read_home(request: Request, who: Customer) -> Response:
    """What is going on, and for administrators what is owed."""
    async with here_of(request).database.read() as read:
        known = await home_of(read, who.subject)
        me = admitted(who, known[0] if known else None)
        rows = await visits.open_visits(read, me.location_id, utcnow())
        administrator = me.role == "customer.admin"
        others = [] if administrator else await property.administrators(read, me.location_id)
    owed = [
        Owed(currency=row.currency, amount=row.amount, invoices=row.invoices) for row in known if row.currency
    ]
    found = [VisitOut.model_validate(visit(row)) for row in rows]
    coming = [(each.appointment.start, place) for place, each in enumerate(found) if each.appointment]
    home = HomeOut(
        customer=me.name,
        address=me.address,
        zone=me.zone,
        next_appointment=found[min(coming)[1]] if coming else None,
        open=found,
        owed=owed if administrator else None,
        administrators=others,
    )
    return Response(home.model_dump_json(), media_type="application/json")


@router.get("/dispatches")
async def list_visits(
    me: OfHousehold,
    read: Reading,
    closed: Annotated[bool | None, Query(description="Left out: both.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[VisitOut]:
    """Newest first."""
    rows, more = await visits.page(read, me.location_id, closed=closed, cursor=cursor, limit=limit)
    return Page(items=[VisitOut.model_validate(visit(row)) for row in rows], next=more)


@router.get("/dispatches/{id}", responses=OTHERS)
async def read_visit(me: OfHousehold, read: Reading, id: UUID) -> VisitWhole:
    row = await visits.one(read, me.location_id, id, utcnow())
    passed = await visits.history(read, me.location_id, id)
    asked = await visits.changes(read, me.location_id, id)
    return VisitWhole.model_validate(
        {
            **visit(row),
            "problems": problems(row),
            "history": [
                PassedStatus(status=each.status, words=in_words(each.status), at=each.at) for each in passed
            ],
            "photos": await visits.photos(read, me.location_id, id),
            "changes": [ChangeOut.model_validate(each) for each in asked],
        }
    )


@router.post("/dispatches/{id}/changes", status_code=202, responses=OTHERS | TAKEN)
async def change_visit(me: OfHousehold, work: Writing, id: UUID, body: ChangeIn) -> ChangeOut:
    """Asks for another time, or to cancel. The answer comes to the visit's `changes`: a visit that the
    household asked for itself is changed at once, on one of a warranty company the office calls back."""
    row = await ask_change(
        work, account_id=me.account_id, location_id=me.location_id, dispatch_id=id, **dict(body)
    )
    return ChangeOut.model_validate(row)
