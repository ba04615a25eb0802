"""/v1/matches: whose dispatch it is, and the queue of those that a person must decide."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page
from sqlalchemy import ColumnElement, literal_column

from customer import queries
from customer.api.depends import Office, Reading, Writing
from customer.claims import Claim, asked
from customer.flows.review import decide_match
from customer.models import match
from customer.schemas.matches import Candidate, Decision, MatchDetail, MatchOut

router = APIRouter(prefix="/v1/matches", tags=["matches"])


@router.get("")
async def list_matches(
    _who: Office,
    read: Reading,
    customer_id: Annotated[UUID | None, Query(description="All dispatches of a customer.")] = None,
    state: Annotated[Literal["review"] | None, Query(description="The queue, oldest first.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MatchOut]:
    """The review queue, unless a customer is named."""
    found: list[ColumnElement[bool]] = []
    order = (match.c.created_at, match.c.dispatch_id)
    if customer_id is not None:
        found.append(match.c.customer_id == customer_id)
    if customer_id is None or state is not None:
        found.append(match.c.state == literal_column("'review'"))  # as the partial index has it
    rows, more = await queries.page(read, match, *found, order=order, cursor=cursor, limit=limit)
    return Page(items=[MatchOut.model_validate(row) for row in rows], next=more)


@router.get("/{dispatch_id}")
async def read_match(
    _who: Office, read: Reading, request: Request, response: Response, dispatch_id: UUID
) -> MatchDetail:
    """What the dispatch says, and who may be meant as things stand now."""
    row = await queries.one(read, match, dispatch_id)
    set_etag(response, row.version)
    claim = Claim.model_validate_json(row.said)
    settings = request.scope["callboard.running"].settings
    found = await queries.candidates(
        read, asked(claim), automatic=settings.match_automatic, review=settings.match_review
    )
    shown = MatchOut.model_validate(row).model_dump()
    said = claim.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return MatchDetail(**shown, said=said, candidates=[Candidate.model_validate(each) for each in found])


@router.post("/{dispatch_id}/decision", status_code=204)
async def decide_dispatch(
    who: Office, work: Writing, dispatch_id: UUID, based_on: BasedOn, body: Decision
) -> None:
    """A person's word: it stays, whatever the partner changes later."""
    await decide_match(
        work,
        dispatch_id=dispatch_id,
        based_on=based_on,
        who=who.subject,
        location_id=body.location_id,
        customer_id=body.customer_id,
    )
