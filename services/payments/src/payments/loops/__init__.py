"""What runs beside requests and events."""

from shared.service import Running

from payments.flows.janitor import look_through
from payments.flows.webhooks import apply_waiting
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
