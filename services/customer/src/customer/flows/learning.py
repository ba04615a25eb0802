"""What a dispatch adds to a household that is known already: nothing is overwritten, only added.

The partner's contract is the exception: its dates and plan are the partner's, and follow it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.batches import insert_rows, update_rows
from shared.events.dispatch import Person, Phone
from shared.work import Work
from sqlalchemy import Table, select

from customer.claims import Claim, agreement_of, holder, is_same, merged
from customer.contact import people
from customer.facts import Asked, contract_key
from customer.flows.households import Rows, agreement_row, contact_row, equipment_row, phones_json
from customer.flows.news import tell_agreement, tell_customer, tell_equipment
from customer.models import agreement, contact, customer, equipment, location, match_key
from customer.places import Place


class Lesson(NamedTuple):
    """A dispatch that was found to be of a known place."""

    place: Place
    claim: Claim
    facts: Asked


async def learn(work: Work[Any], lessons: Sequence[Lesson], keys: Rows, *, named: set[int]) -> None:
    """`keys` are the rows by which the places shall be found from now on; `named` are the positions of the
    lessons that bring a person, a phone or an address that was not known."""
    if keys:
        await insert_rows(work.session, match_key, keys, ignore=["key", "location_id"])
    await _contracts(work, lessons)
    await _equipment(work, lessons)
    await _people(work, [lesson for position, lesson in enumerate(lessons) if position in named])


async def _contracts(work: Work[Any], lessons: Sequence[Lesson]) -> None:
    wanted: dict[Any, dict[str, Any]] = {}
    for place, claim, facts in lessons:
        held = agreement_of(claim)
        if held:
            wanted[place.location_id, facts.contract] = agreement_row(work, held, place.location_id)
    if not wanted:
        return
    here = agreement.c.location_id.in_({location_id for location_id, _ in wanted})
    query = select(agreement).where(here).order_by(agreement.c.id).with_for_update()
    terms = ("plan_code", "starts_on", "ends_on")
    changed: Rows = []
    for old in (await work.session.execute(query)).mappings():
        row = wanted.pop((old["location_id"], contract_key(old["partner"], old["contract_id"])), {})
        new = {name: row[name] for name in terms if row and row[name] not in (None, old[name])}
        if new:
            changed.append({**old, **new, "version": old["version"] + 1, "updated_at": work.now})
    missing = {row["id"]: row for row in wanted.values()}
    if missing:
        rows = list(missing.values())
        for row in await insert_rows(work.session, agreement, rows, ignore=["id"], returning=["id"]):
            tell_agreement(work, missing[row.id])
    await _update(work, agreement, changed, (*terms, "version", "updated_at"))
    for row in changed:
        tell_agreement(work, row)


async def _equipment(work: Work[Any], lessons: Sequence[Lesson]) -> None:
    rows: dict[Any, dict[str, Any]] = {}
    for place, claim, _ in lessons:
        for item in claim.equipment:
            row = equipment_row(work, item, place.location_id)
            rows.setdefault(row["id"], row)
    if rows:
        new = list(rows.values())
        for row in await insert_rows(work.session, equipment, new, ignore=["id"], returning=["id"]):
            tell_equipment(work, rows[row.id])


async def _people(work: Work[Any], lessons: Sequence[Lesson]) -> None:
    if not lessons:
        return
    ids = {lesson.place.customer_id for lesson in lessons}
    locked = select(customer).where(customer.c.id.in_(ids)).order_by(customer.c.id).with_for_update()
    owners = {row["id"]: dict(row) for row in (await work.session.execute(locked)).mappings()}
    known: dict[Any, Rows] = {id: [] for id in ids}
    reached = select(contact).where(contact.c.customer_id.in_(ids))
    for row in (await work.session.execute(reached)).mappings():
        known[row["customer_id"]].append(dict(row))
    new: Rows = []
    changed: dict[Any, dict[str, Any]] = {}
    for lesson in lessons:
        owner = owners[lesson.place.customer_id]
        met, more = _meet(work, lesson, owner, known[owner["id"]])
        new += met
        changed |= {row["id"]: row for row in more}
    for row in changed.values():
        row |= {"version": row["version"] + 1, "updated_at": work.now}
    customers = [row for id, row in changed.items() if id in owners]
    contacts = [row for id, row in changed.items() if id not in owners]
    await _update(work, customer, customers, ("email", "phones", "version", "updated_at"))
    if new:
        await insert_rows(work.session, contact, new, ignore=["id"])
    await _update(work, contact, contacts, ("phones", "version", "updated_at"))
    places = {lesson.place.location_id: lesson.place for lesson in lessons}
    rows = [{"id": id, "names": each.names, "own_names": each.own_names} for id, each in places.items()]
    await _update(work, location, rows, ("names", "own_names"))
    for row in customers:
        tell_customer(work, row)


def _meet(work: Work[Any], lesson: Lesson, owner: dict[str, Any], known: Rows) -> tuple[Rows, Rows]:
    """The contacts that are new, and the rows (the customer's or contacts') that got a phone or an e-mail."""
    place, claim, facts = lesson
    new: Rows = []
    changed: Rows = []
    main, others = holder(claim)
    for person in (main, *others):
        row = next((row for row in (owner, *known) if is_same(person.name, row["name"])), None)
        if row is None and people(person.name) and person.name:
            row = contact_row(work, person, place)
            known.append(row)
            new.append(row)
        elif row is not None and _add_phones(row, person):
            changed.append(row)
    if claim.email and not owner["email"]:
        owner["email"] = claim.email
        changed.append(owner)
    place.meet(facts)
    return new, changed


def _add_phones(row: dict[str, Any], person: Person) -> bool:
    known = tuple(Phone.model_validate(phone) for phone in row["phones"])
    both = merged(known, person.phones)
    if len(both) == len(known):
        return False
    row["phones"] = phones_json(both)
    return True


async def _update(work: Work[Any], table: Table, rows: Rows, columns: tuple[str, ...]) -> None:
    await update_rows(work.session, table, [{name: row[name] for name in ("id", *columns)} for row in rows])
