"""Cards that the gateway keeps: with consent and expiry, and removed for good."""

from typing import Any
from uuid import UUID, uuid4

import httpx
from gateway import Clock, Payer, charge
from harness import feed, of, said
from payments.flows.cards import forget_removed
from payments.models import saved_card
from shared.events.money import CardRemovalAsked, SavedCardChanged
from shared.service import Running
from sqlalchemy import select

SAID = {"consent": "By telephone on March 3, for repairs.", "expires": "2031-04"}


async def kept(office: httpx.AsyncClient, bill: dict[str, Any], said: Any = SAID) -> dict[str, Any]:
    part = await charge(office, bill, invoices=[{"invoice_id": bill["id"], "amount": 40}])
    answer = await office.post(f"/v1/payment-attempts/{part['id']}/save-card", json=said)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(office: httpx.AsyncClient, bill: dict[str, Any]) -> list[str]:
    answer = await office.get("/v1/saved-cards", params={"customer_id": bill["customer_id"]})
    return [each["id"] for each in answer.raise_for_status().json()]


async def test_consent_and_expiry_are_kept(
    office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    card = await kept(office, bill)
    assert (card["consent"], card["expires"], card["saved_by"]) == (*SAID.values(), "anna")
    part = await charge(office, bill, invoices=[{"invoice_id": bill["id"], "amount": 40}])
    path = f"/v1/payment-attempts/{part['id']}/save-card"
    for wrong in ({"expires": "2031-13"}, {"expires": "04/31"}, {"consent": " "}, {"card": "x"}):
        assert (await office.post(path, json=wrong)).status_code == 422


async def test_the_office_removes_a_card(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    card = await kept(office, bill)
    await said(run)
    assert (await office.delete(f"/v1/saved-cards/{card['id']}")).status_code == 204
    assert await listed(office, bill) == []
    body = {"invoices": [{"invoice_id": bill["id"]}], "card_id": card["id"]}
    assert (await office.post("/v1/payment-attempts", json=body)).status_code == 404
    assert (await office.delete(f"/v1/saved-cards/{card['id']}")).status_code == 404
    (told,) = of(await said(run), SavedCardChanged)
    assert (told.card_id, told.removed, told.version) == (UUID(card["id"]), True, 2)
    for hours, gone in ((23, False), (2, True)):
        await clock.pass_by(run, hours=hours)
        async with run.work() as work:
            await forget_removed(work)
            sealed = (await work.session.execute(select(saved_card.c.sealed))).scalar_one()
        assert (sealed == "") is gone


async def test_its_owner_has_a_card_removed(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    card = await kept(office, bill)
    about = {"card_id": UUID(card["id"]), "asked_by": uuid4(), "at": clock.now()}
    await feed(run, CardRemovalAsked(customer_id=uuid4(), **about))
    assert await listed(office, bill) == [card["id"]]
    await said(run)
    for _ in range(2):
        await feed(run, CardRemovalAsked(customer_id=UUID(bill["customer_id"]), **about))
    assert await listed(office, bill) == []
    assert [each.removed for each in of(await said(run), SavedCardChanged)] == [True, True]
