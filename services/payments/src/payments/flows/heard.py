"""What other services said, into the read tables. An older version never overwrites a newer one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import insert_ignore
from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import DispatchCreated, DispatchUpdated
from shared.events.portal import CompanyChanged
from shared.work import Work
from sqlalchemy import Table, select, update

from payments.flows.news import touch
from payments.gateways.scrub import scrub
from payments.invoice import forbidding_words
from payments.models import company, customer, dispatch, invoice, location

_NO_DISPATCH = {"version": 0, "match_version": 0, "do_not_collect": False}


async def hear_dispatches(work: Work[Any], events: Sequence[DispatchCreated | DispatchUpdated]) -> None:
    """A dispatch that must not be collected for any more (or again may be) changes its invoices."""
    for event in events:
        said, values = event.content, _dispatch(event)
        await _start(work, dispatch, event.dispatch_id, _NO_DISPATCH)
        query = select(dispatch.c.version, dispatch.c.do_not_collect, dispatch.c.match_version)
        known = (await work.session.execute(query.where(dispatch.c.id == event.dispatch_id))).one()
        if known.version >= event.version:
            continue
        if isinstance(event, DispatchCreated) and event.customer_id and not known.match_version:
            values |= {"customer_id": event.customer_id, "location_id": event.location_id}
        await work.session.execute(update(dispatch).where(dispatch.c.id == event.dispatch_id).values(values))
        if known.do_not_collect != said.do_not_collect:
            query = select(invoice.c.id).where(
                invoice.c.dispatch_id == event.dispatch_id, invoice.c.state == "issued"
            )
            await touch(work, (await work.session.execute(query)).scalars().all())


def _dispatch(event: DispatchCreated | DispatchUpdated) -> dict[str, Any]:
    said = event.content
    words = forbidding_words(note.text for note in said.notes) if said.do_not_collect else None
    problem = ", ".join(line.description for line in said.lines if line.description)
    return {
        "version": event.version,
        "number": said.number,
        "partner": event.partner,
        "problem": scrub(problem)[:300] or None,
        "fee_open": said.fee.open if said.fee.open is not None else said.fee.amount,
        "currency": said.fee.currency,
        "do_not_collect": said.do_not_collect,
        "do_not_collect_because": scrub(words) if words else None,
    }


async def hear_matches(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    for event in events:
        if event.state == "review":
            continue
        await _start(work, dispatch, event.dispatch_id, _NO_DISPATCH)
        await work.session.execute(
            update(dispatch)
            .where(dispatch.c.id == event.dispatch_id, dispatch.c.match_version < event.match_version)
            .values(
                match_version=event.match_version,
                customer_id=event.customer_id,
                location_id=event.location_id,
                bill_to_id=event.bill_to_id,
            )
        )


async def hear_customers(work: Work[Any], events: Sequence[CustomerChanged]) -> None:
    for event in events:
        values = event.model_dump(include={"version", "number", "name", "kind", "email", "closed"})
        await _keep(work, customer, event.customer_id, {**values, "merged_into": event.merged_into})


async def hear_locations(work: Work[Any], events: Sequence[LocationChanged]) -> None:
    for event in events:
        values = event.model_dump(include={"version", "customer_id", "address", "zone", "closed"})
        await _keep(work, location, event.location_id, values)


async def hear_company(work: Work[Any], events: Sequence[CompanyChanged]) -> None:
    for event in events:
        content = event.model_dump(mode="json")
        await _keep(work, company, 1, {"version": event.version, "content": content})


async def _start(work: Work[Any], table: Table, id: UUID, values: dict[str, Any]) -> None:
    await work.session.execute(insert_ignore(work.session, table, ["id"]), [{"id": id, **values}])


async def _keep(work: Work[Any], table: Table, id: UUID | int, values: dict[str, Any]) -> None:
    await work.session.execute(insert_ignore(work.session, table, ["id"]), [{"id": id, **values}])
    newer = update(table).where(table.c.id == id, table.c.version < values["version"])
    await work.session.execute(newer.values(values))
