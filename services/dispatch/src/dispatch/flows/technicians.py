"""Technicians."""

from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.etag import check_version
from shared.events.technician import TechnicianChanged
from shared.problems import Problem
from shared.work import Work
from sqlalchemy import insert, select, update
from sqlalchemy.sql.selectable import TypedReturnsRows

from dispatch.models import technician
from dispatch.queries import one


async def add_technician(work: Work[Any], *, values: dict[str, Any], who: str) -> UUID:
    id = uuid7()
    await _make_room(work, id, values)
    added = insert(technician).values({"id": id, "version": 1, **values}).returning(technician)
    await _write(work, added)
    work.audit(who=who, action="technician.added", subject=id, after=values)
    return id


async def edit_technician(
    work: Work[Any], *, id: UUID, based_on: int, values: dict[str, Any], who: str
) -> None:
    """One who is no longer active keeps past work and gets none."""
    await _make_room(work, id, values)
    before = await one(work.session, technician, id, "technician")
    check_version(based_on, before["version"])
    this = update(technician).where(technician.c.id == id)
    await _write(work, this.values(**values, version=based_on + 1).returning(technician))
    shown = {name: before[name] for name in values}
    work.audit(who=who, action="technician.edited", subject=id, before=shown, after=values)


async def _make_room(work: Work[Any], id: UUID, values: dict[str, Any]) -> None:
    """Locks the technicians, in one order for all. The default one passes its place on before another takes
    it."""
    await work.session.execute(select(technician.c.id).order_by(technician.c.id).with_for_update())
    if not values["is_default"]:
        return
    if not values["active"]:
        raise Problem(422, "The default technician must be active")
    others = update(technician).where(technician.c.is_default, technician.c.id != id)
    passed = others.values(is_default=False, version=technician.c.version + 1).returning(technician)
    await _write(work, passed)


async def _write(work: Work[Any], statement: TypedReturnsRows[Any]) -> None:
    for row in (await work.session.execute(statement)).mappings().all():
        event = TechnicianChanged(
            technician_id=row["id"],
            version=row["version"],
            name=row["name"],
            is_default=row["is_default"],
            retired=not row["active"],
        )
        work.emit(event, row["id"])
