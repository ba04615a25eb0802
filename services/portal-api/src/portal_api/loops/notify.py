"""Tells customers what was noted for them."""

from shared.db import utcnow
from shared.service import Running
from sqlalchemy import select

from portal_api.flows.notices import tell_statuses
from portal_api.flows.reminders import remind_customers
from portal_api.models.messages import status_notice
from portal_api.tools import Tools

_NET = 5.0  # seconds until the next look when nobody woke the loop
_MINUTE = 60.0


async def notify(running: Running[Tools]) -> None:
    """Status mails."""
    while not running.stopping.is_set():
        waiting = select(status_notice.c.version).where(
            status_notice.c.state == "waiting", status_notice.c.due_at <= utcnow()
        )
        async with running.database.read() as read:  # an empty look must not lock out SQLite's writers
            found = (await read.execute(waiting.limit(1))).first() is not None
        if found:
            async with running.work() as work:
                await tell_statuses(work)
        else:
            await running.pause(_NET, "notify")


async def remind(running: Running[Tools]) -> None:
    """Appointment reminders, to the minute."""
    while not running.stopping.is_set():
        async with running.work() as work:
            found = await remind_customers(work)
        if not found:
            await running.pause(_MINUTE, "remind")
