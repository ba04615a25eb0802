"""A customer asks for a visit, for another time, or for none."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.db import Row, insert_ignore, uuid7
from shared.events.customer import Equipment
from shared.events.dispatch import WorkOrderLine
from shared.events.portal import Contact, RequestChangeAsked, ServiceRequested
from shared.problems import Problem, conflict
from shared.work import Work
from sqlalchemy import func, insert, select, update

from portal_api.flows.holding import hold
from portal_api.flows.messages import send_message
from portal_api.models.accounts import account
from portal_api.models.records import customer_record, dispatch_record, equipment_record, location_record
from portal_api.models.requests import photo, request, visit_change
from portal_api.queries import visits
from portal_api.queries.free import calendar_of
from portal_api.windows import Window, spoken


async def request_service(
    work: Work[Any],
    *,
    account_id: UUID,
    location_id: UUID,
    contact: Contact,
    problem: str,
    photos: list[UUID],
    trade: str | None = None,
    equipment_id: UUID | None = None,
    start: Any = None,
    preferred: str | None = None,
    notes: str | None = None,
) -> tuple[UUID, str, Window | None]:
    """The dispatch's id and number, and its window. Raises 409 where the window was taken, 422 for
    equipment or photos that are not the household's, and 429 after `requests_a_day`."""
    home = await _home(work, location_id)
    await _not_too_many(work, location_id)
    item = await _equipment(work, location_id, equipment_id)
    id = uuid7()
    new = insert(request).values(id=id, location_id=location_id, account_id=account_id, at=work.now)
    serial = (await work.session.execute(new.returning(request.c.serial))).scalar_one()
    number = f"R{1000 + serial}"
    window = await hold(work, location_id=location_id, dispatch_id=id, start=start) if start else None
    await _take_photos(work, account_id, id, photos)
    event = ServiceRequested(
        request_id=id,
        number=number,
        customer_id=home.customer_id,
        location_id=location_id,
        account_id=account_id,
        requested_at=work.now,
        problem=problem,
        trade=trade,
        equipment_id=equipment_id,
        equipment=item,
        contact=contact,
        address=home.address,
        customer_name=home.name or contact.name,
        zone=home.zone,
        start=window.start if window else None,
        end=window.end if window else None,
        preferred=preferred,
        notes=notes,
        photos=tuple(f"/v1/photos/{each}" for each in photos),
    )
    work.emit(event, id)
    await _show_at_once(work, event)
    when = spoken(window, home.zone) if window else preferred or ""
    await _confirm(work, event, when)
    work.audit(who=str(account_id), action="service.requested", subject=id, after={"number": number})
    return id, number, window


async def _home(work: Work[Any], location_id: UUID) -> Row:
    query = (
        select(location_record, customer_record.c.name)
        .outerjoin_from(
            location_record, customer_record, customer_record.c.id == location_record.c.customer_id
        )
        .where(location_record.c.id == location_id)
    )
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise conflict("Your record is not here yet", "Try again in a minute.")
    return found


async def _not_too_many(work: Work[Any], location_id: UUID) -> None:
    recent = (request.c.location_id == location_id) & (request.c.at > work.now - timedelta(days=1))
    count = await work.session.scalar(select(func.count()).select_from(request).where(recent))
    if (count or 0) >= work.settings.requests_a_day:
        raise Problem(429, "You have asked for many visits today", "Call our office, or try again tomorrow.")


async def _equipment(work: Work[Any], location_id: UUID, id: UUID | None) -> str | None:
    """What it is called, in one line."""
    if id is None:
        return None
    mine = (equipment_record.c.id == id) & (equipment_record.c.location_id == location_id)
    query = select(equipment_record.c.equipment).where(mine, ~equipment_record.c.removed)
    found = (await work.session.execute(query)).scalar()
    if found is None:
        raise Problem(422, "This equipment is not known", "Choose one of GET /v1/me/equipment.")
    item = Equipment.model_validate(found)
    return ", ".join(filter(None, (item.description, item.brand, item.model)))


