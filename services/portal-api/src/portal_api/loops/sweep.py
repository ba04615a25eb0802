"""Removes what is over."""

from typing import Any

from shared.service import Running

from portal_api.flows.retention import forget_mails
from portal_api.flows.sessions import sweep_sessions
from portal_api.flows.throttle import sweep_attempts

_MINUTE = 60.0


async def sweep(running: Running[Any]) -> None:
    while not running.stopping.is_set():
        async with running.work() as work:
            await sweep_sessions(work)
            await sweep_attempts(work)
            more = await forget_mails(work)
        if not more:
            await running.pause(_MINUTE, "sweep")
