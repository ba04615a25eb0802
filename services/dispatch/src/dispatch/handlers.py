"""Events in: each type to its flow, a batch at a time."""

from collections.abc import Sequence
from typing import Any

from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchMentioned, DispatchReceived
from shared.events.portal import CompanyChanged, RequestChangeAsked, ServiceRequested
from shared.service import Handlers
from shared.work import Work

from dispatch.flows import company
from dispatch.flows.heard import match, mention
from dispatch.flows.received import receive
from dispatch.flows.requests import change_visits, take_requests

handlers = Handlers()


@handlers.on(DispatchReceived)
async def received(work: Work[Any], events: Sequence[DispatchReceived]) -> None:
    await receive(work, events)


@handlers.on(CustomerMatched)
async def matched(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    await match(work, events)


@handlers.on(DispatchMentioned)
async def mentioned(work: Work[Any], events: Sequence[DispatchMentioned]) -> None:
    await mention(work, events)


@handlers.on(ServiceRequested)
async def requested(work: Work[Any], events: Sequence[ServiceRequested]) -> None:
    await take_requests(work, events)


@handlers.on(RequestChangeAsked)
async def change_asked(work: Work[Any], events: Sequence[RequestChangeAsked]) -> None:
    await change_visits(work, events)


@handlers.on(CompanyChanged)
async def company_changed(work: Work[Any], events: Sequence[CompanyChanged]) -> None:
    await company.keep(work, events)
