"""When somebody could come."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.problems import conflict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.records import appointment_record, location_record, technician_record
from portal_api.models.requests import held
from portal_api.queries.company import read_company
from portal_api.windows import QUARTER, Calendar, Window

Reading = AsyncSession | AsyncConnection
NOBODY = UUID(int=0)
"""Whose hours are held where the office has named no default technician."""
DAYS = 60
"""So many days ahead a time can be chosen."""


async def calendar_of(read: Reading, location_id: UUID) -> Calendar:
    zone = (
        await read.execute(select(location_record.c.zone).where(location_record.c.id == location_id))
    ).scalar()
    if zone is None:
        raise conflict("Your record is not here yet", "Try again in a minute.")
    about = (await read_company(read)).about
    return Calendar(zone, about.windows, about.weekdays)


async def technician_for(read: Reading, dispatch_id: UUID | None, now: datetime) -> UUID:
    """Whose time it takes: that of the coming appointment, else the default technician's."""
    if dispatch_id is not None:
        query = select(appointment_record.c.technician_id).where(
            appointment_record.c.dispatch_id == dispatch_id,
            appointment_record.c.start_at.is_not(None),
            appointment_record.c.end_at > now,
        )
        chosen = (await read.execute(query.order_by(appointment_record.c.start_at).limit(1))).scalar()
        if chosen is not None:
            return chosen
    query = select(technician_record.c.id).where(technician_record.c.is_default, ~technician_record.c.retired)
    return (await read.execute(query.limit(1))).scalar() or NOBODY


async def busy(
    read: Reading, technician: UUID, now: datetime, *, besides: UUID | None = None
) -> list[Window]:
    """Appointments of the technician, and quarter hours that customers took; those of the dispatch
    `besides` do not count."""
    until = now + timedelta(days=DAYS + 1)
    appointments = select(appointment_record.c.start_at, appointment_record.c.end_at).where(
        appointment_record.c.technician_id == technician,
        appointment_record.c.start_at.is_not(None),
        appointment_record.c.end_at > now,
        appointment_record.c.start_at < until,
        appointment_record.c.dispatch_id != (besides or NOBODY),
    )
    quarters = select(held.c.quarter).where(
        held.c.technician_id == technician,
        held.c.quarter > now - QUARTER,
        held.c.dispatch_id != (besides or NOBODY),
    )
    taken = [Window(row.start_at, row.end_at) for row in await read.execute(appointments)]
    return taken + [Window(at, at + QUARTER) for at in (await read.execute(quarters)).scalars()]
