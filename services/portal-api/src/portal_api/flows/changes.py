"""Changes that customers ask for and others decide: of their record here, of their visits in `requests`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.events.portal import (
    CustomerChangeAnswered,
    CustomerChangeRequested,
    CustomerEdit,
    RequestChangeAnswered,
)
from shared.problems import Problem
from shared.work import Work
from sqlalchemy import insert, update

from portal_api.flows.holding import release
from portal_api.models.requests import record_change, visit_change
from portal_api.queries.property import known_record


async def settle_visits(work: Work[Any], events: Sequence[RequestChangeAnswered]) -> None:
    for event in events:
        this = update(visit_change).where(
            visit_change.c.id == event.change_id, visit_change.c.state == "asked"
        )
        await work.session.execute(this.values(state=event.state, answer=event.reason, open_key=None))
    await release(work, [event.dispatch_id for event in events if event.state != "applied"])


async def ask_edit(
    work: Work[Any], *, account_id: UUID, location_id: UUID, seen: tuple[int, int], edit: CustomerEdit
) -> UUID:
    """`seen` are the versions of customer and location that the person saw. Raises the 412 problem where
    we know of newer ones already; the customer service looks again."""
    known = await known_record(work.session, location_id)
    if seen != (known.customer_version, known.location_version):
        raise Problem(412, "Our office changed this while you were typing", "Read it again, then edit.")
    id = uuid7()
    row = {"id": id, "customer_id": known.customer_id, "location_id": location_id, "account_id": account_id}
    row |= {"asked_at": work.now, "edit": edit.model_dump(mode="json", exclude_none=True), "state": "asked"}
    await work.session.execute(insert(record_change), [row])
    event = CustomerChangeRequested(
        change_id=id,
        customer_id=known.customer_id,
        location_id=location_id,
        account_id=account_id,
        customer_version=seen[0],
        location_version=seen[1],
        edit=edit,
    )
    work.emit(event, known.customer_id)
    work.audit(who=str(account_id), action="record.change_asked", subject=known.customer_id)
    return id


async def settle_edits(work: Work[Any], events: Sequence[CustomerChangeAnswered]) -> None:
    for event in events:
        this = update(record_change).where(record_change.c.id == event.change_id)
        await work.session.execute(this.values(state=event.state, answer=event.reason))
