"""Invoices by e-mail: queued in the request's transaction, sent afterwards (loops.mail), at least once."""

from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import insert, select

from payments.models import customer, invoice, invoice_mail


async def queue(work: Work[Any], *, invoice_id: UUID, to: str | None, who: str, kind: str = "invoice") -> Row:
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
    row = {"id": uuid7(), "invoice_id": invoice_id, "kind": kind, "recipient": recipient, "state": "waiting"}
    row |= {"attempts": 0, "asked_by": who, "due_at": work.now, "created_at": work.now}
    work.audit(who=who, action=f"{kind}.sent", subject=invoice_id, after={"to": recipient})
    work.wake("mail")
    return (await work.session.execute(insert(invoice_mail).returning(invoice_mail), [row])).one()
