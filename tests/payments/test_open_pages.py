"""Pages of gateways that are left, given up, paid too late, or not needed any more."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bills import drafted, invoice, issued, known_customer, line, pay_by_cheque, ticket
from gateway import Clock, Payer, check_out, come_back, connected, gateway_at_work, state_of
from harness import client
from shared.service import Running

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office, Bill = httpx.AsyncClient, dict[str, Any]
CLOSABLE, NOT_CLOSABLE = ("sandbox", "stripe", "paypal"), ("merchantware", "qbms")


@pytest.fixture
async def at(
    request: pytest.FixtureRequest, tmp_path: Path, run: Running[Any], office: Office
) -> AsyncGenerator[Payer]:
    async with gateway_at_work(request.param, tmp_path / "gateway") as found:
        if found.name == "qbms":
            target = {"url": "http://us"}
            (await found.http.put(f"{found.url}/paypage/return", json=target)).raise_for_status()
        await connected(office, found)
        yield found


@pytest.fixture
async def bill(run: Running[Any], office: Office, at: Payer) -> Bill:
    return await issued(office, await known_customer(run))


def by(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("at", names, indirect=True)


async def cancel(office: Office, id: str) -> httpx.Response:
    return await office.post(f"/v1/payment-attempts/{id}/cancel")


async def credit(office: Office, bill: Bill) -> tuple[int, int]:
    found = (await office.get(f"/v1/customer-balances/{bill['customer_id']}")).raise_for_status().json()
    return found["owed"], found["credit"]


async def open_alerts(office: Office) -> dict[str, str]:
    items = (await office.get("/v1/payment-alerts")).raise_for_status().json()["items"]
    return {each["kind"]: each["text"] for each in items}


@by(*NOT_CLOSABLE)
async def test_a_page_paid_after_its_expiry_is_found_without_anybody_asking(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    started = (await check_out(office, bill)).json()
    await clock.pass_by(run, hours=3)
    assert await state_of(office, started["id"]) == "expired"
    told = (await office.get(f"/v1/checkouts/{started['id']}")).json()["says"]
    assert "not been charged" not in told
    await at.decide(started["redirect_url"])
    await pay_by_cheque(office, bill["customer_id"], 12540, **{bill["id"]: 12540})
    await clock.pass_by(run, days=2)
    assert await state_of(office, started["id"]) == "succeeded"
    assert await credit(office, bill) == (0, 12540)
    assert {"late_success", "credit"} <= set(await open_alerts(office))


@by("merchantware")
async def test_the_payer_who_pays_an_expired_page_reads_what_happened(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    started = (await check_out(office, bill)).json()
    await clock.pass_by(run, hours=3)
    page = await come_back(office, await at.decide(started["redirect_url"]))
    assert "your payment has arrived" in page.text
    assert (await invoice(office, bill["id"]))["balance"] == 0


@by("merchantware")
async def test_another_amount_on_an_expired_page_is_told_to_a_person(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    started = (await check_out(office, bill)).json()
    await clock.pass_by(run, hours=3)
    await at.fault("wrong_amount")
    await at.decide(started["redirect_url"])
    await clock.pass_by(run, days=2)
    assert await state_of(office, started["id"]) == "needs_review"
    assert "needs_review" in await open_alerts(office)


@by(*CLOSABLE)
async def test_what_the_gateway_ends_is_ended(office: Office, at: Payer, bill: Bill) -> None:
    started = (await check_out(office, bill)).json()
    done = await cancel(office, started["id"])
    assert (done.status_code, done.json()["state"]) == (200, "canceled")
    again = await cancel(office, started["id"])
    assert again.status_code == 409
    assert "You have not been charged" in again.json()["detail"]
    assert (await check_out(office, bill)).status_code == 201


@by(*NOT_CLOSABLE)
async def test_what_cannot_be_ended_is_given_up_and_says_so(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    started = (await check_out(office, bill)).json()
    done = await cancel(office, started["id"])
    assert (done.status_code, done.json()["state"]) == (202, "expired")
    second = (await check_out(office, bill)).json()
    for each in (second, started):
        await at.decide(each["redirect_url"])
    await clock.pass_by(run, days=1)
    assert [await state_of(office, each["id"]) for each in (started, second)] == ["succeeded"] * 2
    assert await credit(office, bill) == (0, 12540)
    assert {"late_success", "credit"} <= set(await open_alerts(office))


@by("merchantware")
async def test_what_cannot_be_ended_is_kept_while_the_gateway_does_not_say(
    office: Office, at: Payer, bill: Bill
) -> None:
    started = (await check_out(office, bill)).json()
    await at.decide(started["redirect_url"])
    await at.fault("drop", path="Reporting")
    refused = await cancel(office, started["id"])
    assert refused.status_code == 409
    assert "ends by itself" in refused.json()["detail"]
    assert await state_of(office, started["id"]) == "requires_action"
    assert (await check_out(office, bill)).status_code == 409


@by("sandbox")
async def test_the_customer_goes_on_with_his_page_or_gives_it_up(
    run: Running[Any], office: Office, at: Payer, bill: Bill
) -> None:
    """The refusal of a second Pay Now says how; nobody else can end the page."""
    other = await issued(office, await known_customer(run))
    async with client(run) as browser:
        started = (await check_out(browser, bill)).json()
        refused = (await check_out(browser, bill)).json()
        assert (await browser.get(refused["checkout"])).json()["redirect_url"] == started["redirect_url"]

        async def give_up(held: str) -> int:
            return (await browser.post(refused["cancel"], json={"ticket": held})).status_code

        assert await give_up(ticket(other["customer_id"], bill["id"])) == 404
        assert await give_up(ticket(bill["customer_id"], other["id"])) == 404
        assert (await browser.get(f"/v1/checkouts/{started['id']}/return?left=yes")).status_code == 400
        assert await state_of(office, started["id"]) == "requires_action"
        held = ticket(bill["customer_id"], bill["id"])
        assert await give_up(held) == 200
        assert await give_up(held) == 409
        assert (await browser.post("/v1/checkouts", json={"ticket": held})).status_code == 201


async def by_cheque(office: Office, bill: Bill) -> None:
    assert (await pay_by_cheque(office, bill["customer_id"], 12540, **{bill["id"]: 12540})).status_code == 201


async def by_cheque_in_part(office: Office, bill: Bill) -> None:
    assert (await pay_by_cheque(office, bill["customer_id"], 5000, **{bill["id"]: 5000})).status_code == 201


async def by_credit(office: Office, bill: Bill) -> None:
    assert (await pay_by_cheque(office, bill["customer_id"], 20000)).status_code == 201
    answer = await office.post(f"/v1/invoices/{bill['id']}/apply-credit", json={})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("settle", [by_cheque, by_cheque_in_part, by_credit])
@by("sandbox", "stripe")
async def test_a_page_that_is_not_needed_any_more_is_closed(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, settle: Any
) -> None:
    started = (await check_out(office, bill)).json()
    await settle(office, bill)
    await clock.pass_by(run, seconds=1)
    assert await state_of(office, started["id"]) == "canceled"
    assert [row for row in await at.ledger() if row["status"] == "approved"] == []


@by("paypal")
async def test_an_order_that_is_not_needed_any_more_is_not_captured(
    run: Running[Any], office: Office, at: Payer, bill: Bill
) -> None:
    started = (await check_out(office, bill)).json()
    back = await at.decide(started["redirect_url"])
    await by_cheque(office, bill)
    page = await come_back(office, back)
    assert "You have not been charged" in page.text
    assert await at.ledger() == []
    assert await credit(office, bill) == (0, 0)


@by("sandbox")
async def test_a_page_whose_invoices_still_need_the_money_stays_open(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    started = (await check_out(office, bill, amount=5000)).json()
    await by_cheque_in_part(office, bill)
    await clock.pass_by(run, seconds=1)
    assert await state_of(office, started["id"]) == "requires_action"


@by("sandbox")
async def test_a_ticket_for_a_part_pays_that_part(office: Office, at: Payer, bill: Bill) -> None:
    """All of the ticket's, without any: the parts that were chosen in the portal."""
    newer = await issued(office, bill["customer_id"], line(10000), terms_days=60)
    held = ticket(bill["customer_id"], bill["id"], newer["id"], cap=14000, parts={bill["id"]: 4000})
    started = await office.post("/v1/checkouts", json={"ticket": held})
    assert (started.status_code, started.json()["amount"]) == (201, 14000)
    shown = (await office.get(f"/v1/payment-attempts/{started.json()['id']}")).json()
    assert shown["invoices"] == {bill["id"]: 4000, newer["id"]: 10000}


@by("sandbox")
async def test_a_tax_rate_has_western_digits(office: Office, at: Payer, bill: Bill) -> None:
    body = {"customer_id": bill["customer_id"], "lines": [line()], "tax_rate": "\u0668.875"}
    assert (await office.post("/v1/invoices", json=body)).status_code == 422
    assert (await drafted(office, bill["customer_id"], tax_rate="8.875"))["tax"] > 0
