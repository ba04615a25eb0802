"""Keeps what the dispatch service says, and whose each dispatch is. The events come in any order: each writes
columns of its own, guarded by a version of their own."""

from collections.abc import Sequence
from typing import Any

from shared.batches import insert_rows, upsert_newer
from shared.events.customer import CustomerMatched
from shared.events.dispatch import DispatchCreated, DispatchScheduled, DispatchUpdated, StatusChanged
from shared.work import Work

from portal_api.flows.holding import release
from portal_api.models.records import appointment_record, dispatch_record, status_record


async def keep_dispatches(work: Work[Any], events: Sequence[DispatchCreated | DispatchUpdated]) -> None:
    rows = [
        {
            "id": event.dispatch_id,
            "version": event.version,
            "partner": event.partner,
            "number": event.content.number,
            "trade": event.content.trade,
            "lines": event.content.lines,
            "received_at": event.received_at,
        }
        for event in events
    ]
    await upsert_newer(work.session, dispatch_record, rows, newer="version")
    known = [
        {
            "id": event.dispatch_id,
            "match_version": 1,
            "customer_id": event.customer_id,
            "location_id": event.location_id,
        }
        for event in events
        if isinstance(event, DispatchCreated) and event.location_id is not None
    ]
    await upsert_newer(work.session, dispatch_record, known, newer="match_version")


async def keep_matches(work: Work[Any], events: Sequence[CustomerMatched]) -> None:
    """While a person must still choose, the dispatch is nobody's: the best candidate may be a neighbour."""
    rows = [
        {
            "id": event.dispatch_id,
            "match_version": event.match_version,
            "customer_id": None if event.state == "review" else event.customer_id,
            "location_id": None if event.state == "review" else event.location_id,
        }
        for event in events
    ]
    await upsert_newer(work.session, dispatch_record, rows, newer="match_version")


async def keep_statuses(work: Work[Any], events: Sequence[StatusChanged]) -> None:
    passed = [
        {"dispatch_id": event.dispatch_id, "version": event.version, "status": event.new, "at": event.at}
        for event in events
    ]
    await insert_rows(work.session, status_record, passed, ignore=["dispatch_id", "version"])
    rows = [
        {
            "id": event.dispatch_id,
            "status_version": event.version,
            "status": event.new,
            "status_at": event.at,
            "closed": event.closed,
        }
        for event in events
    ]
    await upsert_newer(work.session, dispatch_record, rows, newer="status_version")
    closed = [event.dispatch_id for event in events if event.closed]
    if closed:
        await release(work, closed)


async def keep_appointments(work: Work[Any], events: Sequence[DispatchScheduled]) -> None:
    rows = [
        {
            "id": event.appointment_id,
            "version": event.version,
            "dispatch_id": event.dispatch_id,
            "technician_id": event.technician_id,
            "start_at": event.start,
            "end_at": event.end,
            "zone": event.zone,
        }
        for event in events
    ]
    await upsert_newer(work.session, appointment_record, rows, newer="version")
    await release(work, [event.dispatch_id for event in events])
