"""Alerts that a person has seen to."""

from typing import Any
from uuid import UUID

from shared.etag import check_version
from shared.problems import not_found
from shared.work import Work
from sqlalchemy import select, update

from payments.models import alert


async def settle_alert(work: Work[Any], *, id: UUID, based_on: int, note: str | None, who: str) -> None:
    query = select(alert).where(alert.c.id == id).with_for_update()
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise not_found("alert")
    check_version(based_on, row.version)
    values = {"settled_at": work.now, "settled_by": who, "note": note, "version": row.version + 1}
    await work.session.execute(update(alert).where(alert.c.id == id).values(values))
    work.audit(who=who, action="alert.settled", subject=id, after={"note": note})
