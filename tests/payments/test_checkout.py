"""Pay Now and cards of the office, against the simulated sandbox over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest
import structlog
from bills import (
    drafted,
    invoice,
    issued,
    known_customer,
    known_dispatch,
    line,
    pay_by_cheque,
    ticket,
    updated,
)
from gateway import SECRET, Clock, Payer, charge, check_out, come_back, connected, state_of
from harness import client, feed, of, said
from secrecy import CARD
from shared.events.dispatch import Note
from shared.events.money import PaymentRefunded, PaymentSettled
from shared.service import Running

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # the other is in test_races.py


async def test_pay_now(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    await said(run)
    async with client(run) as browser:
        started = (await check_out(browser, bill)).json()
        assert (started["state"], started["amount"]) == ("requires_action", 12540)
        assert started["redirect_url"].startswith(payer.url)
        back = await payer.decide(started["redirect_url"])
        for _ in range(3):
            page = await come_back(browser, back)
            assert "your payment has arrived" in page.text
        shown = (await browser.get(f"/v1/checkouts/{started['id']}")).json()
    assert (shown["state"], shown["redirect_url"]) == ("succeeded", None)
    paid = await invoice(office, bill["id"])
    assert (paid["state"], paid["balance"]) == ("paid", 0)
    (settled,) = of(await said(run), PaymentSettled)
    assert (settled.amount, settled.method, settled.gateway, settled.last4) == (
        12540,
        "card",
        "sandbox",
        "4242",
    )
    assert len(await payer.charges()) == 1


async def test_a_ticket_is_good_once_and_for_no_more_than_it_says(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    other = await issued(office, bill["customer_id"])
    good = ticket(bill["customer_id"], bill["id"], cap=12540)

    async def ask(held: str, **more: Any) -> int:
        return (await office.post("/v1/checkouts", json={"ticket": held, **more})).status_code

    assert await ask(good, invoices=[{"invoice_id": other["id"]}]) == 404
    assert await ask(ticket(bill["customer_id"], bill["id"], cap=12539)) == 422
    assert await ask(ticket((await known_customer(run)), bill["id"])) == 404
    assert await ask(good[:-4] + "AAAA") == 401
    assert await ask(good, amount=12541) == 422
    assert await ask(good, amount=2500) == 201
    assert await ask(good, amount=2500) == 409
    assert await ask(ticket(bill["customer_id"], bill["id"])) == 409  # a page is open
    assert await payer.charges() == []


async def test_a_part_goes_to_the_oldest_invoices(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    newer = await issued(office, bill["customer_id"], line(10000), terms_days=60)
    body = {"ticket": ticket(bill["customer_id"], newer["id"], bill["id"]), "amount": 15000}
    started = (await office.post("/v1/checkouts", json=body)).json()
    await come_back(office, await payer.decide(started["redirect_url"]))
    assert (await invoice(office, bill["id"]))["state"] == "paid"
    assert (await invoice(office, newer["id"]))["balance"] == 10000 - 2460


async def test_case_4_parallel_clicks_make_one_attempt(
    office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    body = {"ticket": ticket(bill["customer_id"], bill["id"])}
    same = {"Idempotency-Key": "click-1"}
    answers = await asyncio.gather(*(office.post("/v1/checkouts", json=body, headers=same) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.text for answer in answers}) == 1
    other = await office.post("/v1/checkouts", json={**body, "amount": 5}, headers=same)
    assert other.status_code == 422
    assert len(payer.app.state.house.books.orders) == 1
    tabs = await asyncio.gather(*(check_out(office, bill) for _ in range(2)))
    assert [tab.status_code for tab in tabs] == [409, 409]


async def test_what_may_not_be_collected_is_not_charged(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer
) -> None:
    await connected(office, payer)
    forbids = Note(kind="message", text="DO NOT COLLECT, paid online")
    id, person, _ = await known_dispatch(run)
    blocked = await issued(office, person, line(kind="service_fee"), dispatch_id=str(id))
    await feed(run, updated(do_not_collect=True, notes=(forbids,)))
    theirs = await issued(office, person, dispatch_id=str(id), bill_to_partner=True)
    unissued = await drafted(office, person)
    for each, why in ((blocked, "DO NOT COLLECT, paid online"), (theirs, "warranty"), (unissued, "issued")):
        answer = await office.post("/v1/payment-attempts", json={"invoices": [{"invoice_id": each["id"]}]})
        assert answer.status_code == 409
        assert why in answer.json()["detail"]
    assert await payer.ledger() == []


async def test_case_1_charged_but_the_answer_is_lost(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    """Unknown blocks the second charge; a look-up settles it."""
    await payer.fault("drop")
    made = await charge(office, bill)
    assert made["state"] == "unknown"
    again = await office.post("/v1/payment-attempts", json={"invoices": [{"invoice_id": bill["id"]}]})
    assert (again.status_code, again.json()["attempt_id"]) == (409, made["id"])
    assert (await invoice(office, bill["id"]))["balance"] == 12540
    await clock.pass_by(run, minutes=2)
    assert await state_of(office, made["id"]) == "succeeded"
    assert (await invoice(office, bill["id"]))["balance"] == 0
    assert len(await payer.charges()) == 1


async def test_case_2_a_call_that_never_arrived(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    """Failed after two empty look-ups and 30 minutes, not before."""
    await payer.fault("lose")
    made = await charge(office, bill)
    for minutes in (2, 6, 16):
        await clock.pass_by(run, minutes=minutes)
        assert await state_of(office, made["id"]) == "unknown"
    await clock.pass_by(run, hours=2)
    assert await state_of(office, made["id"]) == "failed"
    assert (await charge(office, bill))["state"] == "succeeded"
    assert len(await payer.charges()) == 1


async def test_case_2_at_once_where_nobody_is_there(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    account = (await office.get("/v1/gateway-accounts")).json()[0]
    fields = {"base_url": "http://127.0.0.1:1", "webhook_secret": SECRET}
    path = f"/v1/gateway-accounts/{account['id']}"
    changed = await office.patch(path, json={"fields": fields}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert (await charge(office, bill))["state"] == "failed"
    started = await check_out(office, bill)
    assert (started.json()["state"], started.status_code) == ("failed", 201)
    assert "You have not been charged" in started.json()["says"]


async def test_declined(office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]) -> None:
    made = await charge(office, bill, "tok_declined")
    assert (made["state"], made["message"]) == ("declined", "decline")
    started = (await check_out(office, bill)).json()
    page = await come_back(office, await payer.decide(started["redirect_url"], "decline"))
    assert "not been charged" in page.text or "not finished" in page.text
    assert (await invoice(office, bill["id"]))["balance"] == 12540


async def test_case_13_a_forged_return_books_nothing(
    office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    started = (await check_out(office, bill)).json()
    await payer.fault("decline")
    real = await payer.decide(started["redirect_url"])
    forged = f"/v1/checkouts/{started['id']}/return?secret=guessed&status=approved"
    with structlog.testing.capture_logs() as lines:
        refused = await office.get(forged)
    assert refused.status_code == 400
    assert [line["attempt"] for line in lines if line["event"] == "security_forged_return"] == [started["id"]]
    assert (await office.get(f"/v1/checkouts/{started['id']}/return?left=yes")).status_code == 400
    assert await state_of(office, started["id"]) == "requires_action"
    await come_back(office, real.replace("declined", "approved"))
    assert (await invoice(office, bill["id"]))["balance"] == 12540
    assert (await state_of(office, started["id"])) == "declined"


async def test_a_payer_who_leaves_can_pay_again(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    started = (await check_out(office, bill)).json()
    await come_back(office, await payer.decide(started["redirect_url"], "cancel"))
    assert await state_of(office, started["id"]) == "canceled"
    forgotten = (await check_out(office, bill)).json()
    await clock.pass_by(run, hours=3)
    assert await state_of(office, forgotten["id"]) == "canceled"
    forgotten = (await check_out(office, bill)).json()
    await payer.fault("refuse", path="close")
    await clock.pass_by(run, hours=3)
    shown = (await office.get(f"/v1/payment-attempts/{forgotten['id']}")).json()
    assert (shown["state"], shown["operations"][0]["state"]) == ("expired", "failed")
    assert (await check_out(office, bill)).status_code == 201


async def test_case_14_money_that_comes_late_becomes_credit(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    """The page was given up, a cheque came, then the payer paid the old page after all."""
    started = (await check_out(office, bill)).json()
    orders = payer.app.state.house.books
    order = next(iter(orders.orders.values()))
    await come_back(office, await payer.decide(started["redirect_url"], "cancel"))
    assert await state_of(office, started["id"]) == "canceled"
    await pay_by_cheque(office, bill["customer_id"], 12540, **{bill["id"]: 12540})
    orders.keep(order.model_copy(update={"status": "open"}))
    await payer.decide(started["redirect_url"])
    await office.post(f"/v1/payment-attempts/{started['id']}/look")
    assert await state_of(office, started["id"]) == "succeeded"
    owed = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).json()
    assert (owed["owed"], owed["credit"]) == (0, 12540)
    alerts = (await office.get("/v1/payment-alerts")).json()["items"]
    assert {alert["kind"] for alert in alerts} == {"late_success", "credit"}
    assert [row["kind"] for row in await payer.ledger()] == ["sale"]


async def test_case_14_another_amount_is_for_a_person(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    started = (await check_out(office, bill)).json()
    await payer.fault("wrong_amount")
    await come_back(office, await payer.decide(started["redirect_url"]))
    queue = (await office.get("/v1/payment-attempts", params={"state": "needs_review"})).json()["items"]
    assert [each["id"] for each in queue] == [started["id"]]
    assert (await invoice(office, bill["id"]))["balance"] == 12540
    assert (await check_out(office, bill)).status_code == 409
    path = f"/v1/payment-attempts/{started['id']}"
    decision = {"outcome": "declined", "note": "refunded at the gateway by hand"}
    etag = (await office.get(path)).headers["etag"]
    kept = await office.post(f"{path}/decision", json=decision, headers={"If-Match": etag})
    assert (kept.status_code, "12.54 USD" in kept.json()["detail"]) == (409, True)  # it is not, yet
    (sale,) = await payer.charges()
    payer.app.state.house.books.refund(sale["id"], 1254, "outside")
    stale = await office.post(f"{path}/decision", json=decision, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    etag = (await office.get(path)).headers["etag"]
    done = await office.post(f"{path}/decision", json=decision, headers={"If-Match": etag})
    assert (done.status_code, done.json()["state"]) == (200, "declined")
    assert (await check_out(office, bill)).status_code == 201


async def test_hold_capture_and_void(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    held = await charge(office, bill, kind="authorize")
    assert (held["state"], held["captured"]) == ("authorized", 0)
    path = f"/v1/payment-attempts/{held['id']}"
    more = await office.post(f"{path}/capture", json={"amount": 12541})
    assert more.status_code == 409
    done = (await office.post(f"{path}/capture", json={"amount": 10000})).json()
    assert (done["state"], done["captured"]) == ("succeeded", 10000)
    assert (await office.post(f"{path}/capture", json={})).status_code == 409
    assert (await invoice(office, bill["id"]))["balance"] == 2540
    second = await charge(office, bill, kind="authorize")
    gone = (await office.post(f"/v1/payment-attempts/{second['id']}/void", json={})).json()
    assert gone["state"] == "voided"
    assert (await invoice(office, bill["id"]))["balance"] == 2540
    assert (await check_out(office, bill)).status_code == 201


async def test_case_10_in_parallel_refunds_add_up(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    """Parallel refunds above the paid sum, one wins."""
    path = f"/v1/payment-attempts/{(await charge(office, bill))['id']}/refund"
    await payer.settle()
    answers = await asyncio.gather(*(office.post(path, json={"amount": 10000}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    key = {"Idempotency-Key": "r1"}
    twice = [await office.post(path, json={"amount": 40}, headers=key) for _ in range(2)]
    assert [answer.json()["refunded"] for answer in twice] == [10040, 10040]
    rest = await office.post(path, json={})
    assert (rest.json()["refunded"], rest.json()["captured"]) == (12540, 12540)
    assert (await office.post(path, json={"amount": 1})).status_code == 409
    refunds = [row["amount"] for row in await payer.ledger() if row["kind"] == "refund"]
    assert sorted(refunds) == [40, 2500, 10000]
    assert sum(event.amount for event in of(await said(run), PaymentRefunded)) == 12540
    assert (await invoice(office, bill["id"]))["balance"] == 12540


async def test_case_10_a_refund_whose_answer_is_lost(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any], clock: Clock
) -> None:
    """It keeps its reservation, and is settled by the same id."""
    path = f"/v1/payment-attempts/{(await charge(office, bill))['id']}"
    await payer.fault("drop")
    lost = (await office.post(f"{path}/refund", json={"amount": 5000})).json()
    assert (lost["refunded"], lost["reserved"]) == (0, 5000)
    assert (await office.post(f"{path}/refund", json={"amount": 5000})).status_code == 409
    await clock.pass_by(run, minutes=2)
    shown = (await office.get(path)).json()
    assert (shown["refunded"], shown["reserved"]) == (5000, 0)
    assert len([row for row in await payer.ledger() if row["kind"] == "refund"]) == 1


async def test_case_11_a_failed_security_code_is_voided(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, clock: Clock
) -> None:
    """The payer sees a decline, the invoice stays open; a void that times out is finished later."""
    await connected(office, payer, cvv_policy="void", avs_policy="review")
    bill = await issued(office, await known_customer(run))
    await payer.fault("cvv_fail")
    made = await charge(office, bill)
    assert made["state"] == "void_pending"
    await payer.fault("lose")
    await clock.pass_by(run, seconds=1)
    assert (await invoice(office, bill["id"]))["balance"] == 12540
    await clock.pass_by(run, minutes=2)
    assert await state_of(office, made["id"]) == "declined"
    voided = [row for row in await payer.ledger() if row["kind"] == "void"]
    assert len(voided) == 1
    await payer.fault("avs_fail")
    kept = await charge(office, bill)
    assert (kept["state"], kept["review"]) == ("succeeded", "address check: no_match, security code: match")


async def test_a_saved_card(office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]) -> None:
    part = await charge(office, bill, invoices=[{"invoice_id": bill["id"], "amount": 40}])
    card = (await office.post(f"/v1/payment-attempts/{part['id']}/save-card")).json()
    assert (card["last4"], "token" in card, "sealed" in card) == ("4242", False, False)
    body = {"invoices": [{"invoice_id": bill["id"]}], "card_id": card["id"]}
    done = (await office.post("/v1/payment-attempts", json=body)).json()
    assert (done["state"], done["amount"]) == ("succeeded", 12500)
    listed = (await office.get("/v1/saved-cards", params={"customer_id": bill["customer_id"]})).json()
    assert [each["id"] for each in listed] == [card["id"]]


async def test_secrets_of_a_gateway_are_written_only(office: httpx.AsyncClient, payer: Payer) -> None:
    made = await connected(office, payer)
    assert made["options"] == {"base_url": payer.url}
    path = f"/v1/gateway-accounts/{made['id']}"
    assert "whsec" not in (await office.get(path)).text + (await office.get("/v1/gateway-accounts")).text
    assert (await office.post(f"{path}/test")).json()["ok"] is True
    other = await connected(office, payer)
    assert (await office.get(path)).json()["default_cards"] is False
    assert other["default_cards"] is True
    wrong = await office.post(
        "/v1/gateway-accounts",
        json={"gateway": "paypal", "name": "x", "fields": {"client_id": "a", "client_secret": ""}},
    )
    assert wrong.status_code == 422


SPACED = " ".join(CARD[place : place + 4] for place in range(0, 16, 4))


@pytest.mark.parametrize(
    "body",
    [
        {"customer_id": "x", "lines": [], "note": f"card {SPACED} exp 12/28"},
        {"card_number": CARD, "cvc": "123"},
        {CARD: "x"},
        {"lines": [{"description": "x", "unit_price": int(CARD)}]},
        {"note": "\uff14111\u200b1111 1111\u00a01111"},
    ],
)
async def test_case_15_a_card_number_is_refused_and_not_shown(
    office: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await office.post("/v1/invoices", json=body)
    assert answer.status_code == 422
    assert "1111" not in answer.text
    asked = await office.get("/v1/invoices", params={"number": SPACED})
    assert (asked.status_code, "1111" in asked.text) == (422, False)
