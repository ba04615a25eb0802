"""A household's dispatches as it sees them. Every statement is bound to the location."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Row
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.records import (
    appointment_record,
    dispatch_record,
    location_record,
    status_record,
    technician_record,
)
from portal_api.models.requests import photo, visit_change

Reading = AsyncSession | AsyncConnection

MOST_OPEN = 20

_visit = dispatch_record.c
_coming = appointment_record.c
_VISIT = (
    _visit.id,
    _visit.version,
    _visit.partner,
    _visit.number,
    _visit.trade,
    _visit.lines,
    _visit.status,
    _visit.status_at,
    _visit.closed,
    _visit.received_at,
)
_APPOINTMENT = (
    _coming.id.label("appointment_id"),
    _coming.start_at,
    _coming.end_at,
    _coming.technician_id,
    technician_record.c.name.label("technician"),
)


def of(location_id: UUID | BindParameter[Any]) -> ColumnElement[bool]:
    """Without a number nothing is known of it yet but its status or its owner."""
    return (_visit.location_id == location_id) & _visit.number.is_not(None)


def _with_appointments(*more: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Each visit with each of its appointments, or once without."""
    joined = (_coming.dispatch_id == _visit.id) & _coming.start_at.is_not(None)
    for condition in more:
        joined &= condition
    return (
        select(*_VISIT, *_APPOINTMENT, location_record.c.zone)
        .outerjoin_from(dispatch_record, appointment_record, joined)
        .outerjoin(technician_record, technician_record.c.id == _coming.technician_id)
        .outerjoin(location_record, location_record.c.id == _visit.location_id)
    )


# Made once: building a statement takes longer than its rows do.
_OPEN = (
    _with_appointments(_coming.end_at > bindparam("now"))
    .where(of(bindparam("location_id")), ~_visit.closed)
    .order_by(_visit.received_at.desc(), _visit.id.desc(), _coming.start_at)
    .limit(4 * MOST_OPEN)
)


async def open_visits(read: Reading, location_id: UUID, now: datetime) -> list[Row]:
    """The newest 20; each with its next appointment that has not ended, if there is one."""
    found = await read.execute(_OPEN, {"location_id": location_id, "now": now})
    return _first_of_each(found.all())[:MOST_OPEN]


async def page(
    read: Reading, location_id: UUID, *, closed: bool | None, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """Newest first, each with its last appointment."""
    query = select(_visit.id, _visit.received_at).where(of(location_id))
    if closed is not None:
        query = query.where(_visit.closed == closed)
    if cursor:
        query = query.where(
            tuple_(_visit.received_at, _visit.id) < tuple_(*decode_cursor(cursor, datetime, UUID))
        )
    query = query.order_by(_visit.received_at.desc(), _visit.id.desc()).limit(limit + 1)
    found = (await read.execute(query)).all()
    ids = [row.id for row in found[:limit]]
    whole = _with_appointments().where(of(location_id), _visit.id.in_(ids))
    whole = whole.order_by(_visit.received_at.desc(), _visit.id.desc(), _coming.start_at.desc())
    rows = _first_of_each((await read.execute(whole)).all())
    last = found[limit - 1] if len(found) > limit else None
    return rows, encode_cursor(last.received_at, last.id) if last else None


async def one(read: Reading, location_id: UUID, id: UUID, now: datetime) -> Row:
    """With its next appointment that has not ended, else without. Raises the 404 problem, also for those of
    others."""
    query = _with_appointments(_coming.end_at > now).where(of(location_id), _visit.id == id)
    found = (await read.execute(query.order_by(_coming.start_at).limit(1))).first()
    if found is None:
        raise not_found("visit")
    return found


async def history(read: Reading, location_id: UUID, id: UUID) -> Sequence[Row]:
    """Its statuses, oldest first."""
    query = (
        select(status_record.c.status, status_record.c.at)
        .join_from(status_record, dispatch_record, _visit.id == status_record.c.dispatch_id)
        .where(of(location_id), _visit.id == id)
    )
    return (await read.execute(query.order_by(status_record.c.version))).all()


async def photos(read: Reading, location_id: UUID, id: UUID) -> list[UUID]:
    query = select(photo.c.id).where(photo.c.request_id == id, photo.c.location_id == location_id)
    return list((await read.execute(query.order_by(photo.c.id))).scalars())


async def changes(read: Reading, location_id: UUID, id: UUID) -> Sequence[Row]:
    """What was asked, newest first."""
    mine = (visit_change.c.dispatch_id == id) & (visit_change.c.location_id == location_id)
    query = select(visit_change).where(mine).order_by(visit_change.c.asked_at.desc()).limit(50)
    return (await read.execute(query)).all()


def _first_of_each(rows: Sequence[Row]) -> list[Row]:
    first: dict[UUID, Row] = {}
    for row in rows:
        first.setdefault(row.id, row)
    return list(first.values())
