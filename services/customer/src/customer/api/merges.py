"""/v1/merges"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page

from customer import queries
from customer.api.depends import Office, Reading, Writing
from customer.flows.merges import merge_customers, undo_merge
from customer.models import merge
from customer.schemas.matches import MergeNew, MergeOut, Moved

router = APIRouter(prefix="/v1/merges", tags=["merges"])


@router.get("")
async def list_merges(
    _who: Office,
    read: Reading,
    customer_id: Annotated[UUID | None, Query(description="Into this customer.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MergeOut]:
    """Oldest first."""
    found = [] if customer_id is None else [merge.c.into_id == customer_id]
    rows, more = await queries.page(read, merge, *found, order=(merge.c.id,), cursor=cursor, limit=limit)
    return Page(items=[_shown(row) for row in rows], next=more)


@router.post("", status_code=201)
async def merge_two_customers(
    who: Office, work: Writing, response: Response, body: MergeNew
) -> dict[str, UUID]:
    """All of one customer moves to the other. It can be undone."""
    id = await merge_customers(work, from_id=body.from_id, into_id=body.into_id, who=who.subject)
    response.headers["Location"] = f"/v1/merges/{id}"
    set_etag(response, 1)
    return {"id": id}


@router.get("/{id}")
async def read_merge(_who: Office, read: Reading, response: Response, id: UUID) -> MergeOut:
    row = await queries.one(read, merge, id)
    set_etag(response, row.version)
    return _shown(row)


@router.delete("/{id}", status_code=204, responses={409: {"description": "Moved on since."}})
async def undo_one_merge(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Moves everything back to where it was."""
    await undo_merge(work, id=id, based_on=based_on, who=who.subject)


def _shown(row: Any) -> MergeOut:
    names = ("record", "id", "field", "was", "now")
    moved = [Moved.model_validate(dict(zip(names, each, strict=True))) for each in row.moved]
    return MergeOut.model_validate({**row._mapping, "moved": moved})
