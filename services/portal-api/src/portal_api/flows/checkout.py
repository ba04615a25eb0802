"""The ticket with which a customer goes to pay."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.problems import Problem, conflict, not_found
from shared.work import Work

from portal_api.flows.tokens import issue_checkout_ticket
from portal_api.queries.invoices import several


async def check_out(
    work: Work[Any], *, account_id: UUID, location_id: UUID, amounts: Mapping[UUID, int | None]
) -> tuple[str, int, str]:
    """Ticket, cap and currency. `amounts` by invoice; None is all that is open. Raises 404 for an invoice of
    others, 409 for one that cannot be paid, and 422 for more than is open or for two currencies."""
    found = await several(work.session, location_id, list(amounts))
    cap = 0
    for id, amount in amounts.items():
        row = found.get(id)
        if row is None:
            raise not_found("invoice")
        open_now = row.balance if row.collectable is None else row.collectable
        if not row.payable or open_now <= 0:
            because = row.invoice.get("not_payable_because") or "Nothing is open on it."
            raise conflict("This invoice cannot be paid here", because, id=str(id))
        if amount is not None and amount > open_now:
            raise Problem(422, "This is more than may be paid", f"Pay at most {open_now}.", id=str(id))
        cap += open_now if amount is None else amount
    currencies = {row.currency for row in found.values()}
    if len(currencies) > 1:
        raise Problem(422, "These invoices are in several currencies", "Pay those of one currency at a time.")
    (currency,) = currencies
    # the location's customer, who is another one after a merge than the account was made for
    customer_id = next(iter(found.values())).customer_id
    ticket = await issue_checkout_ticket(
        work,
        account_id=account_id,
        customer_id=customer_id,
        location_id=location_id,
        invoices=amounts,
        cap=cap,
        currency=currency,
    )
    after = {"invoices": [str(id) for id in amounts], "cap": cap, "currency": currency}
    work.audit(who=str(account_id), action="checkout.started", subject=location_id, after=after)
    return ticket, cap, currency
