"""Whose dispatch it is that an invoice or a deposit names."""

from typing import Any
from uuid import UUID

from shared.db import Row
from shared.problems import Problem
from shared.work import Work
from sqlalchemy import select

from payments.models import dispatch
from payments.queries.merges import same_debtor


async def dispatch_of(work: Work[Any], id: UUID, *, customer_id: UUID, partner_too: bool = False) -> Row:
    """Raises 422 for a dispatch nobody knows, or one of another customer; with `partner_too` it may also be
    the one who pays for the partner. A dispatch whose customer is not known yet is anybody's."""
    known = (await work.session.execute(select(dispatch).where(dispatch.c.id == id))).one_or_none()
    if known is None:
        raise Problem(422, "There is no such dispatch")
    owners = [known.customer_id, known.bill_to_id if partner_too else None]
    theirs = await same_debtor(work.session, customer_id)
    if known.customer_id is not None and not any(owner in theirs for owner in owners if owner):
        raise Problem(422, "This dispatch is another customer's", "Name the customer whose dispatch it is.")
    return known
