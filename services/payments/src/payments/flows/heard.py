"""What other services said, into the read tables. An older version never overwrites a newer one."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from shared.batches import insert_rows, update_rows, upsert_newer
from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import DispatchCreated, DispatchUpdated
from shared.events.portal import CompanyChanged
from shared.work import Work
from sqlalchemy import select

from payments.flows.news import touch
from payments.gateways.scrub import scrub
from payments.invoice import forbidding_words
from payments.models import company, customer, dispatch, invoice, location

_NO_DISPATCH = {"version": 0, "match_version": 0, "do_not_collect": False}


async def hear_dispatches(work: Work[Any], events: Sequence[DispatchCreated | DispatchUpdated]) -> None:
    """A dispatch that must not be collected for any more (or again may be) changes its invoices."""
    await _start(work, [event.dispatch_id for event in events])
    query = select(dispatch).where(dispatch.c.id.in_({event.dispatch_id for event in events}))
    known = {row.id: row for row in await work.session.execute(query)}
    rows: dict[UUID, dict[str, Any]] = {}
    for event in sorted(events, key=lambda event: event.version):
        was = known[event.dispatch_id]
        if was.version >= event.version:
            continue
        owner = {"customer_id": was.customer_id, "location_id": was.location_id}
        row = rows.setdefault(event.dispatch_id, {"id": event.dispatch_id, **owner})
        row |= _dispatch(event)
        if isinstance(event, DispatchCreated) and event.customer_id and not was.match_version:
            row |= {"customer_id": event.customer_id, "location_id": event.location_id}
    await update_rows(work.session, dispatch, list(rows.values()))
    changed = [id for id, row in rows.items() if row["do_not_collect"] != known[id].do_not_collect]
    if changed:
        theirs = select(invoice.c.id).where(invoice.c.dispatch_id.in_(changed), invoice.c.state == "issued")
        await touch(work, (await work.session.execute(theirs)).scalars().all())


def _dispatch(event: DispatchCreated | DispatchUpdated) -> dict[str, Any]:
    said = event.content
    words = forbidding_words(note.text for note in said.notes) if said.do_not_collect else None
    problem = ", ".join(line.description for line in said.lines if line.description)
    return {
        "version": event.version,
        "number": said.number,
        "partner": event.partner,
        "problem": scrub(problem, longest=300) or None,
        "fee_open": said.fee.open if said.fee.open is not None else said.fee.amount,
        "currency": said.fee.currency,
        "do_not_collect": said.do_not_collect,
        "do_not_collect_because": scrub(words, longest=2_000) if words else None,
    }


async def hear_matches(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    """While a person must say whose it is, it is nobody's, also where it was somebody's before."""
    newest = {
        event.dispatch_id: {
            "id": event.dispatch_id,
            "match_version": event.match_version,
            "customer_id": None if event.state == "review" else event.customer_id,
            "location_id": None if event.state == "review" else event.location_id,
            "bill_to_id": event.bill_to_id,
        }
        for event in sorted(events, key=lambda event: event.match_version)
    }
    await _start(work, newest)
    await update_rows(work.session, dispatch, list(newest.values()), newer="match_version")


async def hear_customers(work: Work[Any], events: Sequence[CustomerChanged]) -> None:
    names = {"version", "number", "name", "kind", "email", "closed", "merged_into"}
    rows = [{"id": event.customer_id, **event.model_dump(include=names)} for event in events]
    await upsert_newer(work.session, customer, rows, newer="version")


async def hear_locations(work: Work[Any], events: Sequence[LocationChanged]) -> None:
    names = {"version", "customer_id", "address", "zone", "closed"}
    rows = [{"id": event.location_id, **event.model_dump(include=names)} for event in events]
    await upsert_newer(work.session, location, rows, newer="version")


async def hear_company(work: Work[Any], events: Sequence[CompanyChanged]) -> None:
    rows = [{"id": 1, "version": each.version, "content": each.model_dump(mode="json")} for each in events]
    await upsert_newer(work.session, company, rows, newer="version")


async def _start(work: Work[Any], ids: Iterable[UUID]) -> None:
    """Either kind of news of a dispatch may come first."""
    rows = [{"id": id, **_NO_DISPATCH} for id in dict.fromkeys(ids)]
    if rows:
        await insert_rows(work.session, dispatch, rows, ignore=["id"])
