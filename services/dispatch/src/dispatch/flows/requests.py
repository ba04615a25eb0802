"""What customers ask for at their own door: a visit, another time for it, or none.

Where a partner sent the dispatch, the partner decides: a person of the office is told, nothing is applied.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from shared.db import uuid7
from shared.events.dispatch import DispatchContent, Note, Person, WorkOrderLine
from shared.events.portal import RequestChangeAnswered, RequestChangeAsked, ServiceRequested
from shared.work import Work
from sqlalchemy import RowMapping, insert, select, update

from dispatch.flows.appointments import move, schedule, take_back
from dispatch.flows.office import Household, create, record, set_status
from dispatch.models import alert, appointment, dispatch
from dispatch.queries import default_technician, default_zone
from dispatch.windows import Window, spoken

Answer = tuple[Literal["applied", "noted", "refused"], str | None]
"""What became of a change, and why, in the customer's words."""


async def take_requests(work: Work[Any], events: Sequence[ServiceRequested]) -> None:
    """Makes a dispatch of each for the default technician, with the chosen window as its appointment. A
    window that the office took in the meantime, or that is only wished for, is put before a person."""
    ids = [event.request_id for event in events]
    known = set((await work.session.scalars(select(dispatch.c.id).where(dispatch.c.id.in_(ids)))).all())
    for event in events:
        if event.request_id not in known:
            await create(
                work,
                content=_content(event),
                partner=None,
                bill_to=None,
                technician_id=None,
                who=_who(event),
                id=event.request_id,
                household=Household(event.customer_id, event.location_id, event.zone),
            )
            await _schedule(work, event)


async def _schedule(work: Work[Any], event: ServiceRequested) -> None:
    when = _window(event)
    if when is None:
        text = f"The customer asks for a visit: {event.preferred or 'any time'}."
        await _alert(work, event.request_id, text)
    elif await _is_taken(work, await default_technician(work.session), when):
        text = f"The customer chose {spoken(when, event.zone)}, which was taken in the meantime."
        await _alert(work, event.request_id, text)
    else:
        await schedule(work, id=event.request_id, technician_id=None, who=_who(event), **when._asdict())


def _content(event: ServiceRequested) -> DispatchContent:
    people = [Person(role="customer", name=event.customer_name)]
    people.append(Person(role="contact", name=event.contact.name, phones=event.contact.phones))
    notes = [Note(kind="message", header="Preferred time", text=event.preferred)] if event.preferred else []
    notes += [Note(kind="message", text=event.notes)] if event.notes else []
    notes += [Note(kind="message", header="Photo", text=path) for path in event.photos]
    wanted = event.equipment or event.trade or "Service request"
    return DispatchContent(
        number=event.number,
        service_address=event.address,
        people=tuple(people),
        email=event.contact.email,
        dispatch_type="NORMAL",
        trade=event.trade,
        lines=(WorkOrderLine(line_id="1", description=wanted, symptoms=(event.problem,)),),
        notes=tuple(notes),
    )


async def change_visits(work: Work[Any], events: Sequence[RequestChangeAsked]) -> None:
    """Applies each change, notes it for the office, or refuses it; the customer hears which, and why."""
    for event in events:
        is_decided = dispatch.c.match_state.is_distinct_from("review")  # else the place is only a candidate
        mine = (
            (dispatch.c.id == event.dispatch_id) & (dispatch.c.location_id == event.location_id) & is_decided
        )
        query = select(dispatch).where(mine).with_for_update()
        state, reason = await _change(work, event, (await work.session.execute(query)).mappings().first())
        about = {"change_id": event.change_id, "dispatch_id": event.dispatch_id}
        work.emit(RequestChangeAnswered(**about, state=state, reason=reason), event.dispatch_id)


async def _change(work: Work[Any], event: RequestChangeAsked, row: RowMapping | None) -> Answer:
    when = _window(event)
    if row is None:
        return "refused", "We do not know this visit."
    if row["closed"]:
        return "refused", "This visit is closed already."
    if row["partner"] is None and event.action == "cancel":
        return await _cancel(work, event, row)
    if row["partner"] is None and when is not None:
        return await _move(work, event, row, when)
    await _note(work, event, row, when)
    return "noted", "Our office will call you."


async def _cancel(work: Work[Any], event: RequestChangeAsked, row: RowMapping) -> Answer:
    for each in await _coming(work, row["id"]):
        await take_back(work, id=row["id"], **_this(each), who=_who(event))
    status = work.settings.cancelled_status
    await set_status(work, id=row["id"], status=status, who=_who(event), note=event.reason)
    return "applied", None


async def _move(work: Work[Any], event: RequestChangeAsked, row: RowMapping, when: Window) -> Answer:
    coming = await _coming(work, row["id"])
    technician = coming[0]["technician_id"] if coming else row["technician_id"]
    if await _is_taken(work, technician, when, besides=row["id"]):
        return "refused", "This time was taken in the meantime. Choose another one."
    about: dict[str, Any] = {"id": row["id"], "technician_id": None, "who": _who(event), **when._asdict()}
    if coming:
        await move(work, **_this(coming[0]), **about)
    else:
        await schedule(work, **about)
    return "applied", None


def _this(row: RowMapping) -> dict[str, Any]:
    return {"appointment_id": row["id"], "based_on": row["version"]}


async def _coming(work: Work[Any], id: UUID) -> Sequence[RowMapping]:
    query = select(appointment).where(
        appointment.c.dispatch_id == id, ~appointment.c.cancelled, appointment.c.end_at > work.now
    )
    return (await work.session.execute(query.order_by(appointment.c.start_at))).mappings().all()


async def _is_taken(
    work: Work[Any], technician: UUID | None, when: Window, *, besides: UUID | None = None
) -> bool:
    """Whether the technician has another appointment then. Nobody's time cannot be taken."""
    if technician is None:
        return False
    overlaps = (appointment.c.start_at < when.end) & (appointment.c.end_at > when.start)
    taken = select(appointment.c.id).where(
        appointment.c.technician_id == technician, ~appointment.c.cancelled, overlaps
    )
    if besides is not None:
        taken = taken.where(appointment.c.dispatch_id != besides)
    return (await work.session.execute(taken.limit(1))).first() is not None


async def _note(work: Work[Any], event: RequestChangeAsked, row: RowMapping, when: Window | None) -> None:
    if event.action == "cancel":
        text = "The customer wants to cancel."
    else:
        zone = row["zone"] or await default_zone(work.session, work.settings)
        wish = spoken(when, zone) if when else event.preferred or "any time"
        text = f"The customer wants another time: {wish}."
    text += f" {event.reason}" if event.reason else ""
    await record(work, row, who=_who(event), kind="note", text=text)
    await _alert(work, row["id"], text)


async def _alert(work: Work[Any], id: UUID, text: str) -> None:
    raised = {"id": uuid7(), "dispatch_id": id, "kind": "requested", "text": text, "at": work.now}
    await work.session.execute(insert(alert), [raised])
    await work.session.execute(update(dispatch).where(dispatch.c.id == id).values(needs_attention=True))


def _window(event: ServiceRequested | RequestChangeAsked) -> Window | None:
    return Window(event.start, event.end) if event.start and event.end else None


def _who(event: ServiceRequested | RequestChangeAsked) -> str:
    return f"account {event.account_id}"
