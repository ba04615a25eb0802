"""Two customers are one: everything of the one moves to the other, and can be moved back.

Each changed value is written down as `[table, id, column, was, now]`. Keys stay where they are: they lead to
locations, and locations lead to their customer.
"""

from typing import Any
from uuid import UUID

import pydantic_core
from shared.db import uuid7
from shared.etag import check_version
from shared.events.customer import CustomerMatched
from shared.events.dispatch import Phone
from shared.problems import conflict, not_found
from shared.work import Work
from sqlalchemy import Column, Uuid, delete, insert, select, update

from customer.claims import merged
from customer.flows.households import phones_json
from customer.flows.news import Row, tell_agreement, tell_customer, tell_equipment, tell_location
from customer.flows.records import CUSTOMER, locked
from customer.models import Base, agreement, contact, customer, equipment, location, match, merge

Moves = list[list[Any]]
_PLACED = (agreement, equipment, contact, match)


async def merge_customers(work: Work[Any], *, from_id: UUID, into_id: UUID, who: str) -> UUID:
    """Moves all of `from_id` to `into_id`. Locations of both at one address become one. Raises 409 for
    customers that are the same, closed, merged already, or partners."""
    if from_id == into_id:
        raise conflict("This is one customer already")
    rows = {id: await locked(work, CUSTOMER, id) for id in sorted((from_id, into_id))}
    one, other = rows[from_id], rows[into_id]
    if one["closed"] or other["closed"] or one["merged_into"] or other["merged_into"]:
        raise conflict("A closed or merged customer cannot be merged")
    if "partner" in (one["kind"], other["kind"]):
        raise conflict("A partner cannot be merged", "Name the other one as the mailbox's customer instead.")
    moves: Moves = []
    twins = await _twins(work, from_id, into_id)
    await _move(work, moves, location.c.customer_id, from_id, into_id)
    await _move(work, moves, contact.c.customer_id, from_id, into_id)
    await _move(work, moves, match.c.customer_id, from_id, into_id)
    await _move(work, moves, customer.c.merged_into, from_id, into_id)
    for gone, stays in twins.items():
        for column in (*(table.c.location_id for table in _PLACED), location.c.replaced_by):
            await _move(work, moves, column, gone, stays)
        await _set(work, moves, location.c.replaced_by, gone, None, stays)
        await _set(work, moves, location.c.closed, gone, False, True)
    await _set(work, moves, customer.c.merged_into, from_id, None, into_id)
    await _set(work, moves, customer.c.closed, from_id, False, True)
    moves += await _keep_reachable(work, one, other)
    id = uuid7()
    row = {"from_id": from_id, "into_id": into_id, "merged_by": who, "merged_at": work.now}
    await work.session.execute(insert(merge), {"id": id, **row, "moved": _json(moves), "version": 1})
    await _tell(work, moves)
    work.audit(who=who, action="customer.merged", subject=from_id, after={"into": str(into_id)})
    return id


async def undo_merge(work: Work[Any], *, id: UUID, based_on: int, who: str) -> None:
    """Moves everything back. Raises 409 where something has been moved on since, as by a later merge."""
    query = select(merge).where(merge.c.id == id).with_for_update()
    done = (await work.session.execute(query)).one_or_none()
    if done is None:
        raise not_found("merge")
    check_version(based_on, done.version)
    if done.undone_at is not None:
        raise conflict("This merge has been undone already")
    back: Moves = []
    for table_name, row_id, column_name, was, now in reversed(done.moved):
        table = Base.metadata.tables[table_name]
        column = table.c[column_name]
        if column_name == "id":
            await work.session.execute(delete(table).where(column == UUID(now)))
            continue
        done_so = await _set(work, back, column, UUID(row_id), _value(column, now), _value(column, was))
        # A dispatch that a person has decided about since stays with that decision.
        if not done_so and table is not match:
            raise conflict("Something was moved on since", "Undo the later merge first.", record=row_id)
    await _follow(work, back, done.from_id, done.into_id)
    values = {"undone_by": who, "undone_at": work.now, "version": done.version + 1}
    await work.session.execute(update(merge).where(merge.c.id == id).values(values))
    await _tell(work, back)
    work.audit(who=who, action="customer.unmerged", subject=done.from_id, before={"into": str(done.into_id)})


