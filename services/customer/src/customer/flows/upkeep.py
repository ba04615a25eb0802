"""Keeps the keys by which locations are found in step with what the office writes.

What dispatches taught (a former spelling of an address, a second phone) stays; only what a record said and
says no more is taken away.
"""

from typing import Any, NamedTuple
from uuid import UUID

from shared.batches import insert_rows
from shared.work import Work
from sqlalchemy import delete, select, update

from customer.contact import e164, email_key, people
from customer.matching import LONGEST_KEY, contract_key
from customer.models import agreement, contact, customer, location, match_key


class Keys(NamedTuple):
    keys: set[str]
    names: set[str]


async def keys_of(work: Work[Any], customer_id: UUID) -> dict[UUID, Keys]:
    """For each location of a customer the keys and names that the records give it."""
    session = work.session
    owner = (await session.execute(select(customer).where(customer.c.id == customer_id))).one_or_none()
    if owner is None or owner.kind == "partner":
        return {}  # nobody's dispatch is a partner's
    mine = select(location.c.id, location.c.address_key).where(location.c.customer_id == customer_id)
    found: dict[UUID, Keys] = {}
    for row in await session.execute(mine):
        found[row.id] = _reach(owner)
        if row.address_key:
            found[row.id].keys.add(f"a:{row.address_key}")
    reachable = select(contact).where(contact.c.customer_id == customer_id, ~contact.c.closed)
    for row in await session.execute(reachable):
        for id in found if row.location_id is None else found.keys() & {row.location_id}:
            keys, names = _reach(row)
            found[id].keys.update(keys)
            found[id].names.update(names)
    held = select(agreement).where(agreement.c.location_id.in_(found), ~agreement.c.closed)
    for row in await session.execute(held):
        if key := contract_key(row.partner, row.contract_id):
            found[row.location_id].keys.add(f"c:{key}")
    for each in found.values():
        each.keys.difference_update([key for key in each.keys if len(key) > LONGEST_KEY])
    return found


def _reach(row: Any) -> Keys:
    keys = {f"p:{number}" for phone in row.phones if (number := e164(phone["number"]))}
    if email := email_key(row.email):
        keys.add(f"e:{email}")
    return Keys(keys, set(people(row.name)))


async def rekey(work: Work[Any], before: dict[UUID, Keys], after: dict[UUID, Keys]) -> None:
    """Brings keys and names from one state of the records to the other."""
    nothing = Keys(set(), set())
    for id in after:
        was, now = before.get(id, nothing), after[id]
        gone = [key for key in was.keys - now.keys if not key.startswith("a:")]
        if gone:
            old = (match_key.c.location_id == id) & match_key.c.key.in_(gone)
            await work.session.execute(delete(match_key).where(old))
        if now.keys:
            rows = [{"key": key, "location_id": id} for key in sorted(now.keys)]
            await insert_rows(work.session, match_key, rows, ignore=["key", "location_id"])
        if was.names != now.names:
            known = await work.session.scalar(select(location.c.names).where(location.c.id == id)) or []
            names = sorted((set(known) - was.names) | now.names)
            await work.session.execute(update(location).where(location.c.id == id).values(names=names))
