"""What was heard, for those who listen.

Readers ask for what is behind the last number that they saw, so a number must never become visible after a
greater one. On PostgreSQL whoever writes holds a lock from before the first number is taken until the commit;
on SQLite one transaction writes at a time anyway."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.batches import insert_rows
from shared.events import Event
from shared.events.customer import CustomerChanged, CustomerMatched, LocationChanged
from shared.events.dispatch import (
    DispatchCreated,
    DispatchResolved,
    DispatchScheduled,
    DispatchUpdated,
    PartnerUpdateSettled,
    StatusChanged,
)
from shared.events.money import InvoiceChanged, InvoiceIssued, PaymentRefunded, PaymentSettled
from shared.work import Work
from sqlalchemy import delete, func, or_, select

from portal_api.models.records import dispatch_record
from portal_api.models.stream import stream_event
from portal_api.public import stream_name

LOCK = 0x57EA  # of this service's database alone
_MOST_CHANGES = 20


class _About(NamedTuple):
    subject: UUID
    version: int | None = None
    changed: Sequence[str] = ()
    location_id: UUID | None = None


async def note(work: Work[Any], events: Sequence[Event]) -> None:
    """Writes events of one type. The records that they change are kept before."""
    name = stream_name(events[0])
    if name is None:
        return
    about = [_ABOUT[type(event)](event) for event in events]
    places = await _places(work, {each.subject for each in about}) if name.startswith("dispatch.") else {}
    rows = [
        {
            "at": work.now,
            "type": name,
            "subject": each.subject,
            "version": each.version,
            "location_id": places.get(each.subject, each.location_id),
            "changed": list(each.changed[:_MOST_CHANGES]),
        }
        for each in about
    ]
    if work.session.get_bind().dialect.name == "postgresql":
        await work.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    await insert_rows(work.session, stream_event, rows)
    work.wake("stream_hub")


async def _places(work: Work[Any], ids: set[UUID]) -> dict[UUID, UUID]:
    known = select(dispatch_record.c.id, dispatch_record.c.location_id).where(dispatch_record.c.id.in_(ids))
    return {row.id: row.location_id for row in await work.session.execute(known)}


def _dispatch(*changed: str) -> Callable[[Any], _About]:
    return lambda event: _About(event.dispatch_id, event.version, changed)


def _invoice(event: InvoiceIssued | InvoiceChanged) -> _About:
    place = None if event.invoice.bill_to_partner else event.invoice.location_id
    return _About(event.invoice_id, event.version, (), place)


_ABOUT: dict[type[Event], Callable[[Any], _About]] = {
    DispatchCreated: _dispatch(),
    DispatchUpdated: lambda event: _About(event.dispatch_id, event.version, event.changed),
    DispatchScheduled: _dispatch("appointment"),
    StatusChanged: _dispatch("status"),
    CustomerMatched: _dispatch("customer"),
    DispatchResolved: lambda event: _About(event.mail_id, None, (event.mail_outcome,)),
    PartnerUpdateSettled: lambda event: _About(event.dispatch_id, None, (event.state,)),
    InvoiceIssued: _invoice,
    InvoiceChanged: _invoice,
    PaymentSettled: lambda event: _About(event.payment_id),
    PaymentRefunded: lambda event: _About(event.refund_id),
    CustomerChanged: lambda event: _About(event.customer_id, event.version),
    LocationChanged: lambda event: _About(event.location_id, event.version),
}


async def forget(work: Work[Any]) -> None:
    """All but the newest row may go: without it nobody could tell what was missed."""
    newest = await work.session.scalar(select(func.max(stream_event.c.id))) or 0
    old = stream_event.c.at < work.now - timedelta(seconds=work.settings.stream_keep_seconds)
    many = stream_event.c.id <= newest - work.settings.stream_keep_events
    await work.session.execute(delete(stream_event).where(or_(old, many), stream_event.c.id < newest))
