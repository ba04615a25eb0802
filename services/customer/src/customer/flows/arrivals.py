"""A batch of dispatches arrives: each is given to a customer, put before a person, or makes a new customer.

The batch costs one select for its candidates and one statement a table, however large it is. A dispatch sees
the households that were made earlier in its own batch.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.batches import one_of
from shared.db import uuid7
from shared.events.dispatch import DispatchCreated, DispatchUpdated
from shared.work import Work
from sqlalchemy import select, update

from customer.claims import asked, claim_of, household_id
from customer.facts import keys
from customer.flows.answers import Answer, Arrival, payers_of, write_answers
from customer.flows.households import Household, Rows, make_household, write_households
from customer.flows.learning import Lesson, learn
from customer.flows.partners import payer_of
from customer.matching import Verdict, decide
from customer.models import match
from customer.places import Places
from customer.queries import default_zone, places_by_key


async def arrive(work: Work[Any], events: Sequence[DispatchCreated | DispatchUpdated]) -> None:
    """Matches the newest version of each dispatch. One that says the same of people, place and contract as
    before is left alone; so is one whose customer a person has chosen."""
    newest: dict[UUID, DispatchCreated | DispatchUpdated] = {}
    for event in events:
        if event.dispatch_id not in newest or newest[event.dispatch_id].version < event.version:
            newest[event.dispatch_id] = event
    query = select(match).where(one_of(work.session, match.c.dispatch_id, newest)).with_for_update()
    stored = {row.dispatch_id: row for row in await work.session.execute(query)}
    arrivals: list[Arrival] = []
    for id, event in newest.items():
        before = stored.get(id)
        if before is not None and before.dispatch_version >= event.version:
            continue
        claim = claim_of(event.content, partner=event.partner, bill_to=_payer(work, event))
        said = claim.model_dump_json(exclude_defaults=True, exclude_none=True)
        if before is not None and (before.said == said or before.state == "confirmed"):
            seen = {"dispatch_version": event.version, "said": said}
            await work.session.execute(update(match).where(match.c.dispatch_id == id).values(**seen))
            continue
        version = max(event.version, before.version + 1 if before is not None else 1)
        arrivals.append(Arrival(id, event.version, version, claim, said, asked(claim)))
    if arrivals:
        await _settle(work, arrivals, frozenset())


def _payer(work: Work[Any], event: DispatchCreated | DispatchUpdated) -> str | None:
    return payer_of(event.partner, event.bill_to, work.settings.bill_to)


async def _settle(work: Work[Any], arrivals: list[Arrival], taken: frozenset[UUID]) -> None:
    """`taken` are ids of households that another replica, or an earlier dispatch, made first: they are found
    as candidates now, and where they do not fit (a person has changed them since) another id is used."""
    places = await places_by_key(work.session, list({key for each in arrivals for key in keys(each.facts)}))
    zone = await default_zone(work.session, work.settings)
    households: list[Household] = []
    lessons: list[Lesson] = []
    learned: Rows = []
    named: set[int] = set()
    answers: list[Answer] = []
    for each in arrivals:
        verdict = _decide(work, each, places)
        if verdict.best is None:
            id = household_id(each.claim, each.facts)
            made = make_household(
                work, each.claim, each.facts, places, customer_id=uuid7() if id in taken else id, zone=zone
            )
            households.append(made)
            answers.append(Answer(each, "new", made.place, verdict))
            continue
        place = places.place(each.facts, verdict.best.known.location_id)
        answers.append(Answer(each, verdict.state, place, verdict))
        if verdict.state == "automatic":
            new = places.add(place, each.facts)
            if (
                new
                or not each.facts.persons.issubset(place.names)
                or not each.facts.names.issubset(place.own_names)
            ):
                named.add(len(lessons))
            learned += [{"key": key, "location_id": place.location_id} for key in new]
            lessons.append(Lesson(place, each.claim, each.facts))
    lost = await write_households(work, households)
    if lost:
        return await _settle(work, arrivals, taken | lost)
    if lessons:
        await learn(work, lessons, learned, named=named)
    await write_answers(work, answers, await payers_of(work, arrivals))
    return None


def _decide(work: Work[Any], each: Arrival, places: Places) -> Verdict:
    settings = work.settings
    facts = places.personal(each.facts)
    known = places.candidates(facts)
    return decide(facts, known, automatic=settings.match_automatic, review=settings.match_review)
