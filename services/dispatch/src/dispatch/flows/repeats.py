"""Telling again: open dispatches after a while, and one update by hand."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.problems import conflict
from shared.work import Work
from sqlalchemy import func, insert, select, update

from dispatch.flows.ledger import entry
from dispatch.models import delivery, dispatch
from dispatch.queries import associations, dispatch_row, one, told_partners

_AT_ONCE = 200


async def repeat_open(work: Work[Any]) -> int:
    """Queues the status of open dispatches that their partner was not told for `resend_hours`; partners take
    silence for neglect. Returns how many were looked at: more may wait."""
    partners = await told_partners(work.session)
    stale = work.now - timedelta(hours=work.settings.resend_hours)
    columns = [dispatch.c[name] for name in ("id", "version", "partner", "number", "status", "zone")]
    waiting = (
        select(*columns)
        .where(~dispatch.c.closed, dispatch.c.partner.in_(partners), dispatch.c.told_at < stale)
        .order_by(dispatch.c.told_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = (await work.session.execute(waiting)).mappings().all() if partners else []
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    last = await _last(work, ids)
    known = await associations(work.session, partners)
    new: list[dict[str, Any]] = []
    for row in rows:
        before = last.get(row["id"])
        if before is not None and before["settled_at"] is None:
            continue  # it is still being told
        time = before["carries"] if before and before["status"] == row["status"] else None
        told = entry(
            row,
            known.get(row["partner"]),
            now=work.now,
            cause="repeat",
            changed_at=time,
            appointment_at=time,
        )
        new += [told] if told else []
    if new:
        await work.session.execute(insert(delivery), new)
        work.wake("deliver")
    await work.session.execute(update(dispatch).where(dispatch.c.id.in_(ids)).values(told_at=work.now))
    return len(rows)


async def resend(work: Work[Any], *, id: UUID, who: str) -> None:
    """Sends a settled update once more, under its own id. Only a dispatch's newest one: an older status sent
    after it would leave the partner with what is no longer true."""
    found = await one(work.session, delivery, id, "delivery")
    await dispatch_row(work.session, found["dispatch_id"])
    newest = (await _last(work, [found["dispatch_id"]]))[found["dispatch_id"]]
    if newest["id"] != id:
        raise conflict("A newer update was queued after this one", "Re-send the newest one instead.")
    if newest["settled_at"] is None:
        raise conflict("This update is still on its way", "Wait until it is settled.")
    again = {"state": "queued", "attempts": 0, "due_at": work.now, "settled_at": None}
    await work.session.execute(update(delivery).where(delivery.c.id == id).values(**again))
    work.audit(who=who, action="delivery.resent", subject=id, before={"state": newest["state"]})
    work.wake("deliver")


async def _last(work: Work[Any], ids: list[UUID]) -> dict[UUID, Mapping[Any, Any]]:
    """The newest delivery of each dispatch."""
    place = func.row_number().over(
        partition_by=delivery.c.dispatch_id, order_by=(delivery.c.version.desc(), delivery.c.id.desc())
    )
    ranked = select(delivery, place.label("place")).where(delivery.c.dispatch_id.in_(ids)).subquery()
    rows = (await work.session.execute(select(ranked).where(ranked.c.place == 1))).mappings()
    return {row["dispatch_id"]: row for row in rows}
