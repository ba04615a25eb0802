"""A saved card pays only for its own customer."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued, known_customer
from gateway import Payer, charge, connected
from harness import feed
from shared.events.customer import CustomerChanged
from shared.service import Running

Office, Bill = httpx.AsyncClient, dict[str, Any]


@pytest.fixture
async def card(office: Office, bill: Bill) -> str:
    part = await charge(office, bill, invoices=[{"invoice_id": bill["id"], "amount": 40}])
    return (await office.post(f"/v1/payment-attempts/{part['id']}/save-card")).json()["id"]


async def merge(run: Running[Any], gone: Any, into: UUID | None, version: int) -> None:
    about = {"number": 1, "kind": "person", "name": "Pat Example", "version": version}
    id = UUID(str(gone))
    await feed(run, CustomerChanged(customer_id=id, merged_into=into, closed=into is not None, **about))


async def pay(office: Office, card: str, *bills: Bill, **more: Any) -> httpx.Response:
    named = [{"invoice_id": each["id"]} for each in bills]
    return await office.post("/v1/payment-attempts", json={"invoices": named, "card_id": card, **more})


async def test_another_customers_card_is_not_there(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, card: str
) -> None:
    other = await issued(office, await known_customer(run, "Bob Example"))
    for kind in ("sale", "authorize"):
        assert (await pay(office, card, other, kind=kind)).status_code == 404
    assert (await invoice(office, other["id"]))["state"] == "issued"
    assert len(await payer.charges()) == 1  # the card's own first one


async def test_a_card_follows_a_merge_and_its_undoing(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, card: str
) -> None:
    stays = await known_customer(run, "P. Example")
    theirs = await issued(office, stays)
    assert (await pay(office, card, theirs)).status_code == 404
    await merge(run, bill["customer_id"], stays, 2)
    assert (await pay(office, card, theirs, bill)).json()["state"] == "succeeded"
    await merge(run, bill["customer_id"], None, 3)
    later = await issued(office, stays)
    assert (await pay(office, card, later)).status_code == 404


async def test_a_card_is_charged_by_the_service_that_keeps_it(
    office: Office, payer: Payer, bill: Bill, card: str
) -> None:
    other = await connected(office, payer, default_cards=False, default_portal=False)
    assert (await pay(office, card, bill, account_id=other["id"])).status_code == 422


async def test_a_merge_at_the_same_moment_lets_no_other_card_in(
    run: Running[Any], office: Office, payer: Payer, bill: Bill, card: str
) -> None:
    """Either the card was the same customer's when it was charged, or nothing was charged."""
    stays = await known_customer(run, "P. Example")
    await merge(run, bill["customer_id"], stays, 2)
    theirs = await issued(office, stays)
    answers, _ = await asyncio.gather(
        asyncio.gather(*(pay(office, card, theirs) for _ in range(4))),
        merge(run, bill["customer_id"], None, 3),
    )
    paid = [answer for answer in answers if answer.status_code == 201]
    assert len(paid) <= 1
    assert len(await payer.charges()) == 1 + len(paid)
