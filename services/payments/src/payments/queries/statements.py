"""All that made a customer's account what it is: invoices that were issued, credit notes, payments, refunds.
Moves between credit and invoice change no account and are no lines."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.pages import cursor_key, decode_cursor, encode_cursor
from sqlalchemy import case, func, literal, select, true, tuple_

from payments.models import entry, invoice
from payments.queries.balances import Reading, owed_by

_LAST = UUID(int=2**128 - 1)


class Period(NamedTuple):
    """Of the debtors' account: both days included, as they begin and end in `zone`."""

    debtors: Collection[UUID]
    since: date
    until: date
    zone: ZoneInfo

    def begins(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


class _Line(NamedTuple):
    """Lines stand in this order. An invoice is of its whole day, so it comes first; its `what` is empty."""

    at: datetime
    what: str
    id: UUID
    amount: int
    reference: str | None


async def opening_and_closing(reading: Reading, period: Period) -> tuple[int, int]:
    """What was owed, less credit, when the period began and when it ended."""
    start, end = period.begins(period.since), period.begins(period.until + timedelta(1))
    earlier = case((invoice.c.issued_on < period.since, invoice.c.total), else_=0)
    until = (*owed_by(period.debtors), invoice.c.issued_on <= period.until)
    billed = select(func.sum(earlier).label("opening"), func.sum(invoice.c.total).label("closing"))
    billed = billed.where(*until).subquery()
    earlier = case((entry.c.at < start, entry.c.amount), else_=0)
    booked = select(func.sum(earlier).label("opening"), func.sum(entry.c.amount).label("closing"))
    booked = booked.where(entry.c.debtor_id.in_(period.debtors), entry.c.at < end).subquery()
    query = select(*billed.c, *booked.c).join_from(billed, booked, true())
    found = [int(each or 0) for each in (await reading.execute(query)).one()]
    return found[0] - found[2], found[1] - found[3]


async def lines(
    reading: Reading, period: Period, *, opening: int, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the lines, oldest first, each with what was owed after it."""
    after, balance = _place(cursor) if cursor else (None, opening)
    found = await _issued(reading, period, after, limit + 1)
    found += await _booked(reading, period, after, limit + 1)
    page: list[dict[str, Any]] = []
    for line in sorted(found)[:limit]:
        balance += line.amount
        on = line.at.astimezone(period.zone).date()
        about = {"on": on, "what": line.what or "invoice", "reference": line.reference}
        page.append({**about, "amount": line.amount, "balance": balance})
    if len(found) <= limit:
        return page, None
    last = sorted(found)[limit - 1]
    return page, encode_cursor(last.at.isoformat(), last.what, last.id, balance)


def _place(cursor: str) -> tuple[tuple[datetime, str, UUID], int]:
    at, what, id, balance = decode_cursor(cursor, 4)
    return (cursor_key(datetime, at), str(what), cursor_key(UUID, id)), cursor_key(int, balance)


async def _issued(
    reading: Reading, period: Period, after: tuple[datetime, str, UUID] | None, limit: int
) -> list[_Line]:
    since, until = invoice.c.issued_on >= period.since, invoice.c.issued_on <= period.until
    query = select(invoice.c.issued_on, invoice.c.id, invoice.c.total, invoice.c.number)
    query = query.where(*owed_by(period.debtors), since, until)
    if after:
        at, what, id = after
        seen = (at.astimezone(period.zone).date(), _LAST if what else id)
        query = query.where(tuple_(invoice.c.issued_on, invoice.c.id) > tuple_(*map(literal, seen)))
    rows = await reading.execute(query.order_by(invoice.c.issued_on, invoice.c.id).limit(limit))
    return [_Line(period.begins(row.issued_on), "", row.id, row.total, row.number) for row in rows]


async def _booked(
    reading: Reading, period: Period, after: tuple[datetime, str, UUID] | None, limit: int
) -> list[_Line]:
    cause = func.coalesce(entry.c.payment_id, entry.c.credit_note_id)
    place = (entry.c.at, entry.c.kind, cause)
    query = select(*place, func.sum(entry.c.amount)).where(
        entry.c.debtor_id.in_(period.debtors),
        entry.c.at >= period.begins(period.since),
        entry.c.at < period.begins(period.until + timedelta(1)),
        entry.c.kind != "applied",
    )
    if after:
        seen = zip(place, after, strict=True)
        query = query.where(tuple_(*place) > tuple_(*(literal(value, of.type) for of, value in seen)))
    rows = await reading.execute(query.group_by(*place).order_by(*place).limit(limit))
    return [_Line(at, kind, id, -int(amount), None) for at, kind, id, amount in rows]
