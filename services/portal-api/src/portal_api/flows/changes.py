"""What became of the changes that customers asked for."""

from collections.abc import Sequence
from typing import Any

from portal_api.models.requests import record_change, visit_change
from shared.events.portal import CustomerChangeAnswered, RequestChangeAnswered
from shared.work import Work
from sqlalchemy import update


async def settle_visits(work: Work[Any], events: Sequence[RequestChangeAnswered]) -> None:
    for event in events:
        this = update(visit_change).where(
            visit_change.c.id == event.change_id, visit_change.c.state == "asked"
        )
        await work.session.execute(this.values(state=event.state, answer=event.reason, open_key=None))


async def settle_edits(work: Work[Any], events: Sequence[CustomerChangeAnswered]) -> None:
    for event in events:
        this = update(record_change).where(record_change.c.id == event.change_id)
        await work.session.execute(this.values(state=event.state, answer=event.reason))
