"""The office's own records: made, edited and closed by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pydantic_core
from shared.db import uuid7
from shared.etag import check_version
from shared.events.dispatch import Address, Phone
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from shared.zones import zone_of
from sqlalchemy import Table, insert, select, update

from customer.address import address_key, parse_address, state_code
from customer.claims import kind_of, merged
from customer.contact import sort_name
from customer.flows.households import phones_json
from customer.flows.news import Row, tell_agreement, tell_customer, tell_equipment, tell_location
from customer.flows.upkeep import keys_of, rekey
from customer.models import agreement, contact, customer, equipment, location
from customer.queries import default_zone

Values = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of record: what it is called, its table, and the event that tells of it."""

    noun: str
    table: Table
    tell: Callable[[Work[Any], Row], None] | None = None


CUSTOMER = Kind("customer", customer, tell_customer)
LOCATION = Kind("location", location, tell_location)
CONTACT = Kind("contact", contact)
EQUIPMENT = Kind("equipment", equipment, tell_equipment)
AGREEMENT = Kind("agreement", agreement, tell_agreement)


async def add(work: Work[Any], kind: Kind, *, values: Values, who: str) -> Row:
    """Makes a record; `values` are the fields of its schema. Raises 422 for an owner who is not there."""
    row = {"id": uuid7(), "version": 1, "closed": False, "created_at": work.now, "updated_at": work.now}
    row |= await _columns(work, kind, values, {})
    owner = await _owner(work, kind, row)
    before = await keys_of(work, owner) if owner else {}
    statement = insert(kind.table).returning(kind.table)
    done = dict((await work.session.execute(statement, [row])).mappings().one())
    await rekey(work, before, await keys_of(work, owner or done["id"]))
    _say(work, kind, done, action=f"{kind.noun}.created", who=who, before=None)
    return done


async def edit(work: Work[Any], kind: Kind, *, id: UUID, based_on: int, values: Values, who: str) -> Row:
    """Changes the fields that `values` names. Raises 404, and 412 when somebody else was faster."""
    was = await locked(work, kind, id)
    check_version(based_on, was["version"])
    if was.get("merged_into") is not None:
        raise conflict("This customer was merged into another", "Edit that one, or undo the merge.")
    columns = await _columns(work, kind, values, was)
    changed = {name: value for name, value in columns.items() if was.get(name) != value}
    if not changed:
        return was
    owner = await _owner(work, kind, {**was, **changed})
    before = await keys_of(work, owner) if owner else {}
    changed |= {"version": was["version"] + 1, "updated_at": work.now}
    statement = update(kind.table).where(kind.table.c.id == id).values(changed).returning(kind.table)
    done = dict((await work.session.execute(statement)).mappings().one())
    if owner:
        await rekey(work, before, await keys_of(work, owner))
    _say(work, kind, done, action=f"{kind.noun}.changed", who=who, before=was)
    return done


async def close(work: Work[Any], kind: Kind, *, id: UUID, based_on: int, who: str) -> None:
    """Closes a record: it stays for its history and is matched no more. With a customer go its locations."""
    await edit(work, kind, id=id, based_on=based_on, values={"closed": True}, who=who)
    if kind is CUSTOMER:
        query = select(location).where(location.c.customer_id == id, ~location.c.closed)
        for row in (await work.session.execute(query)).mappings().all():
            await edit(
                work, LOCATION, id=row["id"], based_on=row["version"], values={"closed": True}, who=who
            )


async def locked(work: Work[Any], kind: Kind, id: UUID) -> Row:
    query = select(kind.table).where(kind.table.c.id == id).with_for_update()
    found = (await work.session.execute(query)).mappings().one_or_none()
    if found is None:
        raise not_found(kind.noun)
    return dict(found)


async def _owner(work: Work[Any], kind: Kind, row: Mapping[str, Any]) -> UUID | None:
    """The customer whose locations' keys this record takes part in; None for a customer not yet made."""
    if kind is CUSTOMER:
        return row["id"]
    if kind in (EQUIPMENT, AGREEMENT):
        return (await _existing(work, location, row["location_id"], "location"))["customer_id"]
    await _existing(work, customer, row["customer_id"], "customer")
    if row.get("location_id") is not None:
        place = await _existing(work, location, row["location_id"], "location")
        if place["customer_id"] != row["customer_id"]:
            raise Problem(422, "This location belongs to another customer")
    return row["customer_id"]


async def _existing(work: Work[Any], table: Table, id: UUID, noun: str) -> Row:
    found = (await work.session.execute(select(table).where(table.c.id == id))).mappings().one_or_none()
    if found is None:
        raise Problem(422, f"There is no such {noun}")
    return dict(found)


async def _columns(work: Work[Any], kind: Kind, values: Values, was: Row) -> Values:
    """The fields of a schema as columns: what is compared or derived is worked out here."""
    row = dict(values)
    if "phones" in row:
        row["phones"] = phones_json(merged(tuple(Phone.model_validate(phone) for phone in row["phones"])))
    if kind is CUSTOMER and "name" in row:
        row["sort_name"] = sort_name(row["name"])
        row["kind"] = row.get("kind") or was.get("kind") or kind_of(row["name"])
    if kind is LOCATION:
        row |= _place(row, was, await default_zone(work.session, work.settings))
    if kind in (CUSTOMER, CONTACT) and not was:
        row.setdefault("phones", [])
    return row


def _place(row: Values, was: Row, zone: str) -> Values:
    text, pieces = row.pop("address_text", None), row.pop("address", None)
    found: Values = {} if was else {"names": [], "own_names": []}
    if text is not None or pieces is not None or not was:
        address = parse_address(text) if text is not None else Address.model_validate(pieces or {})
        found["address"] = address.model_dump(exclude_none=True)
        found["address_key"] = address_key(address)
        found["given"] = text
        if row.get("zone") is None:
            row.pop("zone", None)
            found["zone"] = zone_of(state_code(address.state), address.zip) or zone
    elif row.get("zone") is None:
        row.pop("zone", None)
    return found


def _say(work: Work[Any], kind: Kind, row: Row, *, action: str, who: str, before: Row | None) -> None:
    if kind.tell:
        kind.tell(work, row)
    was = pydantic_core.to_jsonable_python(dict(before)) if before is not None else None
    now = pydantic_core.to_jsonable_python(dict(row))
    if was is not None:
        names = [name for name in now if now[name] != was[name]]
        was, now = {name: was[name] for name in names}, {name: now[name] for name in names}
    work.audit(who=who, action=action, subject=row["id"], before=was, after=now)
