"""Times that a clock which was ahead has set: what is due in an hour, although nothing waits that long, is
due now. PostgreSQL's clock is the judge, so that a process whose own is behind takes nothing from others."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Column, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Row, utcnow
from shared.tables import outbox

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

SLACK = 5.0  # seconds that clocks of honest machines differ
AT_ONCE = 500  # the furthest come first


@dataclass(frozen=True)
class Due:
    """A column that says when a row is due, or until when it is leased. `longest`: the most seconds from now
    that it says rightly, of a row with the columns of `known`. The table has one key."""

    column: Column[Any]
    longest: Callable[[Any, Row], float]
    known: tuple[str, ...] = ()


def lease(settings: Any, _row: Row) -> float:
    return settings.lease_seconds


OUTBOX = Due(outbox.c.due_at, lambda settings, _: max(settings.lease_seconds, 10.0))


async def mend_times(running: "Running[Any]") -> None:
    for due in (OUTBOX, *running.service.due):
        await mend(running, due)


async def mend(running: "Running[Any]", due: Due) -> int:
    """How many rows were due too late."""
    table = due.column.table
    key = next(iter(table.primary_key.columns))
    known = (table.c[name] for name in due.known)
    columns = (key.label("key"), due.column.label("until"), *known)
    query: Select[Any] = select(*columns).order_by(due.column.desc())
    near = utcnow() + timedelta(seconds=SLACK)
    async with running.database.read() as read:  # most often there is none, and nothing to lock
        if (await read.execute(select(key).where(due.column > near).limit(1))).first() is None:
            return 0
    async with running.database.transaction() as session:
        now = await _now(session, is_sqlite=running.database.is_sqlite)
        rows = (await session.execute(query.where(due.column > now).limit(AT_ONCE))).all()
        late = [
            row
            for row in rows
            if row.until - now > timedelta(seconds=due.longest(running.settings, row) + SLACK)
        ]
        for row in late:
            same = (key == row.key, due.column == row.until)
            await session.execute(update(table).where(*same).values({due.column.name: now}))
    if late:
        log.error("clock_was_ahead", service=running.name, table=table.name, rows=len(late))
    return len(late)


async def _now(session: AsyncSession, *, is_sqlite: bool) -> datetime:
    return utcnow() if is_sqlite else (await session.execute(select(func.now()))).scalar_one()
