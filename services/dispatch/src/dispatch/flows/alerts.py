"""A person has looked."""

from typing import Any
from uuid import UUID

from shared.work import Work
from sqlalchemy import exists, select, update

from dispatch.models import alert, dispatch
from dispatch.queries import dispatch_row, one

_ABOUT_UPDATES = ("updated", "after_cancellation")


async def acknowledge(work: Work[Any], *, id: UUID, who: str) -> None:
    """Settles an alert; with its last open one the dispatch loses its flag. Again is no error."""
    found = await one(work.session, alert, id, "alert")
    if found["acknowledged_at"] is not None:
        return
    about = found["dispatch_id"]
    await dispatch_row(work.session, about)
    values = {"acknowledged_at": work.now, "acknowledged_by": who}
    await work.session.execute(update(alert).where(alert.c.id == id).values(**values))
    still = exists().where(alert.c.dispatch_id == about, alert.c.acknowledged_at.is_(None))
    flags = {
        "needs_attention": select(still).scalar_subquery(),
        "updated_by_partner": select(still.where(alert.c.kind.in_(_ABOUT_UPDATES))).scalar_subquery(),
    }
    await work.session.execute(update(dispatch).where(dispatch.c.id == about).values(**flags))
    work.audit(who=who, action="alert.acknowledged", subject=id, before={"kind": found["kind"]})
