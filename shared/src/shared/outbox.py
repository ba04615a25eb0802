"""The outbox relay: lease rows → publish with confirms → settle. No transaction is open while publishing.

Rows go out in the order of their numbers, also after a crash or an outage: a cancellation must not overtake
its dispatch. So what is leased, or waits for its next try, holds back all that is behind it. What the bus
refuses although it is there is parked after some tries, and what follows of its subject waits with it."""

import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, func, select, update

from shared.backlog import measure
from shared.batches import one_of
from shared.clock import mend_times
from shared.db import utcnow
from shared.fault import fault
from shared.outgoing import Round, Row
from shared.parked import park, subjects
from shared.tables import idempotency, inbox, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.service import Running

LOCK = 0x0B0C  # of this service's database alone
ROWS = 1000
LONGEST_PAUSE = 10.0
MEASURE_SECONDS = 15.0
KEEP = timedelta(days=7)


async def relay(running: "Running[Any]") -> None:
    """Sends what committed. Several may run; one of them has rows at a time, until its lease ends."""
    swept = measured = float("-inf")
    while not running.stopping.is_set():
        sent = await relay_once(running)
        if time.monotonic() - measured > MEASURE_SECONDS:
            await mend_times(running)
            await measure(running)
            measured = time.monotonic()
        if sent is None:
            await running.pause(0.5, "relay")
        elif sent == 0:
            if time.monotonic() - swept > 3600:
                await _sweep(running)
                swept = time.monotonic()
            await running.pause(1.0, "relay")


async def relay_once(running: "Running[Any]") -> int | None:
    """How many rows went out; None where the bus refused some, which stay for later."""
    round = await _lease(running)
    if round is None:
        return 0
    await round.publish()
    fault(f"after_{running.name}_publish")
    await _settle(running, round)
    return None if round.held else len(round.sent)


async def _lease(running: "Running[Any]") -> Round | None:
    """The next rows. The lease stands on the first of them alone, which holds back all behind it: a lease on
    each wrote every event once more."""
    if running.database.is_sqlite and await _is_idle(running):
        return None
    now = utcnow()
    async with running.database.transaction() as session:
        if not running.database.is_sqlite:  # where one connection writes, nobody looks at the same time
            await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        rows = [Row(*row) for row in await session.execute(_free(now))]
        if not rows:
            return None
        until = now + timedelta(seconds=running.settings.lease_seconds)
        lease = update(outbox).where(outbox.c.seq == rows[0].seq)
        await session.execute(lease.values(due_at=until, attempts=outbox.c.attempts + 1))
        return Round(running, rows, until, await subjects(session))


def _free(now: datetime) -> Select[int, str, str, int, int]:
    held = select(func.min(outbox.c.seq)).where(outbox.c.due_at > now).scalar_subquery()
    columns = (outbox.c.seq, outbox.c.name, outbox.c.body, outbox.c.attempts, outbox.c.refusals)
    free = outbox.c.seq < func.coalesce(held, sys.maxsize)
    return select(*columns).where(free).order_by(outbox.c.seq).limit(ROWS)


async def _is_idle(running: "Running[Any]") -> bool:
    """On SQLite an empty poll must not take the write lock."""
    async with running.database.read() as read:
        return (await read.execute(select(outbox.c.seq).limit(1))).first() is None


async def _settle(running: "Running[Any]", round: Round) -> None:
    """What was sent goes, whoever has the lease by now; the rest is for its holder to decide."""
    async with running.database.transaction() as session:
        ours = await session.scalar(
            select(outbox.c.seq).where(outbox.c.seq == round.first, outbox.c.due_at == round.until)
        )
        if round.sent:
            await session.execute(delete(outbox).where(one_of(session, outbox.c.seq, round.sent)))
        if ours is None:
            return
        await _set_aside(session, running.name, round)
        if round.refused is not None:
            refusals = update(outbox).where(outbox.c.seq == round.refused.seq)
            await session.execute(refusals.values(refusals=round.refused.refusals))
        if round.held:
            first = min(round.held, key=lambda row: row.seq)
            tries = round.refused.refusals if round.refused else first.attempts
            due = utcnow() + timedelta(seconds=min(0.5 * 2 ** min(tries, 5), LONGEST_PAUSE))
            await session.execute(update(outbox).where(outbox.c.seq == first.seq).values(due_at=due))


async def _set_aside(session: "AsyncSession", service: str, round: Round) -> None:
    """What follows a parked row waits with it only as long as that one is still there: somebody may have
    brought it back meanwhile. Nothing stands aside before an earlier row of its subject is out."""
    if not round.aside:
        return
    there = await subjects(session)
    before: dict[str | None, int] = {}
    for row in round.held:
        before.setdefault(row.subject, row.seq)
    aside: list[tuple[Row, str]] = []
    for row, reason, alone in sorted(round.aside, key=lambda each: each[0].seq):
        if before.get(row.subject, row.seq) < row.seq and row.subject is not None:
            continue
        if alone:
            there |= {row.subject} if row.subject is not None else set()
        elif row.subject not in there:
            continue
        aside.append((row, reason))
    await park(session, service, [row.parked(reason) for row, reason in aside])
    if aside:
        gone = one_of(session, outbox.c.seq, [row.seq for row, _ in aside])
        await session.execute(delete(outbox).where(gone))


async def _sweep(running: "Running[Any]") -> None:
    """Forgets what no repeat can ask for any more."""
    async with running.database.transaction() as session:
        await session.execute(delete(inbox).where(inbox.c.received_at < utcnow() - KEEP))
        await session.execute(delete(idempotency).where(idempotency.c.at < utcnow() - KEEP))
