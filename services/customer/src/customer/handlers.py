"""Events in."""

from collections.abc import Sequence
from typing import Any

from shared.events.dispatch import DispatchCreated, DispatchUpdated
from shared.events.portal import CompanyChanged, CustomerChangeRequested
from shared.service import Handlers
from shared.work import Work

from customer.flows import company
from customer.flows.arrivals import arrive
from customer.flows.portal import apply_changes, know

handlers = Handlers()


@handlers.on(DispatchCreated)
async def created(work: Work[Any], events: Sequence[DispatchCreated]) -> None:
    await know(work, [event for event in events if event.location_id is not None])
    await arrive(work, [event for event in events if event.location_id is None])


@handlers.on(DispatchUpdated)
async def updated(work: Work[Any], events: Sequence[DispatchUpdated]) -> None:
    await arrive(work, events)


@handlers.on(CustomerChangeRequested)
async def change_requested(work: Work[Any], events: Sequence[CustomerChangeRequested]) -> None:
    await apply_changes(work, events)


@handlers.on(CompanyChanged)
async def company_changed(work: Work[Any], events: Sequence[CompanyChanged]) -> None:
    await company.keep(work, events)
