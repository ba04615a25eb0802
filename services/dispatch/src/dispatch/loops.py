"""What runs beside requests and events: telling partners, and telling them again."""

import asyncio
import time
from typing import Any

import structlog
from shared.db import utcnow
from shared.secrets import SecretUnreadable
from shared.service import Running
from sqlalchemy import select

from dispatch.flows.deliveries import Leased, Sent, account_of, lease, settle
from dispatch.flows.repeats import repeat_open
from dispatch.models import delivery
from dispatch.partners import Update, Verdict
from dispatch.queries import default_zone
from dispatch.tools import Tools, tell_partner
from dispatch.windows import on_the_clock

log = structlog.get_logger()

_NET = 1.0  # seconds until the next look when nobody woke the loop


async def deliver(running: Running[Tools]) -> None:
    """Keeps up to `partner_connections` updates on their way, of different dispatches. Several may run."""
    flying: set[asyncio.Task[Sent]] = set()
    try:
        while not running.stopping.is_set():
            free = running.settings.partner_connections - len(flying)
            if free and await _is_waiting(running):
                async with running.work() as work:
                    leased = await lease(work, free)
                flying |= {asyncio.create_task(_send(running, one)) for one in leased}
            pause = asyncio.create_task(running.pause(_NET, "deliver"))
            await asyncio.wait({*flying, pause}, return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            flying = await _settle(running, flying)
    finally:
        if flying:
            await asyncio.wait(flying, timeout=running.settings.partner_seconds)
            await _settle(running, flying)


async def _is_waiting(running: Running[Tools]) -> bool:
    """An empty look must not open a transaction, which on SQLite would lock out the writers."""
    statement = select(delivery.c.id).where(delivery.c.settled_at.is_(None), delivery.c.due_at <= utcnow())
    async with running.database.read() as read:
        return (await read.execute(statement.limit(1))).first() is not None


async def _settle(running: Running[Tools], flying: set[asyncio.Task[Sent]]) -> set[asyncio.Task[Sent]]:
    done = {task for task in flying if task.done()}
    if done:
        async with running.work() as work:
            await settle(work, [task.result() for task in done])
    return flying - done


async def _send(running: Running[Tools], leased: Leased) -> Sent:
    row, started = leased.row, time.monotonic()
    try:
        account, protocol = account_of(running.settings, leased.account)
    except SecretUnreadable as error:
        verdict = Verdict("unknown", str(error))
    else:
        zone = row["zone"] or await _default_zone(running)
        verdict = await tell_partner(running.tools, protocol, account, _update(row, zone))
    seconds = time.monotonic() - started
    log.info("partner_told", number=row["number"], code=row["partner_code"], state=verdict.state)
    return Sent(row["id"], row["attempts"], seconds, verdict)


async def _default_zone(running: Running[Tools]) -> str:
    async with running.database.read() as read:
        return await default_zone(read, running.settings)


def _update(row: Any, zone: str) -> Update:
    carries = row["carries"]
    return Update(
        id=str(row["id"]),
        number=row["number"],
        code=row["partner_code"],
        name=row["partner_name"],
        at=carries,
        local=on_the_clock(carries, zone) if carries else None,
        note=row["note"],
        sent=utcnow(),
    )


async def repeat(running: Running[Tools]) -> None:
    """Tells open dispatches again every `resend_hours`."""
    while not running.stopping.is_set():
        if running.settings.resend_hours:
            async with running.work() as work:
                found = await repeat_open(work)
            if found:
                continue
        await running.pause(60, "repeat")