async def _twins(work: Work[Any], from_id: UUID, into_id: UUID) -> dict[UUID, UUID]:
    """The locations of the one that the other has too."""
    places = select(location.c.id, location.c.address_key).where(~location.c.closed).order_by(location.c.id)
    theirs = await work.session.execute(places.where(location.c.customer_id == into_id))
    stays = {row.address_key: row.id for row in theirs if row.address_key}
    ours = await work.session.execute(places.where(location.c.customer_id == from_id))
    return {row.id: stays[row.address_key] for row in ours if row.address_key in stays}


async def _keep_reachable(work: Work[Any], one: Row, other: Row) -> Moves:
    """The customer who ends becomes a contact of the one who stays, unless nothing new would be known."""
    mine = tuple(Phone.model_validate(phone) for phone in one["phones"])
    theirs = tuple(Phone.model_validate(phone) for phone in other["phones"])
    known = one["name"] == other["name"] and one["email"] in (None, other["email"])
    if known and merged(theirs, mine) == merged(theirs):
        return []
    row = {"id": uuid7(), "customer_id": other["id"], "name": one["name"], "email": one["email"]}
    row |= {"phones": phones_json(mine), "version": 1, "closed": False, "role": None}
    await work.session.execute(insert(contact), {**row, "created_at": work.now, "updated_at": work.now})
    return [["contact", row["id"], "id", None, row["id"]]]


async def _move(work: Work[Any], moves: Moves, column: Column[Any], was: UUID, now: UUID) -> None:
    key = _key(column.table)
    ids = (await work.session.scalars(select(key).where(column == was).order_by(key).with_for_update())).all()
    for id in ids:
        await _set(work, moves, column, id, was, now)


async def _set(work: Work[Any], moves: Moves, column: Column[Any], id: UUID, was: Any, now: Any) -> bool:
    """Changes one value and writes it down. False when it was not `was` any more."""
    table = column.table
    unchanged = column.is_(None) if was is None else column == was
    values = {column.name: now, "version": table.c.version + 1, "updated_at": work.now}
    statement = update(table).where(_key(table) == id, unchanged).values(values).returning(_key(table))
    if (await work.session.execute(statement)).first() is None:
        return False
    moves.append([table.name, id, column.name, was, now])
    return True


async def _follow(work: Work[Any], back: Moves, from_id: UUID, into_id: UUID) -> None:
    """Dispatches that came to a location after the merge go with it when it goes back."""
    returned = [id for table, id, name, _, _ in back if (table, name) == ("location", "customer_id")]
    there = match.c.location_id.in_(returned) & (match.c.customer_id == into_id)
    later = select(match.c.dispatch_id).where(there)
    for id in (await work.session.scalars(later)).all():
        await _set(work, back, match.c.customer_id, id, into_id, from_id)


async def _tell(work: Work[Any], moves: Moves) -> None:
    """One event for each record that was changed, however often."""
    for table, tell in (
        (customer, tell_customer),
        (location, tell_location),
        (agreement, tell_agreement),
        (equipment, tell_equipment),
    ):
        ids = {id for name, id, *_ in moves if name == table.name}
        if ids:
            rows = await work.session.execute(select(table).where(table.c.id.in_(ids)).order_by(table.c.id))
            for row in rows.mappings():
                tell(work, dict(row))
    await _tell_matches(work, {id for name, id, *_ in moves if name == match.name})


async def _tell_matches(work: Work[Any], ids: set[UUID]) -> None:
    query = select(match, location.c.zone).outerjoin(location, location.c.id == match.c.location_id)
    for row in await work.session.execute(query.where(match.c.dispatch_id.in_(ids))):
        event = CustomerMatched(
            dispatch_id=row.dispatch_id,
            version=row.dispatch_version,
            match_version=row.version,
            customer_id=row.customer_id,
            location_id=row.location_id,
            state=row.state,
            score=row.score,
            reasons=row.reasons,
            bill_to_id=row.bill_to_id,
            zone=row.zone,
        )
        work.emit(event, row.dispatch_id)


def _key(table: Any) -> Column[Any]:
    return table.c.dispatch_id if table is match else table.c.id


def _value(column: Column[Any], value: Any) -> Any:
    return UUID(value) if isinstance(column.type, Uuid) and value is not None else value


def _json(moves: Moves) -> Any:
    return pydantic_core.to_jsonable_python(moves)
