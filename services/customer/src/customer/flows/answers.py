"""The answer to "whose dispatch is it": one row a dispatch, and the event that says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from shared.batches import insert_rows, update_rows
from shared.events.customer import CustomerMatched
from shared.work import Work
from shared.zones import zone_of

from customer.address import state_code
from customer.claims import Claim
from customer.facts import Asked
from customer.flows.partners import payer_of, payers
from customer.matching import Scored, Verdict
from customer.models import match
from customer.places import Place

State = Literal["automatic", "review", "new", "confirmed"]


@dataclass(slots=True)
class Arrival:
    """A dispatch to be matched. `version` is the dispatch's, `match_version` that of the coming answer."""

    dispatch_id: UUID
    version: int
    match_version: int
    claim: Claim
    said: str
    facts: Asked


@dataclass(slots=True)
class Answer:
    """`place` is the location that was chosen or made, or the best candidate while a person is asked."""

    arrival: Arrival
    state: State
    place: Place
    verdict: Verdict
    decided_by: str | None = None


async def write_answers(work: Work[Any], answers: Sequence[Answer], paying: dict[str, UUID]) -> None:
    rows = [_row(work, each, paying) for each in answers]
    written = await insert_rows(work.session, match, rows, ignore=["dispatch_id"], returning=["dispatch_id"])
    new = {row.dispatch_id for row in written}
    again = [row for row in rows if row["dispatch_id"] not in new]
    # Two replicas may match two versions of one dispatch at once: the newer answer stays.
    changing = [{name: row[name] for name in row if name != "created_at"} for row in again]
    await update_rows(work.session, match, changing, key="dispatch_id", newer="version")
    for each, row in zip(answers, rows, strict=True):
        event = CustomerMatched(
            dispatch_id=row["dispatch_id"],
            version=row["dispatch_version"],
            match_version=row["version"],
            customer_id=row["customer_id"],
            location_id=row["location_id"],
            state=each.state,
            score=row["score"],
            reasons=row["reasons"],
            bill_to_id=row["bill_to_id"],
            zone=_zone(each),
            unknown_payer=_unknown_payer(each, paying),
        )
        work.emit(event, row["dispatch_id"])


def _row(work: Work[Any], answer: Answer, paying: dict[str, UUID]) -> dict[str, Any]:
    arrival, best = answer.arrival, answer.verdict.best
    return {
        "dispatch_id": arrival.dispatch_id,
        "dispatch_version": arrival.version,
        "version": arrival.match_version,
        "state": answer.state,
        "score": best.score if best else 0,
        "reasons": best.reasons if best else (),
        "ranked": [_ranked(each) for each in answer.verdict.ranked] if answer.state == "review" else [],
        "customer_id": answer.place.customer_id,
        "location_id": answer.place.location_id,
        "bill_to_id": paying.get(arrival.claim.bill_to or "") or paying.get(_own_payer(work, arrival)),
        "said": arrival.said,
        "decided_by": answer.decided_by,
        "created_at": work.now,
        "updated_at": work.now,
    }


def _own_payer(work: Work[Any], arrival: Arrival) -> str:
    return payer_of(arrival.claim.partner, None, work.settings.bill_to) or ""


def _unknown_payer(answer: Answer, paying: dict[str, UUID]) -> str | None:
    named = answer.arrival.claim.bill_to
    return named if named and named not in paying else None


async def payers_of(work: Work[Any], arrivals: Sequence[Arrival]) -> dict[str, UUID]:
    """Whom the mailboxes name, and the partners' own payers."""
    named = {arrival.claim.bill_to for arrival in arrivals if arrival.claim.bill_to}
    return await payers(work, named=named, own={_own_payer(work, arrival) for arrival in arrivals} - {""})


def _ranked(each: Scored) -> dict[str, Any]:
    return {
        "customer_id": str(each.known.customer_id),
        "location_id": str(each.known.location_id),
        "score": each.score,
        "reasons": each.reasons,
    }


def _zone(answer: Answer) -> str | None:
    if answer.state != "review":
        return answer.place.zone
    address = answer.arrival.claim.address
    return zone_of(state_code(address.state), address.zip)
