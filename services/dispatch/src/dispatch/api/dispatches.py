"""Routes: the board, one dispatch, and what the office does with it."""

from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic_core
from fastapi import APIRouter, Query, Request, Response
from shared.etag import BasedOn, etag
from shared.events.dispatch import DispatchContent
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem

from dispatch.api.base import Office, Reading, Staff, Text, Writing, reading
from dispatch.flows import appointments, office
from dispatch.models import history
from dispatch.queries import Reader, lists
from dispatch.queries.board import Filters, board_json, dispatch_json
from dispatch.schemas.dispatches import (
    AssignedOut,
    AssignIn,
    CollisionOut,
    DispatchEdit,
    DispatchLine,
    DispatchNew,
    DispatchOut,
    HistoryOut,
    StatusIn,
    TextIn,
)
from shared import bodies

router = APIRouter(prefix="/v1/dispatches", tags=["dispatches"])

Time = Annotated[bodies.Time | None, Query()]
Flag = Literal[
    "incomplete", "updated_by_partner", "cancelled_by_partner", "needs_attention", "do_not_collect"
]


@router.get("", response_model=Page[DispatchLine])
async def read_board(
    _who: Staff,
    request: Request,
    status: Text = None,
    technician_id: UUID | None = None,
    trade: Text = None,
    partner: Text = None,
    closed: bool | None = None,
    received_from: Time = None,
    received_to: Time = None,
    scheduled_from: Time = None,
    scheduled_to: Time = None,
    flag: Annotated[tuple[Flag, ...], Query(description="Flags that must be set.")] = (),
    q: Annotated[str, Query(max_length=200, description="Number, name, phone, street or city.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The board, newest first. Ranges include their beginning and not their end; times need an offset."""
    received, scheduled = (received_from, received_to), (scheduled_from, scheduled_to)
    if any(time and time.tzinfo is None for time in (*received, *scheduled)):
        raise Problem(422, "A time lacks its offset", "Write it like 2026-03-01T08:00:00-06:00.")
    filters = Filters(status, technician_id, trade, partner, closed, received, scheduled, flag, q)
    async with reading(request) as read:
        return _answer(await board_json(read, filters, limit, cursor))


@router.get("/{id}", response_model=DispatchOut)
async def read_dispatch(_who: Staff, request: Request, id: UUID) -> Response:
    async with reading(request) as read:
        return await _whole(read, id)


@router.post("", status_code=201, response_model=DispatchOut)
async def create_dispatch(who: Office, work: Writing, body: DispatchNew) -> Response:
    """A dispatch that no mail brought."""
    if body.partner and not body.number:
        raise Problem(422, "A partner's dispatch needs the partner's number")
    content = DispatchContent(number=body.number or "")
    own = ("partner", "number", "technician_id", "bill_to")
    typed = DispatchEdit.model_validate(body.model_dump(exclude_unset=True, exclude=set(own)))
    id = await office.create(
        work,
        content=typed.apply_to(content),
        partner=body.partner,
        bill_to=body.bill_to,
        technician_id=body.technician_id,
        who=who.subject,
    )
    answer = await _whole(work.session, id, 201)
    answer.headers["Location"] = f"/v1/dispatches/{id}"
    return answer


@router.patch("/{id}", response_model=DispatchOut)
async def edit_dispatch(
    who: Office, work: Writing, id: UUID, based_on: BasedOn, body: DispatchEdit
) -> Response:
    """Corrects what was sent; the history keeps both. What the partner later changes still comes in."""
    await office.edit(work, id=id, based_on=based_on, new=body.apply_to, who=who.subject)
    return await _whole(work.session, id)


@router.put("/{id}/status", response_model=DispatchOut)
async def set_status(who: Staff, work: Writing, id: UUID, body: StatusIn) -> Response:
    """Sets the status and tells the partner. `at` without an offset is refused."""
    if body.at and body.at.tzinfo is None:
        raise Problem(422, "A time lacks its offset", "Write it like 2026-03-01T08:00:00-06:00.")
    await office.set_status(work, id=id, status=body.status, at=body.at, note=body.note, who=who.subject)
    return await _whole(work.session, id)


@router.put("/{id}/technician", response_model=AssignedOut)
async def assign(who: Office, work: Writing, id: UUID, body: AssignIn) -> Response:
    """Gives the dispatch and its coming appointments to a technician. `collides_with` warns of what this one
    has at those times."""
    await appointments.assign(work, id=id, technician_id=body.technician_id, who=who.subject)
    version, whole = await dispatch_json(work.session, id)
    found = [CollisionOut.model_validate(each) for each in await lists.all_collisions(work.session, id)]
    warning = b',"collides_with":' + pydantic_core.to_json(found) + b"}"
    return _answer(whole[:-1] + warning, headers={"ETag": etag(version)})


@router.post("/{id}/notes", status_code=201)
async def write_note(who: Staff, work: Writing, id: UUID, body: TextIn) -> None:
    """A note of the office, shown in the history. It goes to nobody else."""
    await office.write_note(work, id=id, text=body.text, who=who.subject)


@router.get("/{id}/history")
async def read_history(
    _who: Staff, read: Reading, id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[HistoryOut]:
    """What happened to the dispatch, newest first, field by field."""
    await lists.must_exist(read, id)
    rows, next_ = await lists.page(read, lists.history_of(id), history, limit, cursor)
    return Page[HistoryOut].model_validate({"items": rows, "next": next_})


async def _whole(reader: Reader, id: UUID, status: int = 200) -> Response:
    version, body = await dispatch_json(reader, id)
    return _answer(body, status, {"ETag": etag(version)})


def _answer(body: bytes, status: int = 200, headers: dict[str, Any] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")
