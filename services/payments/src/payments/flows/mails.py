"""Invoices by e-mail: queued in the request's transaction, sent afterwards, at least once."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import insert, select, update

from payments.models import customer, invoice, invoice_mail


async def queue(work: Work[Any], *, invoice_id: UUID, to: str | None, who: str) -> Row:
    """The mail that waits to be sent, to the debtor's address unless `to` says another. While one waits, a
    second to the same address is not queued. Raises 404, 409 for a draft and 422 without an address."""
    query = select(invoice).where(invoice.c.id == invoice_id).with_for_update()
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise not_found("invoice")
    if found.state == "draft":
        raise conflict("A draft cannot be sent", "Issue the invoice first.")
    known = select(customer.c.email).where(customer.c.id == found.debtor_id)
    recipient = to or (await work.session.execute(known)).scalar()
    if not recipient:
        raise Problem(422, "This customer has no e-mail address", "Say where to send it: `to`.")
    mine = (invoice_mail.c.invoice_id == invoice_id, invoice_mail.c.recipient == recipient)
    waiting = select(invoice_mail).where(*mine, invoice_mail.c.state == "waiting")
    already = (await work.session.execute(waiting)).first()
    if already is not None:
        return already
    row = {"id": uuid7(), "invoice_id": invoice_id, "recipient": recipient, "state": "waiting"}
    row |= {"attempts": 0, "asked_by": who, "due_at": work.now, "created_at": work.now}
    work.audit(who=who, action="invoice.sent", subject=invoice_id, after={"to": recipient})
    work.wake("mail")
    return (await work.session.execute(insert(invoice_mail).returning(invoice_mail), [row])).one()


async def lease(work: Work[Any]) -> Sequence[Row]:
    """Mails that are due, for as long as `lease_seconds`."""
    due = select(invoice_mail.c.id).where(
        invoice_mail.c.state == "waiting", invoice_mail.c.due_at <= work.now
    )
    due = due.order_by(invoice_mail.c.due_at).limit(work.settings.outgoing_batch)
    ids = list((await work.session.execute(due.with_for_update(skip_locked=True))).scalars())
    if not ids:
        return []
    until = work.now + timedelta(seconds=work.settings.lease_seconds)
    leased = update(invoice_mail).where(invoice_mail.c.id.in_(ids)).returning(invoice_mail)
    values = {"due_at": until, "attempts": invoice_mail.c.attempts + 1}
    return (await work.session.execute(leased.values(values))).all()


async def settle(work: Work[Any], row: Row, state: str, answer: str | None) -> None:
    """`state` is sent, failed (for good) or waiting: tried again later, until the mail is older than
    `outgoing_give_up_hours`."""
    give_up = timedelta(hours=work.settings.outgoing_give_up_hours)
    if state == "waiting" and work.now - row.created_at > give_up:
        state = "failed"
    values: dict[str, Any] = {"state": state, "answer": answer}
    if state == "waiting":
        pause = min(2.0 ** min(row.attempts, 10), 900) * random.uniform(0.5, 1.0)  # noqa: S311
        values["due_at"] = work.now + timedelta(seconds=pause)
    else:
        values["settled_at"] = work.now
    await work.session.execute(update(invoice_mail).where(invoice_mail.c.id == row.id).values(values))
