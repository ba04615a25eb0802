"""Routes: appointments of a dispatch, and technicians."""

from uuid import UUID

from fastapi import APIRouter, Response
from shared.etag import BasedOn, set_etag

from dispatch.api.base import Admin, Office, Reading, Rows, Staff, Writing
from dispatch.flows.appointments import move, schedule, take_back
from dispatch.flows.technicians import add_technician, edit_technician
from dispatch.models import technician
from dispatch.queries import lists, one
from dispatch.schemas.dispatches import AppointmentOut, WindowIn
from dispatch.schemas.partners import TechnicianIn, TechnicianOut

router = APIRouter()


@router.get("/v1/dispatches/{id}/appointments", response_model=list[AppointmentOut], tags=["appointments"])
async def read_appointments(_who: Staff, read: Reading, id: UUID) -> Rows:
    """In the order of their times, those that were taken back included."""
    await lists.must_exist(read, id)
    return await lists.appointments_of(read, id)


@router.post("/v1/dispatches/{id}/appointments", status_code=201, tags=["appointments"])
async def set_appointment(who: Office, work: Writing, id: UUID, body: WindowIn) -> AppointmentOut:
    """Sets an appointment; the dispatch becomes Scheduled, and its partner is told the time."""
    made = await schedule(work, id=id, who=who.subject, **dict(body))
    return await _shown(work, id, made)


@router.put("/v1/dispatches/{id}/appointments/{appointment_id}", tags=["appointments"])
async def move_appointment(
    who: Office, work: Writing, id: UUID, appointment_id: UUID, based_on: BasedOn, body: WindowIn
) -> AppointmentOut:
    """If-Match takes the appointment's `version`."""
    where = {"id": id, "appointment_id": appointment_id, "based_on": based_on}
    await move(work, who=who.subject, **where, **dict(body))
    return await _shown(work, id, appointment_id)


@router.delete("/v1/dispatches/{id}/appointments/{appointment_id}", status_code=204, tags=["appointments"])
async def cancel_appointment(
    who: Office, work: Writing, id: UUID, appointment_id: UUID, based_on: BasedOn
) -> None:
    """Takes the appointment back. The status stays; set the one that fits."""
    await take_back(work, id=id, appointment_id=appointment_id, based_on=based_on, who=who.subject)


async def _shown(work: Writing, id: UUID, appointment_id: UUID) -> AppointmentOut:
    rows = await lists.appointments_of(work.session, id)
    return AppointmentOut.model_validate(next(row for row in rows if row["id"] == appointment_id))


@router.get("/v1/technicians", response_model=list[TechnicianOut], tags=["technicians"])
async def read_technicians(_who: Staff, read: Reading) -> Rows:
    return await lists.technicians(read)


@router.post("/v1/technicians", status_code=201, tags=["technicians"])
async def create_technician(
    who: Admin, work: Writing, body: TechnicianIn, response: Response
) -> TechnicianOut:
    id = await add_technician(work, values=body.model_dump(), who=who.subject)
    response.headers["Location"] = f"/v1/technicians/{id}"
    return TechnicianOut.model_validate(dict(await one(work.session, technician, id, "technician")))


@router.get("/v1/technicians/{id}", tags=["technicians"])
async def read_technician(_who: Staff, read: Reading, id: UUID, response: Response) -> TechnicianOut:
    row = await one(read, technician, id, "technician")
    set_etag(response, row["version"])
    return TechnicianOut.model_validate(dict(row))


@router.put("/v1/technicians/{id}", tags=["technicians"])
async def replace_technician(
    who: Admin, work: Writing, id: UUID, based_on: BasedOn, body: TechnicianIn, response: Response
) -> TechnicianOut:
    """`active: false` for one who has left. Making one the default takes it from the one before."""
    await edit_technician(work, id=id, based_on=based_on, values=body.model_dump(), who=who.subject)
    row = await one(work.session, technician, id, "technician")
    set_etag(response, row["version"])
    return TechnicianOut.model_validate(dict(row))
