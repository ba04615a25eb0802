"""A person says whose dispatch it is."""

from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.etag import check_version
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import Table, delete, select, update

from customer.claims import Claim, asked, household_id
from customer.facts import keys
from customer.flows.answers import Answer, Arrival, payers_of, write_answers
from customer.flows.households import Household, make_household, make_location, write_households
from customer.flows.learning import Lesson, learn
from customer.flows.news import tell_agreement, tell_customer, tell_equipment, tell_location
from customer.flows.upkeep import keys_of
from customer.matching import Verdict, score
from customer.models import agreement, contact, customer, equipment, location, match, match_key
from customer.places import Place, Places
from customer.queries import default_zone, place_of, places_by_key


async def decide_match(
    work: Work[Any],
    *,
    dispatch_id: UUID,
    based_on: int,
    who: str,
    location_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> None:
    """Gives the dispatch to a location, to a new location of a customer, or (neither) to a new customer.

    What the dispatch had taught to another location is taken back from it.
    """
    query = select(match).where(match.c.dispatch_id == dispatch_id).with_for_update()
    before = (await work.session.execute(query)).one_or_none()
    if before is None:
        raise not_found("dispatch here")
    check_version(based_on, before.version)
    claim = Claim.model_validate_json(before.said)
    arrival = Arrival(
        dispatch_id, before.dispatch_version, before.version + 1, claim, before.said, asked(claim)
    )
    places = await places_by_key(work.session, keys(arrival.facts))
    if location_id is not None:
        place = await _chosen(work, location_id)
        new = places.add(place, arrival.facts)
        rows = [{"key": key, "location_id": place.location_id} for key in new]
        await learn(work, [Lesson(place, claim, arrival.facts)], rows, named={0})
    else:
        place = (await _made(work, arrival, places, customer_id)).place
    if before.location_id not in (None, place.location_id) and before.state != "review":
        await _unlearn(work, before, arrival)
    shared = frozenset(key for key in keys(arrival.facts) if place.location_id in places.by_key.get(key, {}))
    verdict = Verdict("review", score(arrival.facts, place.known(shared)), ())
    paying = await payers_of(work, [arrival])
    await write_answers(work, [Answer(arrival, "confirmed", place, verdict, who)], paying)
    work.audit(
        who=who,
        action="match.decided",
        subject=dispatch_id,
        before={"state": before.state, "location_id": str(before.location_id)},
        after={"state": "confirmed", "location_id": str(place.location_id)},
    )


async def _chosen(work: Work[Any], location_id: UUID) -> Place:
    query = select(location).where(location.c.id == location_id)
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise Problem(422, "There is no such location")
    if row.closed:
        raise conflict("This location is closed", "Choose another one, or open it again.")
    return await place_of(work.session, location_id)


async def _made(work: Work[Any], arrival: Arrival, places: Places, customer_id: UUID | None) -> Household:
    claim, facts = arrival.claim, arrival.facts
    zone = await default_zone(work.session, work.settings)
    if customer_id is not None:
        await _may_own(work, customer_id)
        made = make_location(
            work, claim, facts, places, customer_id=customer_id, location_id=uuid7(), zone=zone
        )
        await write_households(work, [made])
        return made
    made = make_household(work, claim, facts, places, customer_id=household_id(claim, facts), zone=zone)
    if await write_households(work, [made]):  # somebody else has this household's id already
        made = make_household(work, claim, facts, Places(), customer_id=uuid7(), zone=zone)
        await write_households(work, [made])
    return made


async def _may_own(work: Work[Any], customer_id: UUID) -> None:
    query = select(customer.c.kind, customer.c.closed).where(customer.c.id == customer_id)
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise Problem(422, "There is no such customer")
    if row.closed or row.kind == "partner":
        raise conflict("This customer cannot get a location", "It is closed, or a partner who only pays.")


async def _unlearn(work: Work[Any], before: Any, arrival: Arrival) -> None:
    """Closes what this dispatch alone had brought to the location that it was given to by mistake.

    Rows that it brought bear the very time of its answer; where several dispatches were answered together,
    they are left for a person.
    """
    there = match.c.location_id == before.location_id
    others = select(match.c.dispatch_id).where(there, match.c.dispatch_id != before.dispatch_id)
    alone = (await work.session.execute(others.limit(1))).first() is None
    together = (
        await work.session.execute(others.where(match.c.created_at == before.created_at).limit(1))
    ).first()
    if together is None:
        for table, tell in ((agreement, tell_agreement), (equipment, tell_equipment), (contact, None)):
            for row in await _close(
                work, table, table.c.location_id == before.location_id, before.created_at
            ):
                if tell:
                    tell(work, row)
    if before.state == "new" and alone:
        for row in await _close(work, location, location.c.id == before.location_id, before.created_at):
            tell_location(work, row)
        for row in await _close(work, customer, customer.c.id == before.customer_id, before.created_at):
            tell_customer(work, row)
    kept = (await keys_of(work, before.customer_id)).get(before.location_id)
    gone = set(keys(arrival.facts)) - (kept.keys if kept else set())
    old = (match_key.c.location_id == before.location_id) & match_key.c.key.in_(gone)
    await work.session.execute(delete(match_key).where(old))


async def _close(work: Work[Any], table: Table, where: Any, made_at: Any) -> list[dict[str, Any]]:
    """Closes the rows that were made at that time and not touched since."""
    untouched = (table.c.created_at == made_at) & (table.c.version == 1) & ~table.c.closed
    values = {"closed": True, "version": 2, "updated_at": work.now}
    statement = update(table).where(where, untouched).values(values).returning(table)
    return [dict(row) for row in (await work.session.execute(statement)).mappings()]
