"""Pay Now: a ticket of the portal becomes an attempt, once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.auth import CheckoutTicket
from shared.db import insert_ignore
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import select

from payments.flows.accounts import chosen
from payments.flows.attempts import begin, replayed
from payments.models import invoice, ticket
from payments.queries.balances import NOTHING, sums_of
from payments.queries.merges import merged


async def check_out(
    work: Work[Any],
    *,
    said: CheckoutTicket,
    shares: Mapping[UUID, int | None],
    amount: int | None,
    key: str,
    request_hash: str,
) -> tuple[UUID, bool]:
    """An attempt for the ticket's invoices: its id, and whether it is new. Raises 404 for other invoices, 409
    for a used ticket or what cannot be paid, 422 for more than the ticket allows."""
    caller = str(said.account_id)
    used = insert_ignore(work.session, ticket, ["jti"], returning=["jti"])
    if (await work.session.execute(used, [{"jti": said.id, "used_at": work.now}])).first() is None:
        known = await replayed(work, caller=caller, key=key, request_hash=request_hash)
        if known is not None:
            return known.attempt_id, False
        raise conflict("This payment link was used already", "Go back and choose Pay Now again.")
    if not set(shares) <= set(said.invoices):
        raise not_found("invoice")
    wanted = await _spread(work, said, shares or dict.fromkeys(said.invoices), amount)
    account = await chosen(work, id=None, portal=True)
    return await begin(
        work,
        account=account,
        shares=wanted,
        kind="sale",
        channel="portal",
        caller=caller,
        key=key,
        request_hash=request_hash,
    )


async def _spread(
    work: Work[Any], said: CheckoutTicket, shares: Mapping[UUID, int | None], amount: int | None
) -> dict[UUID, int]:
    """How much of each invoice is paid: what was asked for, or a whole amount over the oldest first."""
    theirs = invoice.c.customer_id.in_(await merged(work.session, said.customer_id))
    query = select(invoice).where(invoice.c.id.in_(shares), theirs)
    rows = (await work.session.execute(query.order_by(invoice.c.due_on, invoice.c.id))).all()
    if len(rows) < len(shares) or any(row.currency != said.currency for row in rows):
        raise not_found("invoice")
    sums = await sums_of(work.session, list(shares))
    parts: dict[UUID, int] = {}
    rest = amount
    for row in rows:
        part = shares[row.id]
        part = row.total - sums.get(row.id, NOTHING).settled if part is None else part
        if rest is not None:
            part = min(part, rest)
            rest -= part
        if part or rest is None:
            parts[row.id] = part
    if rest:
        raise Problem(422, "This is more than the invoices come to", "Pay less.")
    if sum(parts.values()) > said.cap:
        raise Problem(422, "This is more than this payment link allows", "Go back and choose Pay Now again.")
    return parts
