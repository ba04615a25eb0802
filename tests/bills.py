"""Customers, dispatches and invoices for the tests of money."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from dispatches import content
from harness import feed
from shared.auth import development_token
from shared.db import uuid7
from shared.events.customer import CustomerChanged, CustomerMatched
from shared.events.dispatch import DispatchCreated, DispatchUpdated, dispatch_id
from shared.service import Running


async def known_customer(run: Running[Any], name: str = "Pat Example", **more: Any) -> UUID:
    id = uuid7()
    about = {"version": 1, "number": 1, "kind": "person", "email": "pat@example.com", **more}
    await feed(run, CustomerChanged(customer_id=id, name=name, **about))
    return id


async def known_dispatch(
    run: Running[Any], number: str = "40000001", **changes: Any
) -> tuple[UUID, UUID, UUID]:
    """(dispatch, its customer, the partner who pays)."""
    id, person = dispatch_id("ahs", number), await known_customer(run)
    payer = await known_customer(run, "American Home Shield", kind="partner", email=None)
    at = datetime(2026, 1, 5, 18, tzinfo=UTC)
    said = content(number, **changes)
    await feed(
        run,
        DispatchCreated(dispatch_id=id, version=1, partner="ahs", content=said, received_at=at),
        CustomerMatched(
            dispatch_id=id,
            version=1,
            match_version=1,
            customer_id=person,
            location_id=uuid7(),
            state="automatic",
            score=99,
            bill_to_id=payer,
        ),
    )
    return id, person, payer


def updated(number: str = "40000001", version: int = 2, **changes: Any) -> DispatchUpdated:
    at = datetime(2026, 1, 6, 18, tzinfo=UTC)
    return DispatchUpdated(
        dispatch_id=dispatch_id("ahs", number),
        version=version,
        partner="ahs",
        content=content(number, **changes),
        received_at=at,
    )


def line(unit_price: int = 12540, **more: Any) -> dict[str, Any]:
    return {"kind": "part", "description": "Compressor", "unit_price": unit_price, **more}


async def drafted(office: httpx.AsyncClient, customer_id: UUID, *lines: Any, **more: Any) -> dict[str, Any]:
    body = {"customer_id": str(customer_id), "lines": list(lines or [line()]), **more}
    answer = await office.post("/v1/invoices", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def issued(office: httpx.AsyncClient, customer_id: UUID, *lines: Any, **more: Any) -> dict[str, Any]:
    made = await drafted(office, customer_id, *lines, **more)
    answer = await office.post(f"/v1/invoices/{made['id']}/issue", headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def invoice(office: httpx.AsyncClient, id: Any) -> dict[str, Any]:
    return (await office.get(f"/v1/invoices/{id}")).raise_for_status().json()


async def pay_by_cheque(
    office: httpx.AsyncClient, customer_id: Any, amount: int, **invoices: int
) -> httpx.Response:
    """`invoices` name ids, with dashes, and amounts."""
    shares = [{"invoice_id": id, "amount": share} for id, share in invoices.items()]
    body = {"customer_id": str(customer_id), "method": "cheque", "amount": amount, "invoices": shares}
    return await office.post("/v1/payments", json=body)


TICKET = "callboard-checkout"


def ticket(customer_id: Any, *invoices: Any, cap: int = 10**9, **claims: Any) -> str:
    """A checkout ticket as portal-api signs it."""
    said = {"customer": str(customer_id), "location": str(uuid7()), "invoices": [str(id) for id in invoices]}
    said |= {"cap": cap, "currency": "USD", "jti": str(uuid7()), **claims}
    return development_token((), str(uuid7()), 300, audience=TICKET, **said)
