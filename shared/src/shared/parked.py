"""Rows of the outbox that the bus does not take although it is there, and what follows them of the same
subject. They stand aside, so that their neighbours go on, until somebody brings them back."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import DeadLetter
from shared.db import utcnow
from shared.tables import outbox, parked
from shared.telemetry import PARKED

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()


async def subjects(session: AsyncSession) -> set[str]:
    """Whose events have to wait behind one that is parked."""
    query = select(parked.c.subject).where(parked.c.subject.is_not(None)).distinct()
    return {subject for subject in await session.scalars(query) if subject is not None}


async def park(session: AsyncSession, service: str, rows: Sequence[dict[str, Any]]) -> None:
    """`rows` have the columns id, name, subject, body, reason."""
    if not rows:
        return
    await session.execute(insert(parked), [{**row, "parked_at": utcnow()} for row in rows])
    for row in rows:
        PARKED.labels(service).inc()
        log.error("event_parked", service=service, name=row["name"], id=str(row["id"]), reason=row["reason"])


async def letters(running: "Running[Any]") -> list[DeadLetter]:
    query = select(parked.c.id, parked.c.name, parked.c.reason, parked.c.body).order_by(parked.c.place)
    async with running.database.read() as read:
        return [DeadLetter(*row) for row in await read.execute(query)]


async def bring_back(running: "Running[Any]", ids: Collection[UUID] | None = None) -> int:
    """Puts parked rows (None: all) before everything in the outbox; how many. With one come all of its
    subject, so that none overtakes another."""
    async with running.database.transaction() as session:
        rows = (await session.execute(select(parked).order_by(parked.c.place).with_for_update())).all()
        wanted = {row.subject for row in rows if ids is None or row.id in ids}
        back = [
            row
            for row in rows
            if ids is None or row.id in ids or (row.subject is not None and row.subject in wanted)
        ]
        if not back:
            return 0
        first = await session.scalar(select(func.min(outbox.c.seq)))
        start = (1 if first is None else first) - len(back)
        again = {"attempts": 0, "refusals": 0, "due_at": utcnow()}
        values = [
            {"seq": start + place, "name": row.name, "body": row.body, **again}
            for place, row in enumerate(back)
        ]
        await session.execute(insert(outbox), values)
        await session.execute(delete(parked).where(parked.c.place.in_([row.place for row in back])))
    running.wake("relay")
    return len(back)
