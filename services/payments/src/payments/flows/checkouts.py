"""Pay Now: a ticket of the portal becomes an attempt, once."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from shared.db import Row, insert_ignore
from shared.problems import Problem, conflict, not_found
from shared.tickets import CheckoutTicket
from shared.work import Work
from sqlalchemy import select

from payments.flows.accounts import chosen
from payments.flows.attempts import begin, replayed
from payments.models import attempt, attempt_invoice, invoice, ticket
from payments.queries.balances import Reading
from payments.queries.invoices import whole
from payments.queries.merges import merged


async def check_out(
    work: Work[Any],
    *,
    said: CheckoutTicket,
    shares: Mapping[UUID, int | None],
    amount: int | None,
    key: str,
    request_hash: str,
    usable: Callable[[Row], object],
) -> tuple[UUID, bool]:
    """An attempt for the ticket's invoices: its id, and whether it is new. `usable` raises where the
    account's secrets cannot be read: nothing is begun then. Raises 404 for other invoices, 409
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
    chosen_parts = {id: said.parts.get(id) for id in said.invoices}
    wanted = await _spread(work, said, shares or chosen_parts, amount)
    account = await chosen(work, id=None, portal=True)
    usable(account)
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
    shown = {each["id"]: each for each in await whole(work.session, rows)}
    parts: dict[UUID, int] = {}
    rest = amount
    for row in rows:
        asked, left = shares[row.id], shown[row.id]["collectable"]
        part = left if asked is None else asked
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


async def own_checkout(reading: Reading, id: UUID, said: CheckoutTicket) -> None:
    """Raises 404 unless the ticket's customer may pay all that this payment is for."""
    query = select(attempt.c.debtor_id, attempt_invoice.c.invoice_id).join_from(
        attempt, attempt_invoice, attempt_invoice.c.attempt_id == attempt.c.id
    )
    rows = (await reading.execute(query.where(attempt.c.id == id))).all()
    theirs = await merged(reading, said.customer_id)
    if not rows or any(row.debtor_id not in theirs or row.invoice_id not in said.invoices for row in rows):
        raise not_found("payment attempt")