async def _take_photos(work: Work[Any], account_id: UUID, id: UUID, photos: list[UUID]) -> None:
    free = photo.c.id.in_(photos) & (photo.c.account_id == account_id) & photo.c.request_id.is_(None)
    taken = update(photo).where(free).values(request_id=id).returning(photo.c.id)
    if len((await work.session.execute(taken)).all()) != len(set(photos)):
        raise Problem(422, "One of these photos is not here any more", "Send it again.")


async def _show_at_once(work: Work[Any], event: ServiceRequested) -> None:
    """The customer sees the request before the dispatch service has heard of it; what that says replaces
    this."""
    line = WorkOrderLine(description=event.equipment or event.trade, symptoms=(event.problem,))
    row = {
        "id": event.request_id,
        "number": event.number,
        "trade": event.trade,
        "lines": [line],
        "received_at": work.now,
        "customer_id": event.customer_id,
        "location_id": event.location_id,
        "status_at": work.now,
    }
    await work.session.execute(insert(dispatch_record), [row])


async def _confirm(work: Work[Any], event: ServiceRequested, when: str) -> None:
    query = select(account.c.name, account.c.email).where(account.c.id == event.account_id)
    who = (await work.session.execute(query)).one()
    if who.email is None:
        return
    values = {"name": who.name, "number": event.number, "problem": event.problem, "when": when}
    values["link"] = f"{work.settings.web_url}/portal/visits/{event.request_id}"
    await send_message(work, message="request_received", to=who.email, values=values, about=event.request_id)


async def _wished(work: Work[Any], location_id: UUID, start: Any) -> Window:
    """On a partner's visit the office decides, so nothing is held."""
    window = (await calendar_of(work.session, location_id)).window_at(start)
    if window is None or window.start <= work.now:
        raise Problem(422, "This time cannot be chosen", "Choose one of GET /v1/me/windows.")
    return window


async def ask_change(
    work: Work[Any],
    *,
    account_id: UUID,
    location_id: UUID,
    dispatch_id: UUID,
    action: Any,
    start: Any = None,
    preferred: str | None = None,
    reason: str | None = None,
) -> Row:
    """Raises 404 for a visit of others, 409 for one that is closed, not yet booked or being changed, and
    where the window was taken."""
    found = await visits.one(work.session, location_id, dispatch_id, work.now)
    if found.closed:
        raise conflict("This visit is closed", "Ask for a new one.")
    if found.version == 0:
        raise conflict("This visit is just being booked", "Try again in a moment.")
    window = None
    if start is not None and found.partner is None:
        window = await hold(work, location_id=location_id, dispatch_id=dispatch_id, start=start, instead=True)
    elif start is not None:
        window = await _wished(work, location_id, start)
    id = uuid7()
    row = {
        "id": id,
        "dispatch_id": dispatch_id,
        "location_id": location_id,
        "account_id": account_id,
        "action": action,
        "asked_at": work.now,
        "start_at": window.start if window else None,
        "end_at": window.end if window else None,
        "preferred": preferred,
        "reason": reason,
        "state": "asked",
        "open_key": dispatch_id,
    }
    new = insert_ignore(work.session, visit_change, ["open_key"], returning=["id"])
    if (await work.session.execute(new, [row])).first() is None:
        raise conflict("This visit is being changed already", "Wait for the answer.")
    about: dict[str, Any] = {
        "change_id": id,
        "dispatch_id": dispatch_id,
        "location_id": location_id,
        "account_id": account_id,
    }
    times: dict[str, Any] = {
        "start": row["start_at"],
        "end": row["end_at"],
        "preferred": preferred,
        "reason": reason,
    }
    work.emit(RequestChangeAsked(**about, action=action, asked_at=work.now, **times), dispatch_id)
    work.audit(who=str(account_id), action=f"visit.{action}_asked", subject=dispatch_id)
    return (await work.session.execute(select(visit_change).where(visit_change.c.id == id))).one()
