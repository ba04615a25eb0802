"""What the office does with a dispatch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.db import insert_ignore, uuid7
from shared.etag import check_version
from shared.events.dispatch import (
    DispatchContent,
    DispatchCreated,
    DispatchUpdated,
    StatusChanged,
    dispatch_id,
)
from shared.problems import Problem, conflict
from shared.work import Work
from sqlalchemy import insert, update

from dispatch.board import columns
from dispatch.changes import changes
from dispatch.flows.early import show
from dispatch.flows.ledger import tell
from dispatch.models import dispatch, history
from dispatch.queries import check_technician, default_technician, dispatch_row, office_code


class Household(NamedTuple):
    """Whose dispatch it is, where that is known from the start. `zone` is the location's IANA zone."""

    customer_id: UUID | None = None
    location_id: UUID | None = None
    zone: str | None = None


async def record(work: Work[Any], row: Mapping[Any, Any], *, who: str, kind: str, **detail: Any) -> None:
    """One line of the dispatch's history."""
    about = {"id": uuid7(), "dispatch_id": row["id"], "version": row["version"], "at": work.now}
    await work.session.execute(insert(history), [{**about, "by": who, "kind": kind, "detail": detail}])


async def change(work: Work[Any], row: Mapping[Any, Any], **values: Any) -> dict[str, Any]:
    """Writes the columns and counts the version up. Returns the row as it now stands."""
    values |= {"version": row["version"] + 1, "changed_at": work.now}
    await work.session.execute(update(dispatch).where(dispatch.c.id == row["id"]).values(**values))
    return {**row, **values}


async def create(
    work: Work[Any],
    *,
    content: DispatchContent,
    partner: str | None,
    bill_to: str | None,
    technician_id: UUID | None,
    who: str,
    id: UUID | None = None,
    household: Household | None = None,
) -> UUID:
    """A dispatch that no mail brought. Its partner's later mails fill in and change it. Raises a 409 problem
    where the partner's number is already known. Without a number it is named after its board number."""
    await check_technician(work.session, technician_id)
    status = await office_code(work.session, work.settings.initial_status)
    id = dispatch_id(partner, content.number) if partner else id or uuid7()
    row: dict[str, Any] = {
        "id": id,
        "version": 1,
        "partner": partner,
        "number": content.number,
        "status": status["code"],
        "closed": status["closes"],
        "technician_id": technician_id or await default_technician(work.session),
        "match_version": 0,
        **(household or Household())._asdict(),
        "updated_by_partner": False,
        "cancelled_by_partner": False,
        "needs_attention": False,
        "bill_to": bill_to,
        "received_at": work.now,
        "changed_at": work.now,
        "told_at": work.now,
        **columns(content),
        "content": content,
        "as_sent": DispatchContent(number=content.number) if partner else None,
    }
    inserted = insert_ignore(work.session, dispatch, ["id"], returning=["board"])
    board = (await work.session.execute(inserted, [row])).scalar()
    if board is None:
        raise conflict("This partner's dispatch number is already known", "Edit that dispatch.", id=str(id))
    if not content.number:
        content = content.model_copy(update={"number": f"M{board}"})
        named = {"number": content.number, "content": content, "search": columns(content)["search"]}
        await work.session.execute(update(dispatch).where(dispatch.c.id == id).values(**named))
        row |= named
    about: dict[str, Any] = {"dispatch_id": id, "version": 1, "partner": partner, "content": content}
    about |= {"customer_id": row["customer_id"], "location_id": row["location_id"]}
    work.emit(DispatchCreated(**about, bill_to=bill_to, received_at=work.now), id)
    await record(work, row, who=who, kind="created", status=row["status"])
    _say_status(work, row, None, who)
    await tell(work, row, cause="change")
    await show(work, id)
    work.audit(who=who, action="dispatch.created", subject=id, after={"number": content.number})
    return id


async def edit(work: Work[Any], *, id: UUID, based_on: int, new: Any, who: str) -> None:
    """`new` turns the old content into the new one. Raises the 412 problem where somebody was faster."""
    row = await dispatch_row(work.session, id)
    check_version(based_on, row["version"])
    old = DispatchContent.model_validate(row["content"])
    content: DispatchContent = new(old)
    found = changes(old, content)
    if not found:
        return
    as_sent = row["as_sent"] if row["as_sent"] is not None or row["partner"] is None else row["content"]
    now = await change(work, row, **columns(content), content=content, as_sent=as_sent)
    await record(work, now, who=who, kind="edited", changes=found)
    about: dict[str, Any] = {"dispatch_id": id, "version": now["version"], "partner": row["partner"]}
    about |= {"content": content, "bill_to": row["bill_to"], "received_at": row["received_at"]}
    work.emit(DispatchUpdated(**about, changed=tuple(dict.fromkeys(one.path for one in found))), id)
    before, after = ({one.path: one[side] for one in found} for side in (1, 2))
    work.audit(who=who, action="dispatch.edited", subject=id, before=before, after=after)


async def set_status(
    work: Work[Any], *, id: UUID, status: str, who: str, at: datetime | None = None, note: str | None = None
) -> None:
    """Sets an office code and tells the partner. Setting the code it already has changes nothing."""
    if at is not None and at > work.now:
        raise Problem(422, "A status cannot be ahead of its time", "Leave `at` out for now.")
    row = await dispatch_row(work.session, id)
    if row["status"] == status:
        return
    code = await office_code(work.session, status)
    now = await change(work, row, status=status, closed=code["closes"])
    await record(work, now, who=who, kind="status", old=row["status"], new=status, note=note)
    _say_status(work, now, row["status"], who, at, note)
    await tell(work, now, cause="change", changed_at=at, note=note)
    work.audit(
        who=who,
        action="dispatch.status_set",
        subject=id,
        before={"status": row["status"]},
        after={"status": status},
    )


async def write_note(work: Work[Any], *, id: UUID, text: str, who: str) -> None:
    """A note of the office; it goes to nobody else."""
    row = await dispatch_row(work.session, id)
    await record(work, row, who=who, kind="note", text=text)
    work.audit(who=who, action="dispatch.noted", subject=id)


def _say_status(
    work: Work[Any],
    row: Mapping[Any, Any],
    old: str | None,
    who: str,
    at: datetime | None = None,
    note: str | None = None,
) -> None:
    about: dict[str, Any] = {"dispatch_id": row["id"], "version": row["version"], "old": old, "by": who}
    work.emit(
        StatusChanged(**about, new=row["status"], at=at or work.now, note=note, closed=row["closed"]),
        row["id"],
    )
