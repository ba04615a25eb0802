"""One of everything that a path of the payments service names."""

from typing import Any

from bills import issued, known_customer, pay_by_cheque
from harness import client
from shared.service import Running


async def make(running: Running[Any]) -> dict[str, str]:
    customer = str(await known_customer(running))
    async with client(running, "office.admin") as office:
        invoice = await issued(office, customer)
        paid = await pay_by_cheque(office, customer, 100, **{invoice["id"]: 100})
        return {
            "/v1/invoices/{id}": invoice["id"],
            "/v1/payments/{id}": paid.json()["id"],
            "/v1/customer-balances/{customer_id}": customer,
            "/v1/statements/{customer_id}": customer,
        }
