"""Households at portal-api's door: what it was told of them, and people who may come in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from harness import client, feed
from portal_api.flows.accounts import choose_password, invite
from shared.events.customer import CustomerChanged, LocationChanged
from shared.events.dispatch import Address, DispatchContent, DispatchCreated, Phone, WorkOrderLine
from shared.events.money import Invoice, InvoiceIssued
from shared.events.technician import TechnicianChanged
from shared.service import Running

HOUSE = Address(street="12 N SAMPLE ST", city="ANYTOWN", state="TX", zip="75001")
ZONE = "America/Chicago"


@dataclass(frozen=True)
class Home:
    customer_id: UUID
    location_id: UUID
    account_id: UUID
    role: str

    @asynccontextmanager
    async def door(self, run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
        async with client(run, self.role, subject=str(self.account_id)) as http:
            yield http


async def member(
    run: Running[Any], customer_id: UUID, location_id: UUID, *, administrator: bool = True
) -> Home:
    """Somebody of a household that is known already, who has chosen a password."""
    async with run.work() as work:
        about = {"email": f"{uuid4().hex}@example.com", "name": "Pat Example", "who": "test"}
        row = await invite(work, location_id=location_id, administrator=administrator, **about)
        await choose_password(work, row["id"], hashed="x", action="account.activated", who="test")
    return Home(customer_id, location_id, row["id"], row["role"])


async def household(run: Running[Any], *, administrator: bool = True, zone: str = ZONE) -> Home:
    customer_id, location_id = uuid4(), uuid4()
    await feed(
        run,
        CustomerChanged(
            customer_id=customer_id,
            version=1,
            number=1001,
            name="Pat Example",
            kind="person",
            email="pat@example.com",
            phones=(Phone(type="CELL", number="+16515550137"),),
        ),
    )
    await feed(
        run,
        LocationChanged(
            location_id=location_id, customer_id=customer_id, version=1, address=HOUSE, zone=zone
        ),
    )
    return await member(run, customer_id, location_id, administrator=administrator)


async def default_technician(run: Running[Any], name: str = "Ana") -> UUID:
    id = uuid4()
    await feed(run, TechnicianChanged(technician_id=id, version=1, name=name, is_default=True))
    return id


async def visit(run: Running[Any], home: Home, *, partner: str | None = None, number: str = "M1") -> UUID:
    """A dispatch of the household, as the dispatch service tells of it."""
    id, line = uuid4(), WorkOrderLine(description="Refrigerator", symptoms=("not cooling",))
    made = DispatchCreated(
        dispatch_id=id,
        version=1,
        partner=partner,
        content=DispatchContent(number=number, trade="APL", lines=(line,)),
        received_at=datetime.now(UTC),
        customer_id=home.customer_id,
        location_id=home.location_id,
    )
    await feed(run, made)
    return id


async def bill(run: Running[Any], home: Home, balance: int = 20500, **more: Any) -> UUID:
    """An invoice of the household, as payments tells of it."""
    id = uuid4()
    about: dict[str, Any] = {
        "number": f"INV-{id.hex[:6]}",
        "customer_id": home.customer_id,
        "location_id": home.location_id,
        "state": "issued",
        "issued_on": datetime.now(UTC).date() - timedelta(days=3),
        "due_on": datetime.now(UTC).date(),
        "subtotal": balance,
        "total": balance,
        "balance": balance,
    }
    await feed(run, InvoiceIssued(invoice_id=id, version=1, invoice=Invoice(**about | more)))
    return id


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json() if answer.content else None
