"""All that made a customer's account what it is: invoices that were issued, credit notes, payments, refunds.
Moves between credit and invoice change no account and are no lines."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.pages import decode_cursor, encode_cursor
from sqlalchemy import ColumnElement, case, func, literal, select, true, tuple_

from payments.models import entry, invoice
from payments.queries.balances import Reading

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_voided_on = case((invoice.c.state == "void", func.coalesce(invoice.c.voided_on, invoice.c.issued_on)))
"""Without a day of voiding: by a process of the release before, which did not keep it."""


class Period(NamedTuple):
    """Of the debtors' account in one currency: both days included, as they begin and end in `zone`."""

    debtors: Collection[UUID]
    since: date
    until: date
    zone: ZoneInfo
    currency: str

    def begins(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


class _Line(NamedTuple):
    """Lines stand in this order. An invoice is of its whole day, so it comes first; its `what` is empty. So
    is its voiding."""

    at: datetime
    what: str
    id: UUID
    amount: int
    reference: str | None


async def opening_and_closing(reading: Reading, period: Period) -> tuple[int, int]:
    """What was owed, less credit, when the period began and when it ended."""
    start, end = period.begins(period.since), period.begins(period.until + timedelta(1))
    billed = select(
        (_billed(invoice.c.issued_on < period.since) - _billed(_voided_on < period.since)).label("opening"),
        (_billed(invoice.c.issued_on <= period.until) - _billed(_voided_on <= period.until)).label("closing"),
    )
    billed = billed.where(*_ever_owed(period)).subquery()
    earlier = case((entry.c.at < start, entry.c.amount), else_=0)
    booked = select(func.sum(earlier).label("opening"), func.sum(entry.c.amount).label("closing"))
    booked = booked.where(*_of(period), entry.c.at < end).subquery()
    query = select(*billed.c, *booked.c).join_from(billed, booked, true())
    found = [int(each or 0) for each in (await reading.execute(query)).one()]
    return found[0] - found[2], found[1] - found[3]


def _billed(when: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((when, invoice.c.total), else_=0)), 0)


def _ever_owed(period: Period) -> tuple[ColumnElement[bool], ...]:
    """Invoices that were owed on some day. One that was voided was owed until then: what a statement of the
    days before says must not change."""
    return (
        invoice.c.debtor_id.in_(period.debtors),
        invoice.c.currency == period.currency,
        invoice.c.kind == "invoice",
        invoice.c.state.in_(("issued", "void")),
    )


def _of(period: Period) -> tuple[ColumnElement[bool], ...]:
    return (entry.c.debtor_id.in_(period.debtors), entry.c.currency == period.currency)


async def lines(
    reading: Reading, period: Period, *, opening: int, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the lines, oldest first, each with what was owed after it."""
    after, balance = _place(cursor) if cursor else (None, opening)
    found = await _dated(reading, period, after, limit + 1, voided=False)
    found += await _dated(reading, period, after, limit + 1, voided=True)
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
    at, what, id, balance = decode_cursor(cursor, datetime, str, UUID, int)
    return (at, what, id), balance


async def _dated(
    reading: Reading, period: Period, after: tuple[datetime, str, UUID] | None, limit: int, *, voided: bool
) -> list[_Line]:
    """Invoices by the day of issue, or, taken off again, by the day of voiding."""
    day, what = (_voided_on, "void") if voided else (invoice.c.issued_on, "")
    query = select(day.label("day"), invoice.c.id, invoice.c.total, invoice.c.number)
    query = query.where(*_ever_owed(period), day >= period.since, day <= period.until)
    if after:
        query = query.where(tuple_(day, invoice.c.id) > tuple_(*map(literal, _seen(period, after, what))))
    rows = await reading.execute(query.order_by(day, invoice.c.id).limit(limit))
    sign = -1 if voided else 1
    return [_Line(period.begins(row.day), what, row.id, sign * row.total, row.number) for row in rows]


def _seen(period: Period, after: tuple[datetime, str, UUID], what: str) -> tuple[date, UUID]:
    """The last (day, id) of lines of this kind that come no later than `after`."""
    at, said, id = after
    day = at.astimezone(period.zone).date()
    if at > period.begins(day) or said > what:
        return day, _LAST
    return day, (id if said == what else _FIRST)


async def _booked(
    reading: Reading, period: Period, after: tuple[datetime, str, UUID] | None, limit: int
) -> list[_Line]:
    cause = func.coalesce(entry.c.payment_id, entry.c.credit_note_id)
    place = (entry.c.at, entry.c.kind, cause)
    query = select(*place, func.sum(entry.c.amount)).where(
        *_of(period),
        entry.c.at >= period.begins(period.since),
        entry.c.at < period.begins(period.until + timedelta(1)),
        entry.c.kind != "applied",
    )
    if after:
        seen = zip(place, after, strict=True)
        query = query.where(tuple_(*place) > tuple_(*(literal(value, of.type) for of, value in seen)))
    rows = await reading.execute(query.group_by(*place).order_by(*place).limit(limit))
    return [_Line(at, kind, id, -int(amount), None) for at, kind, id, amount in rows]
