"""What a gateway is told of an attempt."""

from shared.db import Row
from shared.service import Running
from sqlalchemy import select

from payments.gateways.base import Order
from payments.models import attempt_invoice, company, customer, invoice
from payments.tools import Tools


async def order_of(running: Running[Tools], row: Row, charge: Row) -> Order:
    name = select(customer.c.name).where(customer.c.id == row.debtor_id).scalar_subquery()
    query = (
        select(invoice.c.number, name, select(company.c.content).scalar_subquery())
        .join_from(invoice, attempt_invoice, attempt_invoice.c.invoice_id == invoice.c.id)
        .where(attempt_invoice.c.attempt_id == row.id)
        .order_by(invoice.c.number)
    )
    async with running.database.read() as read:
        found = (await read.execute(query)).all()
    numbers, (_, debtor, content) = [each[0] for each in found], found[0]
    return Order(
        our_id=row.id.hex,
        request_id=charge.request_id,
        short_ref=row.short_ref,
        amount=row.amount,
        currency=row.currency,
        description=f"Invoice {', '.join(numbers)}"[:120],
        invoice_number=numbers[0] if len(numbers) == 1 else row.short_ref,
        merchant=(content or {}).get("name") or running.settings.company_name,
        customer_id=row.debtor_id.hex,
        name=debtor or "",
        authorize_only=row.kind == "authorize",
    )
