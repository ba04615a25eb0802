"""What customers say themselves: which dispatch is theirs, and what is wrong with their record."""

from collections.abc import Sequence
from typing import Any

from shared.batches import insert_rows
from shared.events.dispatch import DispatchCreated
from shared.events.portal import CustomerChangeAnswered, CustomerChangeRequested
from shared.work import Work
from sqlalchemy import select

from customer.claims import claim_of
from customer.flows.records import CUSTOMER, LOCATION, edit
from customer.models import customer, location, match


async def know(work: Work[Any], events: Sequence[DispatchCreated]) -> None:
    """Dispatches that a customer asked for belong to who asked: they are never matched, and move with their
    customer when it is merged."""
    rows = [
        {
            "dispatch_id": event.dispatch_id,
            "dispatch_version": event.version,
            "version": 1,
            "state": "confirmed",
            "score": 100,
            "reasons": ["the customer asked for it"],
            "ranked": [],
            "customer_id": event.customer_id,
            "location_id": event.location_id,
            "bill_to_id": None,
            "said": claim_of(event.content, partner=event.partner, bill_to=None).model_dump_json(
                exclude_defaults=True, exclude_none=True
            ),
            "decided_by": None,
            "created_at": work.now,
            "updated_at": work.now,
        }
        for event in events
    ]
    if rows:
        await insert_rows(work.session, match, rows, ignore=["dispatch_id"])


async def apply_changes(work: Work[Any], events: Sequence[CustomerChangeRequested]) -> None:
    """Writes each change, or refuses it with a reason that the customer is shown."""
    for event in events:
        reason = await _apply(work, event)
        state: Any = "refused" if reason else "applied"
        about = {"change_id": event.change_id, "customer_id": event.customer_id}
        work.emit(CustomerChangeAnswered(**about, state=state, reason=reason), event.customer_id)


async def _apply(work: Work[Any], event: CustomerChangeRequested) -> str | None:
    """The reason why not. Both rows are locked and looked at first: all of it is applied, or nothing."""
    query = (
        select(location.c.version, location.c.closed, customer.c.version.label("owner"))
        .join_from(location, customer, location.c.customer_id == customer.c.id)
        .where(location.c.id == event.location_id, customer.c.id == event.customer_id, ~customer.c.closed)
        .with_for_update()
    )
    found = (await work.session.execute(query)).one_or_none()
    if found is None or found.closed:
        return "This record is closed or was joined with another. Call our office."
    if (found.version, found.owner) != (event.location_version, event.customer_version):
        return "Our office changed this record in the meantime. Look at it again, then change it."
    who = f"account {event.account_id}"
    wanted = event.edit.model_dump(exclude_none=True)
    address = wanted.pop("address", None)
    if wanted:
        await edit(
            work, CUSTOMER, id=event.customer_id, based_on=event.customer_version, values=wanted, who=who
        )
    if address is not None:
        values = {"address": address}
        await edit(
            work, LOCATION, id=event.location_id, based_on=event.location_version, values=values, who=who
        )
    return None
