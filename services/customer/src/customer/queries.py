"""Reads."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from shared.batches import one_of
from shared.pages import decode_cursor, encode_cursor
from shared.problems import not_found
from sqlalchemy import Column, ColumnElement, Table, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from customer.contact import is_go_between
from customer.facts import Asked, Period, contract_key, keys
from customer.matching import decide
from customer.models import agreement, company, customer, location, match, match_key
from customer.places import Place, Places

Reading = AsyncSession | AsyncConnection


async def default_zone(session: Reading, settings: Any) -> str:
    """The zone of a place whose own is not known: the company's, or else the environment's."""
    return (await session.execute(select(company.c.zone))).scalar() or settings.default_zone


_PLACE = (
    location.c.customer_id,
    location.c.address_key,
    location.c.zone,
    location.c.names,
    location.c.own_names,
)
_WITH_OWNER = location.join(customer, customer.c.id == location.c.customer_id)


async def places_by_key(reading: Reading, keys: Collection[str]) -> Places:
    """Every open location that one of the keys leads to. A location that a merge replaced leads to the one
    that stays."""
    found = Places()
    if not keys:
        return found
    columns = (match_key.c.key, location.c.closed, location.c.replaced_by, location.c.id, *_PLACE)
    query = (
        select(*columns, customer.c.phones, customer.c.name)
        .select_from(match_key.join(_WITH_OWNER, location.c.id == match_key.c.location_id))
        .where(one_of(reading, match_key.c.key, keys))
    )
    places: dict[UUID, Place] = {}
    replaced: dict[str, list[UUID]] = {}
    for key, closed, replaced_by, *row in await reading.execute(query):
        if replaced_by is not None:
            replaced.setdefault(key, []).append(replaced_by)
        elif not closed:
            found.by_key[key][row[0]] = places.setdefault(row[0], _place(row))
    if replaced:
        await _follow(reading, replaced, places, found)
    await _add_contracts(reading, places)
    return found


async def place_of(reading: Reading, location_id: UUID) -> Place:
    """One location as matching sees it."""
    columns = (location.c.id, *_PLACE, customer.c.phones, customer.c.name)
    query = select(*columns).select_from(_WITH_OWNER).where(location.c.id == location_id)
    place = _place((await reading.execute(query)).one())
    await _add_contracts(reading, {location_id: place})
    return place


def _place(row: Sequence[Any]) -> Place:
    *about, phones, name = row
    return Place(*about, has_phones=bool(phones) and not is_go_between(name))


async def _follow(
    reading: Reading, replaced: dict[str, list[UUID]], places: dict[UUID, Place], found: Places
) -> None:
    wanted = {id for ids in replaced.values() for id in ids}
    columns = (location.c.id, *_PLACE, customer.c.phones, customer.c.name)
    query = select(*columns).select_from(_WITH_OWNER).where(location.c.id.in_(wanted), ~location.c.closed)
    for row in await reading.execute(query):
        places.setdefault(row.id, _place(row))
    for key, ids in replaced.items():
        for id in ids:
            if id in places:
                found.by_key[key][id] = places[id]


async def _add_contracts(reading: Reading, places: dict[UUID, Place]) -> None:
    """Those of partners: an agreement of our own may run beside any."""
    if not places:
        return
    columns = ("location_id", "partner", "contract_id", "starts_on", "ends_on")
    query = select(*(agreement.c[name] for name in columns)).where(
        one_of(reading, agreement.c.location_id, places),
        agreement.c.partner.is_not(None),
        ~agreement.c.closed,
    )
    for row in await reading.execute(query):
        key = contract_key(row.partner, row.contract_id)
        if key:
            places[row.location_id].contracts[key] = Period(row.starts_on, row.ends_on)


async def one(read: Reading, table: Table, id: UUID) -> Any:
    """The row with that id. Raises the 404 problem."""
    key = table.c.dispatch_id if table is match else table.c.id
    found = (await read.execute(select(table).where(key == id))).one_or_none()
    if found is None:
        raise not_found("dispatch here" if table is match else table.name)
    return found


async def page(
    read: Reading,
    table: Table,
    *where: ColumnElement[bool],
    order: Sequence[Column[Any]],
    cursor: str | None,
    limit: int,
) -> tuple[list[Any], str | None]:
    """The rows after the cursor in the order of those columns, the last of which is unique."""
    query = select(table).where(*where).order_by(*order).limit(limit + 1)
    if cursor:
        keys = decode_cursor(cursor, *(column.type.python_type for column in order))
        last = (literal(key, column.type) for column, key in zip(order, keys, strict=True))
        query = query.where(tuple_(*order) > tuple_(*last))
    rows = list((await read.execute(query)).all())
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(*(getattr(rows[limit - 1], column.name) for column in order))


def beginning(column: Column[Any], prefix: str) -> ColumnElement[bool]:
    """Values that begin with the prefix, as a range that an index can answer."""
    return (column >= prefix) & (column < prefix + "\U0010ffff")


def led_to(key: str) -> ColumnElement[bool]:
    """Customers whose locations a key (or, ending in `|`, its beginning) leads to."""
    found = beginning(match_key.c.key, key) if key.endswith("|") else match_key.c.key.in_(_either(key))
    places = select(match_key.c.location_id).where(found)
    return customer.c.id.in_(select(location.c.customer_id).where(location.c.id.in_(places)))


def _either(key: str) -> tuple[str, ...]:
    """A phone or an e-mail address leads to those whose own it is, and to those whom it reaches."""
    return (key, f"o:{key[2:]}") if key[:2] in ("p:", "e:") else (key,)


async def candidates(read: Reading, facts: Asked, *, automatic: int, review: int) -> list[dict[str, Any]]:
    """Who may be meant, best first, as they are known now."""
    places = await places_by_key(read, keys(facts))
    facts = places.personal(facts)
    ranked = decide(facts, places.candidates(facts), automatic=automatic, review=review).ranked
    ids = [each.known.location_id for each in ranked]
    columns = (location.c.id, location.c.address, customer.c.number, customer.c.name)
    query = select(*columns).join_from(location, customer, location.c.customer_id == customer.c.id)
    rows = {row.id: row for row in await read.execute(query.where(location.c.id.in_(ids)))}
    return [
        {
            "customer_id": each.known.customer_id,
            "location_id": each.known.location_id,
            "number": rows[each.known.location_id].number,
            "name": rows[each.known.location_id].name,
            "address": rows[each.known.location_id].address,
            "score": each.score,
            "reasons": list(each.reasons),
        }
        for each in ranked
    ]
