"""What runs beside requests and events."""

import asyncio
from uuid import UUID

import structlog
from shared.failures import is_outage
from shared.service import Running

from payments.flows import cards, connections
from payments.flows.janitor import accounts_due, look_through_account
from payments.flows.pages import mark_unneeded
from payments.flows.reconciliation import compare_due
from payments.flows.reminders import remind
from payments.flows.webhooks import apply_waiting
from payments.loops.mail import mail as mail
from payments.tools import Tools

log = structlog.get_logger()


async def janitor(running: Running[Tools]) -> None:
    """Looks at unsettled payments, at every gateway account in a task of its own. Several may run."""
    busy: set[UUID] = set()

    async def look(account_id: UUID) -> None:
        try:
            if await look_through_account(running, account_id):
                running.wake("janitor")  # there may be more
        except Exception as error:
            level = log.warning if is_outage(error) else log.exception
            level("janitor_account_failed", account=str(account_id), error=type(error).__name__)
        finally:
            busy.discard(account_id)

    async with asyncio.TaskGroup() as tasks:
        while not running.stopping.is_set():
            await mark_unneeded(running)
            for id in await accounts_due(running):
                if id not in busy:
                    busy.add(id)
                    tasks.create_task(look(id))
            await running.pause(running.settings.janitor_seconds, "janitor")


async def webhooks(running: Running[Tools]) -> None:
    """Applies what gateways told. Several may run."""
    while not running.stopping.is_set():
        await apply_waiting(running)
        await running.pause(1.0, "webhooks")


async def reconcile(running: Running[Tools]) -> None:
    """Holds the gateways' lists against our books, and looks whether accounts must be connected again. A
    difference is found once, however often."""
    while not running.stopping.is_set():
        async with running.work() as work:
            await connections.warn(work)
            await cards.forget_removed(work)
        await compare_due(running)
        await running.pause(6 * 3600, "reconcile")


async def reminders(running: Running[Tools]) -> None:
    """Queues reminders of overdue invoices. Several may run: a step is taken once."""
    while not running.stopping.is_set():
        after: UUID | None = None
        while not running.stopping.is_set():
            async with running.work() as work:
                after = await remind(work, after)
            if after is None:
                break
        await running.pause(900, "reminders")
