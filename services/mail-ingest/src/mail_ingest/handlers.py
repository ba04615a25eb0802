"""Events in."""

from collections.abc import Sequence

from shared.events.dispatch import DispatchResolved
from shared.events.portal import CompanyChanged
from shared.service import Handlers
from shared.work import Work

from mail_ingest.flows import company, reading
from mail_ingest.tools import Tools

handlers = Handlers()


@handlers.on(DispatchResolved)
async def resolved(work: Work[Tools], events: Sequence[DispatchResolved]) -> None:
    await reading.resolve(work, events)


@handlers.on(CompanyChanged)
async def company_changed(work: Work[Tools], events: Sequence[CompanyChanged]) -> None:
    await company.keep(work, events)
