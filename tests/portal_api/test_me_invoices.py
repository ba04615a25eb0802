"""What a household owes: for its administrators, and what may be paid."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from harness import feed, of, said
from portal import bill, household, member, ok
from portal_api.queries.keys import key_set
from shared.auth import Verifier
from shared.events.customer import CustomerMatched
from shared.events.money import CardRemovalAsked, PaidPart, PaymentRefunded, PaymentSettled, SavedCardChanged
from shared.problems import Problem
from shared.service import Running

NOW = datetime.now(UTC)


async def test_invoices_are_for_administrators(run: Running[Any]) -> None:
    pat = await household(run)
    lee = await member(run, pat.customer_id, pat.location_id, administrator=False)
    id = await bill(run, pat)
    async with lee.door(run) as http:
        for path in ("/v1/me/invoices", f"/v1/me/invoices/{id}", f"/v1/me/invoices/{uuid4()}"):
            assert (await http.get(path)).status_code == 403
        assert (await http.post("/v1/me/checkout", json={"invoices": [{"id": str(id)}]})).status_code == 403
        assert (await http.post(f"/v1/me/invoices/{id}/document")).status_code == 403


async def test_an_invoice_of_a_dispatch_that_a_person_must_judge_is_shown_to_nobody(
    run: Running[Any],
) -> None:
    """The partner corrected the address after the invoice was issued: now it may be a neighbour's."""
    pat, dispatch = await household(run), uuid4()
    id = await bill(run, pat, dispatch_id=dispatch)
    match: dict[str, Any] = {
        "dispatch_id": dispatch,
        "version": 1,
        "location_id": pat.location_id,
        "score": 80,
    }
    async with pat.door(run) as http:
        for version, state, seen in ((1, "automatic", 1), (2, "review", 0), (3, "confirmed", 1)):
            await feed(run, CustomerMatched(**match, match_version=version, state=state))  # pyright: ignore[reportArgumentType]  # its three words
            listed = (await ok(await http.get("/v1/me/invoices")))["items"]
            owed = (await ok(await http.get("/v1/me/home")))["owed"]
            assert (len(listed), len(owed)) == (seen, seen)
            assert (await http.get(f"/v1/me/invoices/{id}")).status_code == (200 if seen else 404)
            asked = await http.post("/v1/me/checkout", json={"invoices": [{"id": str(id)}]})
            assert asked.status_code == (200 if seen else 404)


