"""/v1/me: the household's record, equipment and agreements."""

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response
from shared.db import utcnow
from shared.etag import IfMatch
from shared.events.portal import CustomerEdit
from shared.problems import Problem
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.api.depends import OfAdministrator, OfHousehold
from portal_api.flows.changes import ask_edit
from portal_api.models.requests import record_change
from portal_api.queries import property
from portal_api.schemas.household import (
    AgreementOut,
    EquipmentOut,
    RecordChangeOut,
    RecordEdit,
    RecordOut,
    agreement,
)

router = APIRouter(prefix="/v1/me", tags=["me"])
Reading = Annotated[AsyncConnection, Depends(open_read)]
Writing = Annotated[Work[Any], Depends(open_work)]
_UNKNOWN: dict[int | str, Any] = {404: {"description": "The record has not arrived yet."}}
_STALE: dict[int | str, Any] = {
    412: {"description": "The office changed it in the meantime."},
    428: {"description": "Without If-Match."},
}


def _seen(if_match: IfMatch = None) -> tuple[int, int]:
    """Two versions make the record: the customer's and the location's."""
    if if_match is None:
        raise Problem(428, "Say which version is edited", "Send If-Match with the ETag that you read.")
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})-(\d{1,9})"', if_match.strip())
    if not found:
        raise Problem(412, "This If-Match is no ETag of ours", "Read it again and use its ETag.")
    return int(found[1]), int(found[2])


Seen = Annotated[tuple[int, int], Depends(_seen)]


@router.get("/record", responses=_UNKNOWN)
async def read_record(me: OfHousehold, read: Reading, response: Response) -> RecordOut:
    """Customer information."""
    row = await property.known_record(read, me.location_id)
    response.headers["ETag"] = f'"{row.customer_version}-{row.location_version}"'
    return RecordOut.model_validate(row._mapping)


@router.patch("/record", status_code=202, responses=_UNKNOWN | _STALE)
async def edit_record(me: OfAdministrator, work: Writing, seen: Seen, body: RecordEdit) -> RecordChangeOut:
    """Asks for the change; /v1/me/record/changes says whether it was applied."""
    edit = CustomerEdit.model_validate(body.model_dump(exclude_none=True))
    id = await ask_edit(work, account_id=me.account_id, location_id=me.location_id, seen=seen, edit=edit)
    row = (await work.session.execute(select(record_change).where(record_change.c.id == id))).one()
    return RecordChangeOut.model_validate(row)


@router.get("/record/changes")
async def list_record_changes(me: OfAdministrator, read: Reading) -> list[RecordChangeOut]:
    """The newest first."""
    rows = await property.record_changes(read, me.location_id)
    return [RecordChangeOut.model_validate(row) for row in rows]


@router.get("/equipment")
async def list_equipment(me: OfHousehold, read: Reading) -> list[EquipmentOut]:
    rows = await property.equipment(read, me.location_id)
    return [EquipmentOut.model_validate({**row.equipment, "id": row.id}) for row in rows]


@router.get("/agreements")
async def list_agreements(me: OfHousehold, read: Reading) -> list[AgreementOut]:
    """Expired ones too, marked so by the calendar of the location."""
    known = await property.record(read, me.location_id)
    today = utcnow().astimezone(ZoneInfo(known.zone if known else "UTC")).date()
    rows = await property.agreements(read, me.location_id)
    return [AgreementOut.model_validate(agreement(row, today)) for row in rows]
