"""Keeps the keys by which locations are found in step with what the office writes.

What dispatches taught (a former spelling of an address, a second phone) stays; only what a record said and
says no more is taken away.
"""

from typing import Any, NamedTuple
from uuid import UUID

from shared.batches import insert_rows
from shared.work import Work
from sqlalchemy import delete, select, update

from customer.contact import e164, email_key, is_go_between, people
from customer.facts import LONGEST_KEY, contract_key
from customer.models import agreement, contact, customer, location, match_key


class Keys(NamedTuple):
    """`names` are all persons, `own` those who are the customer."""

    keys: set[str]
    names: set[str]
    own: set[str]


async def keys_of(work: Work[Any], customer_id: UUID) -> dict[UUID, Keys]:
    """For each location of a customer the keys and names that the records give it."""
    session = work.session
    owner = (await session.execute(select(customer).where(customer.c.id == customer_id))).one_or_none()
    if owner is None or owner.kind == "partner":
        return {}  # nobody's dispatch is a partner's
    mine = select(location.c.id, location.c.address_key).where(location.c.customer_id == customer_id)
    found: dict[UUID, Keys] = {}
    for row in await session.execute(mine):
        found[row.id] = _reach(owner, is_own=not is_go_between(owner.name))
        found[row.id].own.update(people(owner.name))
        if row.address_key:
            found[row.id].keys.add(f"a:{row.address_key}")
    reachable = select(contact).where(contact.c.customer_id == customer_id, ~contact.c.closed)
    for row in await session.execute(reachable):
        for id in found if row.location_id is None else found.keys() & {row.location_id}:
            reach = _reach(row, is_own=False)
            found[id].keys.update(reach.keys)
            found[id].names.update(reach.names)
    held = select(agreement).where(agreement.c.location_id.in_(found), ~agreement.c.closed)
    for row in await session.execute(held):
        if key := contract_key(row.partner, row.contract_id):
            found[row.location_id].keys.add(f"c:{key}")
    for each in found.values():
        each.keys.difference_update([key for key in each.keys if len(key) > LONGEST_KEY])
    return found


def _reach(row: Any, *, is_own: bool) -> Keys:
    """Only what is the customer's own is evidence of whose a dispatch is."""
    phones = {number for phone in row.phones if (number := e164(phone["number"]))}
    email = email_key(row.email)
    if is_own:
        keys = {f"p:{phone}" for phone in phones} | ({f"e:{email}"} if email else set[str]())
    else:
        keys = {f"o:{each}" for each in (*phones, *([email] if email else []))}
    return Keys(keys, set(people(row.name)), set())


async def rekey(work: Work[Any], before: dict[UUID, Keys], after: dict[UUID, Keys]) -> None:
    """Brings keys and names from one state of the records to the other."""
    nothing = Keys(set(), set(), set())
    for id in after:
        was, now = before.get(id, nothing), after[id]
        gone = [key for key in was.keys - now.keys if not key.startswith("a:")]
        if gone:
            old = (match_key.c.location_id == id) & match_key.c.key.in_(gone)
            await work.session.execute(delete(match_key).where(old))
        if now.keys:
            rows = [{"key": key, "location_id": id} for key in sorted(now.keys)]
            await insert_rows(work.session, match_key, rows, ignore=["key", "location_id"])
        if was[1:] != now[1:]:
            query = select(location.c.names, location.c.own_names).where(location.c.id == id)
            known = (await work.session.execute(query)).one()
            names = sorted((set(known.names) - was.names) | now.names)
            own = sorted((set(known.own_names) - was.own) | now.own)
            values = {"names": names, "own_names": own}
            await work.session.execute(update(location).where(location.c.id == id).values(values))
