"""Sees which mailboxes are due, and has each visited under its lease."""

import asyncio

import structlog
from shared.db import Row
from shared.service import Running

from mail_ingest import queries
from mail_ingest.flows import intake
from mail_ingest.loops.visit import Visited, visit
from mail_ingest.mailbox import MailboxError
from mail_ingest.tools import Tools

log = structlog.get_logger()


async def poll(running: Running[Tools]) -> None:
    """Visits every mailbox that is due, each in a task of its own: one that stalls stops no other."""
    visits: set[asyncio.Task[None]] = set()
    while not running.stopping.is_set():
        if await queries.mailbox_due(running):
            async with running.work() as work:
                due = await intake.lease_mailboxes(work)
            for box in due:
                started = asyncio.create_task(_visit(running, box))
                visits.add(started)
                started.add_done_callback(visits.discard)
        await running.pause(1.0, "poll")
    await asyncio.gather(*visits)


async def _visit(running: Running[Tools], box: Row) -> None:
    error: str | None = None
    again = False
    try:
        visited = await _leased(running, box, asyncio.create_task(visit(running, box)))
        again, error = visited.more, visited.error()
        if error:
            log.warning("mails_stay", mailbox=str(box.id), mails=len(visited.stays), kept=visited.kept)
    except intake.LeaseLost:
        log.warning("mailbox_lease_lost", mailbox=str(box.id))
        return
    except MailboxError as failure:
        error = str(failure)
        log.warning("mailbox_failed", mailbox=str(box.id), code=failure.code, error=error)
    except Exception as failure:
        error = f"Something went wrong on our side ({type(failure).__name__}); it is tried again."
        log.exception("mailbox_visit_failed", mailbox=str(box.id))
    async with running.work() as work:
        await intake.end_poll(work, box, 0 if again else box.poll_seconds, error)
    if again:
        running.wake("poll")


async def _leased(running: Running[Tools], box: Row, visit: asyncio.Task[Visited]) -> Visited:
    """The visit's result; keeps its lease alive, and ends it when the lease is gone all the same."""
    try:
        while not (await asyncio.wait({visit}, timeout=running.settings.lease_seconds / 3))[0]:
            async with running.work() as work:
                await intake.keep_lease(work, box)
        return await visit
    finally:
        visit.cancel()
