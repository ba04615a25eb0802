"""What customers are to be told: noted when it is heard, mailed once their address is known."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.batches import insert_rows, upsert_newer
from shared.events.dispatch import StatusChanged
from shared.events.money import PaymentSettled, paid_by
from shared.events.status_code import StatusCodeChanged
from shared.money import to_decimal
from shared.work import Work
from sqlalchemy import select, update

from portal_api.flows.apart import apart
from portal_api.flows.messages import not_written, send_message
from portal_api.models.messages import message_template, office_code, status_notice
from portal_api.plain import in_words
from portal_api.queries.company import read_company
from portal_api.queries.recipients import Recipient, recipient_of_dispatch, recipient_of_payment
from portal_api.wording import STATUS

_OLD = timedelta(days=1)  # what is older was told by other means, or does not matter any more
_AGAIN = timedelta(seconds=30)
_BATCH = 100


async def note_statuses(work: Work[Any], events: Sequence[StatusChanged]) -> None:
    """For the codes that are turned on. Every code that is heard can be turned on from then on."""
    codes = sorted({event.new for event in events})
    seen = [{"code": code, "seen_at": work.now} for code in codes]
    await insert_rows(work.session, office_code, seen, ignore=["code"])
    names = [STATUS + code for code in codes]
    query = select(message_template.c.message).where(
        message_template.c.message.in_(names), message_template.c.enabled
    )
    on = set((await work.session.execute(query)).scalars())
    until = work.now + timedelta(minutes=work.settings.notice_wait_minutes)
    rows = [
        {
            "dispatch_id": event.dispatch_id,
            "version": event.version,
            "code": event.new,
            "at": event.at,
            "due_at": work.now,
            "until": until,
            "state": "waiting",
        }
        for event in events
        if STATUS + event.new in on and event.at > work.now - _OLD
    ]
    if rows:
        await insert_rows(work.session, status_notice, rows, ignore=["dispatch_id", "version"])
        work.wake("notify")


async def keep_codes(work: Work[Any], events: Sequence[StatusCodeChanged]) -> None:
    """What can be turned on, before any dispatch has had it."""
    rows = [
        {"code": event.code, "version": event.version, "retired": event.retired, "seen_at": work.now}
        for event in events
    ]
    await upsert_newer(work.session, office_code, rows, key="code", newer="version")


async def tell_statuses(work: Work[Any]) -> int:
    """Mails what is due; how many were looked at. Without an address it waits, and then is given up."""
    due = select(status_notice).where(status_notice.c.state == "waiting", status_notice.c.due_at <= work.now)
    due = due.order_by(status_notice.c.due_at).limit(_BATCH).with_for_update(skip_locked=True)
    rows = (await work.session.execute(due)).all()
    for row in rows:
        to = await recipient_of_dispatch(work.session, row.dispatch_id)
        done = to is None
        if to is not None:
            step = _tell_status(work, row, to)
            _, done = await apart(work, step, dispatch=str(row.dispatch_id), code=row.code)
        values: dict[str, Any] = {"state": ("told" if to else "nobody") if done else "failed"}
        if (to is None or not done) and work.now < row.until:
            values = {"due_at": work.now + _AGAIN}
        elif not done:
            once = f"{STATUS}{row.dispatch_id}:{row.version}"
            await not_written(work, message=STATUS + row.code, about=row.dispatch_id, once=once)
        this = (status_notice.c.dispatch_id == row.dispatch_id) & (status_notice.c.version == row.version)
        await work.session.execute(update(status_notice).where(this).values(**values))
    return len(rows)


async def _tell_status(work: Work[Any], row: Any, to: Recipient) -> None:
    changed = row.at.astimezone(ZoneInfo((await read_company(work.session)).about.zone))
    values = {
        "name": to.name,
        "number": to.number,
        "status": in_words(row.code),
        "changed_on": f"{changed:%B} {changed.day}, {changed.year}",
        "link": visit_link(work, row.dispatch_id),
    }
    once = f"{STATUS}{row.dispatch_id}:{row.version}"
    name = STATUS + row.code
    await send_message(work, message=name, to=to.email, values=values, about=row.dispatch_id, once=once)


async def send_receipts(work: Work[Any], events: Sequence[PaymentSettled]) -> None:
    """One for each payment whose customer has an address."""
    for event in events:
        if event.at < work.now - _OLD:
            continue
        paid = paid_by(event)
        to = await recipient_of_payment(work.session, event.customer_id, paid)
        if to is None:
            continue
        day = event.at.astimezone(ZoneInfo((await read_company(work.session)).about.zone))
        values = {
            "name": to.name,
            "amount": _amount(event),
            "method": f"{event.brand or 'card'} ending in {event.last4}" if event.last4 else event.method,
            "paid_on": f"{day:%B} {day.day}, {day.year}",
            "invoice": to.number,
            "reference": event.reference or "",
            "link": f"{work.settings.web_url.rstrip('/')}/portal/invoices",
        }
        id, once = event.payment_id, f"receipt:{event.payment_id}"
        await send_message(work, message="payment_receipt", to=to.email, values=values, about=id, once=once)


def _amount(event: PaymentSettled) -> str:
    """Whatever the office has made of the wording, test money does not look like money."""
    amount = f"{to_decimal(event.amount, event.currency):,f} {event.currency}"
    return f"{amount} (a test: no money moved)" if event.test_money else amount


def visit_link(work: Work[Any], dispatch_id: Any) -> str:
    return f"{work.settings.web_url.rstrip('/')}/portal/visits/{dispatch_id}"
