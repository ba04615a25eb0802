"""The outbox relay: lease rows → publish with confirms → settle. No transaction is open while publishing.

Rows go out in the order of their numbers, also after a crash or an outage: a cancellation must not overtake
its dispatch. So what is leased, or waits for its next try, holds back all that is behind it."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import delete, func, select, update

from shared.batches import one_of
from shared.bus import BusDown
from shared.db import utcnow
from shared.fault import fault
from shared.tables import idempotency, inbox, outbox
from shared.telemetry import PUBLISHED

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

LOCK = 0x0B0C  # of this service's database alone
ROWS = 1000
BATCH = 250
PUBLISH_SECONDS = 20.0
KEEP = timedelta(days=7)


async def relay(running: "Running[Any]") -> None:
    """Sends what committed. Several may run; one of them has rows at a time, until its lease ends."""
    swept = 0.0
    while not running.stopping.is_set():
        sent = await relay_once(running)
        if sent is None:
            await running.pause(0.5, "relay")
        elif sent == 0:
            if time.monotonic() - swept > 3600:
                await _sweep(running)
                swept = time.monotonic()
            await running.pause(1.0, "relay")


async def relay_once(running: "Running[Any]") -> int | None:
    """How many rows went out; None where the bus refused some, which stay for later."""
    rows = await _lease(running)
    if not rows:
        return 0
    by_name: dict[str, list[Any]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    sent: list[int] = []
    refused: list[Any] = []
    for name, group in by_name.items():
        for start in range(0, len(group), BATCH):
            batch = group[start : start + BATCH]
            if refused or not await _publish(running, name, batch):
                refused += batch
            else:
                sent += [row.seq for row in batch]
    fault(f"after_{running.name}_publish")
    await _settle(running, sent, refused)
    return None if refused else len(sent)


async def _lease(running: "Running[Any]") -> Sequence[Any]:
    """The next rows. The lease stands on the first of them alone, which holds back all behind it: a lease on
    each wrote every event once more."""
    if running.database.is_sqlite and await _is_idle(running):
        return []
    now = utcnow()
    held = select(func.min(outbox.c.seq)).where(outbox.c.due_at > now).scalar_subquery()
    free = outbox.c.seq < func.coalesce(held, sys.maxsize)
    columns = (outbox.c.seq, outbox.c.name, outbox.c.body, outbox.c.attempts)
    query = select(*columns).where(free).order_by(outbox.c.seq).limit(ROWS)
    async with running.database.transaction() as session:
        if not running.database.is_sqlite:  # where one connection writes, nobody looks at the same time
            await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        rows = (await session.execute(query)).all()
        if rows:
            until = now + timedelta(seconds=running.settings.lease_seconds)
            lease = update(outbox).where(outbox.c.seq == rows[0].seq)
            await session.execute(lease.values(due_at=until, attempts=outbox.c.attempts + 1))
        return rows


async def _is_idle(running: "Running[Any]") -> bool:
    """On SQLite an empty poll must not take the write lock."""
    async with running.database.read() as read:
        return (await read.execute(select(outbox.c.seq).limit(1))).first() is None


async def _publish(running: "Running[Any]", name: str, batch: list[Any]) -> bool:
    """Publishes in a task of its own: a broker that stalls ends the await with a CancelledError, which
    must not end the relay."""
    body = "[" + ",".join(row.body for row in batch) + "]"
    task = asyncio.create_task(running.bus.publish(name, body.encode(), running.name))
    done, _ = await asyncio.wait({task}, timeout=PUBLISH_SECONDS)
    if not done:
        task.cancel()
        log.warning("publish_timed_out", service=running.name, name=name)
        return False
    if task.cancelled():
        log.warning("publish_cancelled_by_broker", service=running.name, name=name)
        return False
    error = task.exception()
    if error is None:
        PUBLISHED.labels(running.name, name).inc(len(batch))
        return True
    if not isinstance(error, (BusDown, OSError)):
        log.error("publish_failed", service=running.name, name=name, error=repr(error))
    return False


async def _settle(running: "Running[Any]", sent: list[int], refused: list[Any]) -> None:
    async with running.database.transaction() as session:
        if sent:
            await session.execute(delete(outbox).where(one_of(session, outbox.c.seq, sent)))
        if refused:
            first = min(refused, key=lambda row: row.seq)
            due = utcnow() + timedelta(seconds=min(0.5 * 2 ** min(first.attempts, 5), 10))
            await session.execute(update(outbox).where(outbox.c.seq == first.seq).values(due_at=due))


async def _sweep(running: "Running[Any]") -> None:
    """Forgets what no repeat can ask for any more."""
    async with running.database.transaction() as session:
        await session.execute(delete(inbox).where(inbox.c.received_at < utcnow() - KEEP))
        await session.execute(delete(idempotency).where(idempotency.c.at < utcnow() - KEEP))
