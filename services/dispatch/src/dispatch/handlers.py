"""Events in: each type to its flow, a batch at a time."""

from collections.abc import Sequence
from typing import Any

from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchMentioned, DispatchReceived
from shared.service import Handlers
from shared.work import Work

from dispatch.flows.heard import match, mention
from dispatch.flows.received import receive

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
