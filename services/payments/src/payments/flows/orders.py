"""What a gateway is told of an attempt."""

from shared.db import Row
from shared.service import Running
from sqlalchemy import select

from payments.gateways.base import Order
from payments.models import attempt_invoice, company, customer, invoice
from payments.tools import Tools


async def order_of(running: Running[Tools], row: Row, charge: Row) -> Order:
    query = (
        select(invoice.c.number)
        .join_from(invoice, attempt_invoice, attempt_invoice.c.invoice_id == invoice.c.id)
        .where(attempt_invoice.c.attempt_id == row.id)
        .order_by(invoice.c.number)
    )
    async with running.database.read() as read:
        numbers = (await read.execute(query)).scalars().all()
        name = (
            await read.execute(select(customer.c.name).where(customer.c.id == row.debtor_id))
        ).scalar_one_or_none()
        content = (await read.execute(select(company.c.content))).scalar_one_or_none() or {}
    return Order(
        our_id=row.id.hex,
        request_id=charge.request_id,
        short_ref=row.short_ref,
        amount=row.amount,
        currency=row.currency,
        description=f"Invoice {', '.join(numbers)}"[:120],
        invoice_number=numbers[0] if len(numbers) == 1 else row.short_ref,
        merchant=content.get("name") or running.settings.company_name,
        customer_id=row.debtor_id.hex,
        name=name or "",
        authorize_only=row.kind == "authorize",
    )
