"""What one who listens may know of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portal_api.hub import Audience
from portal_api.models.accounts import account
from portal_api.models.stream import stream_event
from portal_api.queries.sessions import living_sessions

PAGE = 100
_DISPATCH = (
    "dispatch.created",
    "dispatch.updated",
    "dispatch.scheduled",
    "dispatch.status_changed",
    "dispatch.matched",
)
_INVOICE = ("invoice.issued", "invoice.changed")
TYPES: dict[str, tuple[str, ...] | None] = {
    "office": None,
    "technician": _DISPATCH,
    "customer.admin": (*_DISPATCH, *_INVOICE),
    "customer": _DISPATCH,
}
"""By role; None: all. Customers are besides bound to their location."""


class News(NamedTuple):
    """`position` is where to go on. After a `gap` something may have been missed for good."""

    rows: Sequence[Any]
    position: int
    gap: bool = False
    more: bool = False


async def newest(read: AsyncConnection) -> int:
    return (await read.execute(select(func.max(stream_event.c.id)))).scalar() or 0


async def news(read: AsyncConnection, audience: Audience, position: int) -> News:
    until = await newest(read)
    rows = (await read.execute(_seen_by(audience, position, until))).all()
    # asked last: what was swept meanwhile was missed
    oldest = (await read.execute(select(func.min(stream_event.c.id)))).scalar() or 0
    if position > until or position < oldest - 1:
        return News((), until, gap=True)
    more = len(rows) == PAGE
    return News(rows, rows[-1].id if more else until, more=more)


def _seen_by(audience: Audience, position: int, until: int) -> Select[Any]:
    query = select(stream_event).where(stream_event.c.id > position, stream_event.c.id <= until)
    types = TYPES[audience.role]
    if types is not None:
        query = query.where(stream_event.c.type.in_(types))
    if audience.role in ("customer", "customer.admin"):
        query = query.where(stream_event.c.location_id == audience.location_id)
    return query.order_by(stream_event.c.id).limit(PAGE)


async def heads(read: AsyncConnection, after: int) -> Sequence[Any]:
    """Numbers and locations of what is new, at most 1,000."""
    query = select(stream_event.c.id, stream_event.c.location_id).where(stream_event.c.id > after)
    return (await read.execute(query.order_by(stream_event.c.id).limit(1_000))).all()


async def allowed_still(read: AsyncConnection, audiences: Iterable[Audience], now: datetime) -> set[Audience]:
    """Those whose session is alive and whose account is what it was. Staff with an access token and API
    clients are asked nothing until the token ends."""
    found, gone = set(audiences), set[Audience]()
    if sessions := {each.session_id for each in found if each.session_id is not None}:
        rows = await living_sessions(read, sessions, now)
        alive = {row.id: (listening_role(row.role), row.location_id) for row in rows}
        in_session = {each for each in found if each.session_id in sessions}
        gone |= {each for each in in_session if alive.get(each.session_id) != (each.role, each.location_id)}
    if customers := {each for each in found if each.session_id is None and each.location_id is not None}:
        rows = await open_accounts(read, [UUID(each.account) for each in customers])
        open_ = {str(row.id): (row.role, row.location_id) for row in rows}
        gone |= {each for each in customers if open_.get(each.account) != (each.role, each.location_id)}
    return found - gone


async def open_accounts(read: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Any]:
    """Id, role and location of customers who may come in."""
    query = select(account.c.id, account.c.role, account.c.location_id)
    there = account.c.kind == "customer", account.c.state != "closed", ~account.c.must_change
    return (await read.execute(query.where(account.c.id.in_(ids), *there))).all()


def listening_role(role: str) -> str:
    return "office" if role.startswith("office.") else role
