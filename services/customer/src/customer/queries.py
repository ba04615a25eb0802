"""Reads."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.schema import Column

from customer.models import location, match_key
from customer.places import Place, Places

Reading = AsyncSession | AsyncConnection


def one_of(reading: Reading, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column IN values`. On PostgreSQL as one array, so that a thousand values are one prepared statement
    and not another one for each length."""
    bind = reading.get_bind() if isinstance(reading, AsyncSession) else reading
    if bind.dialect.name != "postgresql":
        return column.in_(values)
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


_PLACE = (location.c.customer_id, location.c.address_key, location.c.zone, location.c.names)


async def places_by_key(reading: Reading, keys: Collection[str]) -> Places:
    """Every open location that one of the keys leads to. A location that a merge replaced leads to the one
    that stays."""
    found = Places()
    if not keys:
        return found
    query = (
        select(match_key.c.key, location.c.id, *_PLACE, location.c.closed, location.c.replaced_by)
        .join_from(match_key, location, location.c.id == match_key.c.location_id)
        .where(one_of(reading, match_key.c.key, keys))
    )
    places: dict[UUID, Place] = {}
    replaced: dict[str, list[UUID]] = {}
    for key, id, customer_id, address_key, zone, names, closed, replaced_by in await reading.execute(query):
        if replaced_by is not None:
            replaced.setdefault(key, []).append(replaced_by)
        elif not closed:
            place = places.get(id)
            if place is None:
                place = places[id] = Place(id, customer_id, address_key, zone, names)
            found.by_key[key][id] = place
    if replaced:
        await _follow(reading, replaced, places, found)
    return found


async def _follow(
    reading: Reading, replaced: dict[str, list[UUID]], places: dict[UUID, Place], found: Places
) -> None:
    wanted = {id for ids in replaced.values() for id in ids}
    query = select(location.c.id, *_PLACE).where(location.c.id.in_(wanted), ~location.c.closed)
    for row in await reading.execute(query):
        places.setdefault(row.id, Place(*row))
    for key, ids in replaced.items():
        for id in ids:
            if id in places:
                found.by_key[key][id] = places[id]
