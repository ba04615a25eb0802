"""Events in."""

from collections.abc import Sequence
from typing import Any

from shared.events.dispatch import DispatchCreated, DispatchUpdated
from shared.service import Handlers
from shared.work import Work

from customer.flows.arrivals import arrive

handlers = Handlers()


@handlers.on(DispatchCreated)
async def created(work: Work[Any], events: Sequence[DispatchCreated]) -> None:
    await arrive(work, events)


@handlers.on(DispatchUpdated)
async def updated(work: Work[Any], events: Sequence[DispatchUpdated]) -> None:
    await arrive(work, events)
