"""Events in."""

from collections.abc import Sequence
from typing import Any

from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import DispatchCreated, DispatchUpdated
from shared.events.money import CardRemovalAsked
from shared.events.portal import CompanyChanged
from shared.service import Handlers
from shared.work import Work

from payments.flows import cards, heard

handlers = Handlers()


@handlers.on(DispatchCreated)
async def created(work: Work[Any], events: Sequence[DispatchCreated]) -> None:
    await heard.hear_dispatches(work, events)


@handlers.on(DispatchUpdated)
async def updated(work: Work[Any], events: Sequence[DispatchUpdated]) -> None:
    await heard.hear_dispatches(work, events)


@handlers.on(CustomerMatched)
async def matched(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    await heard.hear_matches(work, events)


@handlers.on(CustomerChanged)
async def customer(work: Work[Any], events: Sequence[CustomerChanged]) -> None:
    await heard.hear_customers(work, events)


@handlers.on(LocationChanged)
async def location(work: Work[Any], events: Sequence[LocationChanged]) -> None:
    await heard.hear_locations(work, events)


@handlers.on(CompanyChanged)
async def company(work: Work[Any], events: Sequence[CompanyChanged]) -> None:
    await heard.hear_company(work, events)


@handlers.on(CardRemovalAsked)
async def card_removal(work: Work[Any], events: Sequence[CardRemovalAsked]) -> None:
    await cards.hear_removals(work, events)
