"""Mails that are over, and what was noted for them, are erased in time."""

from datetime import timedelta
from typing import Any

from shared.work import Work
from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from portal_api.models.messages import outgoing, reminder, status_notice

_BATCH = 1000
_OVER = (
    (outgoing, outgoing.c.due_at, ("sent", "failed", "suppressed")),
    (status_notice, status_notice.c.due_at, ("told", "nobody", "off")),
    (reminder, reminder.c.start_at, ("waiting", "changed", "done")),
)


async def forget_mails(work: Work[Any]) -> bool:
    """At most a batch of each. Gives back whether there may be more."""
    before = work.now - timedelta(days=work.settings.outgoing_keep_days)
    more = False
    for table, time, states in _OVER:
        old = table.c.state.in_(states), time < before
        more |= await _erase(work, table, *old) == _BATCH
    return more


async def _erase(work: Work[Any], table: Table, *old: ColumnElement[bool]) -> int:
    key = list(table.primary_key)
    some = select(*key).where(*old).limit(_BATCH).with_for_update(skip_locked=True)
    rows = (await work.session.execute(some)).all()
    if rows:
        await work.session.execute(delete(table).where(tuple_(*key).in_([tuple(row) for row in rows])))
    return len(rows)
