"""Money that a gateway took goes into the books."""

from typing import Any
from uuid import UUID

from shared.db import Row
from shared.work import Work
from sqlalchemy import select

from payments.flows import books
from payments.flows.traces import named, raise_alert, wake_news
from payments.gateways.base import Result
from payments.gateways.money import with_currency
from payments.models import attempt_invoice


async def book(work: Work[Any], row: Row, operation_id: UUID, amount: int, result: Result, who: str) -> None:
    """Money that came in goes to the attempt's invoices; what they do not need any more becomes credit, and a
    person is told."""
    query = select(attempt_invoice.c.invoice_id, attempt_invoice.c.amount)
    query = query.where(attempt_invoice.c.attempt_id == row.id).order_by(attempt_invoice.c.invoice_id)
    shares = {each.invoice_id: each.amount for each in await work.session.execute(query)}
    currency = result.currency or row.currency
    if currency != row.currency:
        shares = {}  # it pays no invoice of another currency: all of it is credit
    _, excess = await books.receive(
        work,
        debtor_id=row.debtor_id,
        shares=shares,
        who=who,
        method="paypal" if row.gateway == "paypal" else "card",
        amount=amount,
        currency=currency,
        operation_id=operation_id,
        gateway=row.gateway,
        brand=result.brand or row.brand,
        last4=result.last4 or row.last4,
        reference=result.gateway_ref or row.gateway_ref,
    )
    await wake_news(work, row, result.gateway_ref or row.gateway_ref)
    if excess:
        rest = with_currency(excess, currency)
        text = f"More was paid than the invoices need: {rest} is the customer's credit ({named(row)})."
        await raise_alert(work, row, "credit", text)
