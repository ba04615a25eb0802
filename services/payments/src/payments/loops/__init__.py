"""What runs beside requests and events."""

from shared.service import Running

from payments.flows import connections
from payments.flows.janitor import look_through
from payments.flows.reconciliation import compare_day, day_to_compare
from payments.flows.webhooks import apply_waiting
from payments.loops.mail import mail as mail
from payments.tools import Tools


async def janitor(running: Running[Tools]) -> None:
    """Looks at unsettled payments. Several may run."""
    while not running.stopping.is_set():
        if not await look_through(running):
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
        await compare_day(running, day_to_compare())
        await running.pause(6 * 3600, "reconcile")
