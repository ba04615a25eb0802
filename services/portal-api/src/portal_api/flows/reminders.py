"""Appointments: reminded before they begin; who was reminded hears of a move, and of a visit taken back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.batches import upsert_newer
from shared.company import sender_of
from shared.events.dispatch import DispatchScheduled
from shared.work import Work
from sqlalchemy import and_, literal, null, or_, select, update

from portal_api.flows.apart import apart
from portal_api.flows.messages import not_written, send_message
from portal_api.flows.notices import visit_link
from portal_api.models.messages import reminder
from portal_api.models.records import appointment_record, technician_record
from portal_api.queries.company import as_told, read_company
from portal_api.queries.recipients import Recipient, is_matched, recipient_of_dispatch
from portal_api.queries.templates import template
from portal_api.visits import calendar_entry
from portal_api.windows import Window, spoken

_BATCH = 100
_AGAIN = timedelta(minutes=1)
_TRIES = 10
"""What cannot be written after so many minutes is given up, and the office sees it among its mails."""


async def note_appointments(work: Work[Any], events: Sequence[DispatchScheduled]) -> None:
    rows = [
        {
            "appointment_id": event.appointment_id,
            "dispatch_id": event.dispatch_id,
            "version": event.version,
            "start_at": event.start,
            "end_at": event.end,
            "zone": event.zone,
            "state": "waiting",
            "due_at": None,
            "tries": 0,
        }
        for event in events
    ]
    written = await upsert_newer(work.session, reminder, rows, key="appointment_id", newer="version")
    told = reminder.c.appointment_id.in_(written), reminder.c.told.is_not(None)
    changed = update(reminder).where(*told).values(state="changed").returning(reminder.c.appointment_id)
    if (await work.session.execute(changed)).first() is not None:
        work.wake("remind")


async def remind_customers(work: Work[Any]) -> int:
    """Mails what is due; how many were settled. A visit waits for its customer to become known until it
    begins."""
    known = await template(work.session, "appointment_reminder")
    soon = reminder.c.start_at.between(work.now, work.now + timedelta(hours=known.hours))
    waiting = and_(literal(known.enabled), reminder.c.state == "waiting", soon)
    now = or_(reminder.c.due_at.is_(None), reminder.c.due_at <= work.now)
    due = select(reminder).where(or_(reminder.c.state == "changed", waiting), now)
    order = reminder.c.due_at.asc().nulls_first(), reminder.c.start_at
    due = due.order_by(*order).limit(_BATCH).with_for_update(skip_locked=True)
    settled = 0
    for row in (await work.session.execute(due)).all():
        step = _remind(work, row, enabled=known.enabled)
        told, done = await apart(work, step, appointment=str(row.appointment_id))
        values: dict[str, Any] = {"state": "done", "told": null() if told is None else told}
        if not done and row.tries + 1 >= _TRIES:
            values = {"state": "failed", "tries": row.tries + 1}
            message = _message(cancelled=row.start_at is None)
            await not_written(work, message=message, about=row.dispatch_id, once=_once(row))
        elif not done or told is False:  # behind all that are due: those who wait hold up nobody
            values = {"due_at": work.now + _AGAIN, "tries": row.tries + (not done)}
        settled += "state" in values
        this = update(reminder).where(reminder.c.appointment_id == row.appointment_id)
        await work.session.execute(this.values(**values))
    return settled


def _message(*, cancelled: bool) -> str:
    return "appointment_cancelled" if cancelled else "appointment_reminder"


def _once(row: Any) -> str:
    return f"appointment:{row.appointment_id}:{row.version}"


async def _remind(work: Work[Any], row: Any, *, enabled: bool) -> dict[str, Any] | bool | None:
    """What the customer now knows, None for nothing; False: ask again later."""
    if row.start_at is None:
        await _take_back(work, row)
        return None
    if row.told is not None and _window_of(row.told) == Window(row.start_at, row.end_at):
        return row.told
    to = await recipient_of_dispatch(work.session, row.dispatch_id)
    if to is None:
        return row.told if await is_matched(work.session, row.dispatch_id) else False
    if row.start_at <= work.now or not enabled:
        return row.told
    technician = select(technician_record.c.name).join_from(
        appointment_record, technician_record, technician_record.c.id == appointment_record.c.technician_id
    )
    name = await work.session.scalar(technician.where(appointment_record.c.id == row.appointment_id))
    window = Window(row.start_at, row.end_at)
    values = {**_values(work, row, to, window, row.zone), "technician": name or ""}
    await _send(work, row, to, window, values, cancelled=False)
    return {**to._asdict(), "start": window.start, "end": window.end, "zone": row.zone}


async def _take_back(work: Work[Any], row: Any) -> None:
    if not row.told or not (await template(work.session, "appointment_cancelled")).enabled:
        return
    told = row.told
    to, window = Recipient(*(told[name] for name in Recipient._fields)), _window_of(told)
    if window.end > work.now:
        await _send(work, row, to, window, _values(work, row, to, window, told["zone"]), cancelled=True)


async def _send(
    work: Work[Any], row: Any, to: Recipient, window: Window, values: dict[str, str], *, cancelled: bool
) -> None:
    company = await read_company(work.session)
    entry = calendar_entry(
        "CANCEL" if cancelled else "REQUEST",
        appointment_id=row.appointment_id,
        sequence=row.version,
        window=window,
        summary=f"{company.about.name}: {to.number}".removeprefix(": "),
        place=to.place,
        organizer=sender_of(work.settings, as_told(work.settings, company)),
        attendee=to.email,
        now=work.now,
    )
    await send_message(
        work,
        message=_message(cancelled=cancelled),
        to=to.email,
        values=values,
        about=row.dispatch_id,
        attachments=(entry,),
        once=_once(row),
    )


def _values(work: Work[Any], row: Any, to: Recipient, window: Window, zone: str) -> dict[str, str]:
    link = visit_link(work, row.dispatch_id)
    return {"name": to.name, "number": to.number, "link": link, "when": spoken(window, zone)}


def _window_of(told: dict[str, Any]) -> Window:
    return Window(*(datetime.fromisoformat(told[name]) for name in ("start", "end")))
