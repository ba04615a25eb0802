"""A window that a customer chose is theirs until it has become an appointment: one of two who want it
wins."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.batches import insert_rows
from shared.problems import Problem, conflict
from shared.work import Work
from sqlalchemy import delete

from portal_api.models.requests import held
from portal_api.queries.free import DAYS, busy, calendar_of, technician_for
from portal_api.windows import Window, quarters


async def hold(
    work: Work[Any], *, location_id: UUID, dispatch_id: UUID, start: datetime, instead: bool = False
) -> Window:
    """Takes the window that begins at `start` for the dispatch; with `instead` its own time does not
    count. Raises 422 for what is no window of the company, and 409 with the next free ones where it is
    taken."""
    calendar = await calendar_of(work.session, location_id)
    chosen = calendar.window_at(start)
    if chosen is None or chosen.start <= work.now or (chosen.start - work.now).days >= DAYS:
        raise Problem(422, "This time cannot be chosen", "Choose one of GET /v1/me/windows.")
    technician = await technician_for(work.session, dispatch_id if instead else None, work.now)
    # The key comes first and waits for whoever is taking the same time; what has become an appointment
    # meanwhile is seen afterwards.
    rows = [
        {"technician_id": technician, "quarter": each, "dispatch_id": dispatch_id}
        for each in quarters(chosen)
    ]
    if instead:
        await release(work, [dispatch_id])
    await insert_rows(work.session, held, rows, ignore=["technician_id", "quarter"])
    taken = await busy(work.session, technician, work.now, besides=dispatch_id)
    if any(chosen.overlaps(each) for each in taken):
        free = calendar.free(taken, now=work.now, days=DAYS)[:5]
        shown = [{"start": each.start.isoformat(), "end": each.end.isoformat()} for each in free]
        raise conflict("Somebody else has just taken this time", "Choose another one.", free=shown)
    return chosen


async def release(work: Work[Any], dispatch_ids: Iterable[UUID]) -> None:
    """Gives back what is held for these dispatches: it is an appointment now, or not wanted any more."""
    await work.session.execute(delete(held).where(held.c.dispatch_id.in_(set(dispatch_ids))))
