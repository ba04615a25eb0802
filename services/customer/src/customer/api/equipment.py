"""/v1/equipment"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from customer import queries
from customer.api.depends import Closed, Office, Reading, Staff, Writing, edited, made, named
from customer.flows.records import EQUIPMENT, add, close, edit
from customer.models import equipment
from customer.schemas.property import EquipmentEdit, EquipmentNew, EquipmentOut

router = APIRouter(prefix="/v1/equipment", tags=["equipment"])


@router.get("")
async def list_equipment(
    _who: Staff,
    read: Reading,
    location_id: UUID,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EquipmentOut]:
    """That of a location."""
    found = [equipment.c.location_id == location_id, *([] if closed else [~equipment.c.closed])]
    rows, more = await queries.page(
        read, equipment, *found, order=(equipment.c.id,), cursor=cursor, limit=limit
    )
    return Page(items=[EquipmentOut.model_validate(row) for row in rows], next=more)


@router.post("", status_code=201, response_model=EquipmentOut)
async def create_equipment(who: Office, work: Writing, response: Response, body: EquipmentNew) -> Any:
    row = await add(work, EQUIPMENT, values=body.model_dump(), who=who.subject)
    return made(response, "equipment", row)


@router.get("/{id}")
async def read_equipment(_who: Staff, read: Reading, response: Response, id: UUID) -> EquipmentOut:
    row = await queries.one(read, equipment, id)
    set_etag(response, row.version)
    return EquipmentOut.model_validate(row)


@router.patch("/{id}", response_model=EquipmentOut)
async def edit_equipment(
    who: Office, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: EquipmentEdit
) -> Any:
    row = await edit(work, EQUIPMENT, id=id, based_on=based_on, values=named(body), who=who.subject)
    return edited(response, row)


@router.delete("/{id}", status_code=204)
async def close_equipment(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the record: the equipment is gone."""
    await close(work, EQUIPMENT, id=id, based_on=based_on, who=who.subject)