async def test_open_and_paid_invoices(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    due = await bill(run, pat)
    kept = await bill(run, pat, payable=False, not_payable_because="Do not collect.")
    paid = await bill(run, pat, 0, state="paid", total=5000, subtotal=5000, paid=5000)
    hidden, foreign = await bill(run, pat, bill_to_partner=True), await bill(run, neighbour)
    await bill(run, pat, 100, state="void", payable=False)
    money: dict[str, Any] = {"invoice_id": paid, "customer_id": pat.customer_id}
    payment = uuid4()
    card = {"method": "card", "brand": "Visa", "last4": "1111"}
    await feed(run, PaymentSettled(payment_id=payment, amount=5000, at=NOW, **card, **money))
    back = {"refund_id": uuid4(), "payment_id": payment, "amount": 1000}
    await feed(run, PaymentRefunded(at=NOW + timedelta(days=1), **back, **money))
    async with pat.door(run) as http:
        open_ones = (await ok(await http.get("/v1/me/invoices", params={"state": "open"})))["items"]
        assert {each["id"]: each["payable"] for each in open_ones} == {str(due): True, str(kept): False}
        assert {each["not_payable_because"] for each in open_ones} == {None, "Do not collect."}
        paid_ones = (await ok(await http.get("/v1/me/invoices", params={"state": "paid"})))["items"]
        assert [each["id"] for each in paid_ones] == [str(paid)]
        first = await ok(await http.get("/v1/me/invoices", params={"limit": 3}))
        rest = await ok(await http.get("/v1/me/invoices", params={"limit": 3, "cursor": first["next"]}))
        assert len({each["id"] for each in first["items"] + rest["items"]}) == 4
        whole = await ok(await http.get(f"/v1/me/invoices/{paid}"))
        assert [(each["amount"], each["refund_of"]) for each in whole["payments"]] == [
            (5000, None),
            (1000, str(payment)),
        ]
        for id in (hidden, foreign, uuid4()):
            assert (await http.get(f"/v1/me/invoices/{id}")).status_code == 404


async def test_a_ticket_is_for_what_was_chosen(run: Running[Any]) -> None:
    pat = await household(run)
    one, other = await bill(run, pat, 20500), await bill(run, pat, 500)
    chosen = {"invoices": [{"id": str(one), "amount": 10000}, {"id": str(other)}]}
    async with pat.door(run) as http:
        answer = await http.post("/v1/me/checkout", json=chosen)
        started = await ok(answer)
        assert answer.headers["cache-control"] == "no-store"
        again = await ok(await http.post("/v1/me/checkout", json=chosen))
    assert (started["cap"], started["currency"]) == (10500, "USD")

    verifier = Verifier(lambda: key_set(run))
    ticket = await verifier.checkout_ticket(started["ticket"])
    assert (ticket.account_id, ticket.customer_id) == (pat.account_id, pat.customer_id)
    assert (ticket.location_id, ticket.cap) == (pat.location_id, 10500)
    assert set(ticket.invoices) == {one, other}
    assert 295 <= ticket.expires.timestamp() - time.time() <= 301
    assert (await verifier.checkout_ticket(again["ticket"])).id != ticket.id


async def test_a_document_is_opened_with_a_ticket_for_it_alone(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    mine, hidden = await bill(run, pat), await bill(run, pat, bill_to_partner=True)
    async with pat.door(run) as http:
        answer = await http.post(f"/v1/me/invoices/{mine}/document")
        ticket = (await ok(answer))["ticket"]
        for id in (hidden, await bill(run, neighbour), uuid4()):
            assert (await http.post(f"/v1/me/invoices/{id}/document")).status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    verifier = Verifier(lambda: key_set(run))
    assert await verifier.document_ticket(ticket) == mine
    for other in (verifier.principal, verifier.checkout_ticket):
        with pytest.raises(Problem, match="not valid"):
            await other(ticket)


@pytest.mark.parametrize(
    ("why", "status"), [("foreign", 404), ("kept", 409), ("paid", 409), ("more", 422), ("twice", 422)]
)
async def test_what_cannot_be_paid_gets_no_ticket(run: Running[Any], why: str, status: int) -> None:
    pat, neighbour = await household(run), await household(run)
    good: dict[str, Any] = {"id": str(await bill(run, pat))}
    bad: dict[str, Any] = {
        "foreign": lambda: bill(run, neighbour),
        "kept": lambda: bill(run, pat, payable=False, not_payable_because="Do not collect."),
        "paid": lambda: bill(run, pat, 0, state="paid"),
        "more": lambda: bill(run, pat, 100),
    }
    part: dict[str, Any] = good if why == "twice" else {"id": str(await bad[why]())}
    if why == "more":
        part["amount"] = 101
    async with pat.door(run) as http:
        answer = await http.post("/v1/me/checkout", json={"invoices": [good, part]})
        assert answer.status_code == status
        assert "ticket" not in answer.json()
        if why == "kept":
            assert answer.json()["detail"] == "Do not collect."


async def test_a_withheld_service_fee_is_shown_and_not_asked_for(run: Running[Any]) -> None:
    pat = await household(run)
    id = await bill(run, pat, 30000, withheld=10000, withheld_because="DO NOT COLLECT", collectable=20000)
    whole = {"invoices": [{"id": str(id), "amount": 20001}]}
    async with pat.door(run) as http:
        (shown,) = (await ok(await http.get("/v1/me/invoices")))["items"]
        assert (shown["balance"], shown["withheld"], shown["collectable"]) == (30000, 10000, 20000)
        assert shown["withheld_because"] == "DO NOT COLLECT"
        assert (await ok(await http.get("/v1/me/home")))["owed"][0]["amount"] == 20000
        assert (await http.post("/v1/me/checkout", json=whole)).status_code == 422
        started = await ok(await http.post("/v1/me/checkout", json={"invoices": [{"id": str(id)}]}))
    assert started["cap"] == 20000


async def test_a_payment_of_several_invoices_is_seen_on_each(run: Running[Any]) -> None:
    pat = await household(run)
    ids = [await bill(run, pat, 0, state="paid") for _ in range(2)]
    parts = tuple(PaidPart(invoice_id=id, number="INV-1", amount=1000 + n) for n, id in enumerate(ids))
    payment, about = uuid4(), {"customer_id": pat.customer_id}
    await feed(
        run, PaymentSettled(payment_id=payment, at=NOW, amount=2001, method="bank", invoices=parts, **about)
    )
    back = PaymentRefunded(
        refund_id=uuid4(),
        payment_id=payment,
        amount=500,
        at=NOW + timedelta(days=1),
        invoices=(parts[0].model_copy(update={"amount": 500}),),
        **about,
    )
    await feed(run, back)
    async with pat.door(run) as http:
        shown = [(await ok(await http.get(f"/v1/me/invoices/{id}")))["payments"] for id in ids]
    assert [(each["amount"], each["whole"]) for each in shown[0]] == [(1000, 2001), (500, 500)]
    assert [(each["amount"], each["whole"]) for each in shown[1]] == [(1001, 2001)]


async def test_a_household_removes_its_saved_card(run: Running[Any]) -> None:
    pat, neighbour = await household(run), await household(run)
    mine, foreign = uuid4(), uuid4()
    about = {"version": 1, "brand": "Visa", "last4": "4242", "expires": "2031-04"}
    await feed(
        run,
        SavedCardChanged(card_id=mine, customer_id=pat.customer_id, **about),
        SavedCardChanged(card_id=foreign, customer_id=neighbour.customer_id, **about),
    )
    await said(run)
    lee = await member(run, pat.customer_id, pat.location_id, administrator=False)
    async with lee.door(run) as http:
        assert (await http.delete(f"/v1/me/cards/{mine}")).status_code == 403
    async with pat.door(run) as http:
        (card,) = await ok(await http.get("/v1/me/cards"))
        assert (card["id"], card["expires"], card["removing"]) == (str(mine), "2031-04", None)
        for id in (foreign, uuid4()):
            assert (await http.delete(f"/v1/me/cards/{id}")).status_code == 404
        assert (await http.delete(f"/v1/me/cards/{mine}")).status_code == 202
        (asked,) = of(await said(run), CardRemovalAsked)
        assert (asked.card_id, asked.customer_id, asked.asked_by) == (mine, pat.customer_id, pat.account_id)
        await feed(
            run,
            SavedCardChanged(
                card_id=mine, customer_id=pat.customer_id, **{**about, "version": 2}, removed=True
            ),
        )
        assert await ok(await http.get("/v1/me/cards")) == []
