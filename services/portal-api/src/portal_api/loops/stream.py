"""Rings the bells of those who listen in this process, and forgets what is old."""

import time
from datetime import timedelta
from typing import Any

from shared.db import utcnow
from shared.service import Running

from portal_api.flows.stream import forget
from portal_api.hub import Hub
from portal_api.queries.stream import allowed_still, heads, newest
from portal_api.tools import Tools

POLL = 1.0  # seconds until the next look when no transaction of this process woke us
CHECK = 2.0  # between two looks whether the listeners may still listen
_SWEEP = timedelta(minutes=1)


async def stream_hub(running: Running[Tools]) -> None:
    """One cheap look a second for all listeners of the process; none while nobody listens."""
    hub, swept, checked = running.tools.hub, utcnow(), 0.0
    while not running.stopping.is_set():
        if utcnow() - swept > _SWEEP:
            async with running.work() as work:
                await forget(work)
            swept = utcnow()
        if hub.listeners:
            await _ring(running, hub)
            if time.monotonic() - checked >= CHECK:
                await _check(running, hub)
                checked = time.monotonic()
        else:
            hub.seen = None
        await running.pause(POLL, "stream_hub")


async def _ring(running: Running[Any], hub: Hub) -> None:
    async with running.database.read() as read:
        if hub.seen is None:
            hub.seen = await newest(read)
            return hub.ring()
        found = await heads(read, hub.seen)
    if found:
        hub.seen = found[-1].id
        hub.ring({row.location_id for row in found})
    return None


async def _check(running: Running[Any], hub: Hub) -> None:
    listeners = list(hub.listeners)
    async with running.database.read() as read:
        still = await allowed_still(read, [each.audience for each in listeners], utcnow())
    for each in listeners:
        if each.audience not in still:
            hub.end(each)
