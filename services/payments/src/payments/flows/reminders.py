"""Reminders of overdue invoices: off until the office turns them on, each step of an invoice once."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.batches import insert_rows
from shared.db import Row
from shared.etag import check_version
from shared.work import Work
from sqlalchemy import insert, select, update

from payments.flows.mails import queue
from payments.models import attempt_invoice, customer, invoice, invoice_reminder, reminder_setting
from payments.queries.balances import Reading
from payments.queries.company import zone_of
from payments.queries.invoices import whole

_AT_ONCE = 200
OFF: dict[str, Any] = {"version": 0, "enabled": False, "days": [7, 14, 30], "since": None}


async def reminders_of(reading: Reading) -> dict[str, Any]:
    row = (await reading.execute(select(reminder_setting))).mappings().one_or_none()
    return OFF if row is None else {name: row[name] for name in OFF}


async def set_reminders(
    work: Work[Any], *, based_on: int, enabled: bool, days: Sequence[int], who: str
) -> dict[str, Any]:
    """Turned on, it begins with the steps of this day: nobody is sent what fell before. Raises 412."""
    old = await reminders_of(work.session)
    check_version(based_on, old["version"])
    today = work.now.astimezone(await zone_of(work.session, work.settings)).date()
    since = (old["since"] if old["enabled"] else today) if enabled else None
    row = {"id": 1, "version": based_on + 1, "enabled": enabled, "days": sorted(set(days)), "since": since}
    row["updated_at"] = work.now
    if based_on:
        await work.session.execute(update(reminder_setting).values(row))
    else:
        await work.session.execute(insert(reminder_setting), [row])
    work.audit(
        who=who, action="reminders.set", subject="reminders", after={"enabled": enabled, "days": row["days"]}
    )
    return await reminders_of(work.session)


async def remind(work: Work[Any], after: UUID | None = None) -> UUID | None:
    """Queues the reminders of a batch of invoices after that one; the last one looked at, None at the end.
    What was missed while nothing ran is made up for by the latest step alone."""
    chosen = await reminders_of(work.session)
    if not chosen["enabled"]:
        return None
    today = work.now.astimezone(await zone_of(work.session, work.settings)).date()
    rows = await _overdue(work, today, chosen, after)
    for each in await whole(work.session, rows):
        step = _step(each["due_on"], chosen["days"], chosen["since"], today)
        if step is not None and each["payable"]:
            await _once(work, each["id"], step)
    return rows[-1].id if len(rows) == _AT_ONCE else None


def _step(due: date, days: Sequence[int], since: date, today: date) -> int | None:
    """The latest step that has come."""
    return max((each for each in days if since <= due + timedelta(each) <= today), default=None)


async def _overdue(work: Work[Any], today: date, chosen: dict[str, Any], after: UUID | None) -> Sequence[Row]:
    """Invoices of customers with an address, for which no payment is on its way."""
    paying = select(attempt_invoice.c.invoice_id).where(attempt_invoice.c.open)
    query = (
        select(invoice)
        .join(customer, customer.c.id == invoice.c.debtor_id)
        .where(
            *(invoice.c.kind == "invoice", invoice.c.state == "issued", ~invoice.c.bill_to_partner),
            invoice.c.due_on <= today - timedelta(min(chosen["days"])),
            invoice.c.due_on >= chosen["since"] - timedelta(max(chosen["days"])),
            *(customer.c.email.is_not(None), ~customer.c.closed, invoice.c.id.not_in(paying)),
        )
    )
    query = query if after is None else query.where(invoice.c.id > after)
    return (await work.session.execute(query.order_by(invoice.c.id).limit(_AT_ONCE))).all()


async def _once(work: Work[Any], invoice_id: UUID, days: int) -> None:
    """The row is what makes it once: of two replicas one inserts it, and the other sees that."""
    row = {"invoice_id": invoice_id, "days": days, "mail_id": invoice_id, "at": work.now}
    mine = await insert_rows(
        work.session, invoice_reminder, [row], ignore=["invoice_id", "days"], returning=["invoice_id"]
    )
    if not mine:
        return
    mail = await queue(work, invoice_id=invoice_id, to=None, who="callboard", kind="reminder")
    this = (invoice_reminder.c.invoice_id == invoice_id) & (invoice_reminder.c.days == days)
    await work.session.execute(update(invoice_reminder).where(this).values(mail_id=mail.id))
