"""Who goes when: technicians and appointment windows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.etag import check_version
from shared.events.dispatch import DispatchScheduled
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import RowMapping, insert, update

from dispatch.flows.collisions import warn
from dispatch.flows.ledger import tell
from dispatch.flows.office import change, record, set_status
from dispatch.models import appointment
from dispatch.queries import check_technician, default_zone, dispatch_row, next_window, one
from dispatch.windows import Window, spoken, window


async def schedule(
    work: Work[Any], *, id: UUID, start: datetime, end: datetime, technician_id: UUID | None, who: str
) -> UUID:
    """Sets an appointment; times without offset are on the location's clock. The dispatch gets the scheduled
    status, and its partner the time."""
    row = await _open_dispatch(work, id)
    await check_technician(work.session, technician_id)
    zone = row["zone"] or await default_zone(work.session, work.settings)
    chosen = technician_id or row["technician_id"]
    made = uuid7()
    new = {"id": made, "version": 1, "dispatch_id": id, "technician_id": chosen, "zone": zone}
    when = _window(start, end, zone)
    times = {"start_at": when.start, "end_at": when.end, "cancelled": False}
    await work.session.execute(insert(appointment), [{**new, **times}])
    await _scheduled(work, row, new, when, kind="scheduled", who=who)
    return made


async def move(
    work: Work[Any],
    *,
    id: UUID,
    appointment_id: UUID,
    based_on: int,
    start: datetime,
    end: datetime,
    technician_id: UUID | None,
    who: str,
) -> None:
    """Another window, another technician, or both."""
    row = await _open_dispatch(work, id)
    old = await _appointment(work, id, appointment_id, based_on)
    await check_technician(work.session, technician_id)
    when = _window(start, end, old["zone"])
    values = {"technician_id": technician_id or old["technician_id"], "version": old["version"] + 1}
    this = update(appointment).where(appointment.c.id == appointment_id)
    await work.session.execute(this.values(**values, start_at=when.start, end_at=when.end))
    await _scheduled(work, row, {**old, **values}, when, kind="moved", who=who)


async def take_back(work: Work[Any], *, id: UUID, appointment_id: UUID, based_on: int, who: str) -> None:
    """Cancels an appointment. The status stays: only a person knows what comes now."""
    row = await dispatch_row(work.session, id)
    old = await _appointment(work, id, appointment_id, based_on)
    values = {"cancelled": True, "version": old["version"] + 1}
    await work.session.execute(update(appointment).where(appointment.c.id == appointment_id).values(**values))
    now = await change(work, row, **await _next(work, id))
    was = spoken(Window(old["start_at"], old["end_at"]), old["zone"])
    await record(work, now, who=who, kind="unscheduled", window=was)
    _say(work, now, old, None)
    work.audit(who=who, action="appointment.cancelled", subject=appointment_id, before={"window": was})


async def assign(work: Work[Any], *, id: UUID, technician_id: UUID | None, who: str) -> None:
    """Gives the dispatch and its coming appointments to a technician, or to nobody."""
    row = await dispatch_row(work.session, id)
    await check_technician(work.session, technician_id)
    now = await change(work, row, technician_id=technician_id)
    await record(work, now, who=who, kind="assigned", technician_id=technician_id)
    coming = (
        update(appointment)
        .where(appointment.c.dispatch_id == id, ~appointment.c.cancelled, appointment.c.end_at > work.now)
        .values(technician_id=technician_id, version=appointment.c.version + 1)
        .returning(appointment)
    )
    for moved in (await work.session.execute(coming)).mappings().all():
        _say(work, now, moved, Window(moved["start_at"], moved["end_at"]))
        await warn(work, moved)
    before, after = {"technician_id": row["technician_id"]}, {"technician_id": technician_id}
    work.audit(who=who, action="dispatch.assigned", subject=id, before=before, after=after)


async def _open_dispatch(work: Work[Any], id: UUID) -> RowMapping:
    row = await dispatch_row(work.session, id)
    if row["closed"]:
        raise conflict("This dispatch is closed", "Set an open status first.")
    return row


async def _appointment(work: Work[Any], id: UUID, appointment_id: UUID, based_on: int) -> RowMapping:
    row = await one(work.session, appointment, appointment_id, "appointment")
    if row["dispatch_id"] != id:
        raise not_found("appointment")
    check_version(based_on, row["version"])
    if row["cancelled"]:
        raise conflict("This appointment was taken back", "Set a new one.")
    return row


def _window(start: datetime, end: datetime, zone: str) -> Window:
    try:
        return window(start, end, zone)
    except ValueError as error:
        raise Problem(422, "This window cannot be", str(error)) from None


async def _scheduled(
    work: Work[Any], row: RowMapping, new: Mapping[Any, Any], when: Window, *, kind: str, who: str
) -> None:
    """Notes and tells the new time. The partner hears it with the scheduled status, again if it has it
    already."""
    now = await change(work, row, **await _next(work, row["id"]), technician_id=new["technician_id"])
    said = spoken(when, new["zone"])
    await record(work, now, who=who, kind=kind, window=said, technician_id=new["technician_id"])
    _say(work, now, new, when)
    work.audit(who=who, action=f"appointment.{kind}", subject=new["id"], after={"window": said})
    await warn(work, new)
    if row["status"] == work.settings.scheduled_status:
        await tell(work, now, cause="appointment")
    else:
        await set_status(work, id=row["id"], status=work.settings.scheduled_status, who=who)


async def _next(work: Work[Any], id: UUID) -> dict[str, datetime | None]:
    start, end = await next_window(work.session, id, work.now)
    return {"scheduled_start": start, "scheduled_end": end}


def _say(work: Work[Any], row: Mapping[Any, Any], about: Mapping[Any, Any], when: Window | None) -> None:
    scheduled = DispatchScheduled(
        dispatch_id=row["id"],
        version=row["version"],
        appointment_id=about["id"],
        technician_id=about["technician_id"],
        start=when.start if when else None,
        end=when.end if when else None,
        zone=about["zone"],
    )
    work.emit(scheduled, row["id"])
