"""What waits in a service, told cheaply however much it is."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import utcnow
from shared.tables import dead_letter, outbox, parked
from shared.telemetry import DEAD, OUTBOX, OUTBOX_AGE, PARKED_NOW
from shared.wire import read_one

if TYPE_CHECKING:
    from shared.service import Running

MOST = 1000
"""Rows are counted up to here: to count a million takes seconds."""


class Backlog(NamedTuple):
    outbox: int
    since: datetime | None
    """When the first that waits in the outbox was said."""
    parked: int
    dead: int
    """In the table of dead letters, which is used where there is no broker."""


async def backlog(read: AsyncConnection) -> Backlog:
    async def count(table: Any) -> int:
        some = select(1).select_from(table).limit(MOST).subquery()
        return (await read.execute(select(func.count()).select_from(some))).scalar_one()

    first = (await read.execute(select(outbox.c.body).order_by(outbox.c.seq).limit(1))).scalar()
    since = None if first is None else said_at(first)
    return Backlog(await count(outbox), since, await count(parked), await count(dead_letter))


async def measure(running: "Running[Any]") -> None:
    async with running.database.read() as read:
        found = await backlog(read)
    age = max(0.0, (utcnow() - found.since).total_seconds()) if found.since else 0.0
    OUTBOX.labels(running.name).set(found.outbox)
    OUTBOX_AGE.labels(running.name).set(age)
    PARKED_NOW.labels(running.name).set(found.parked)
    DEAD.labels(running.name).set(found.dead)


def said_at(body: str) -> datetime | None:
    """When an event of the outbox was said; None where it does not say."""
    found = read_one(body)
    said = found.get("time") if isinstance(found, dict) else None
    try:
        time = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None
