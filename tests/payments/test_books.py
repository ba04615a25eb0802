"""The books: where money goes, where it comes back to, and that no day of the past changes."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from bills import invoice, issued, known_customer, known_dispatch, line, pay_by_cheque
from gateway import Clock, Payer, charge, connected
from news import sandbox_event, tell
from payments.flows.webhooks import apply_waiting
from shared.service import Running

Office = httpx.AsyncClient


async def owes(office: Office, customer: Any) -> dict[str, Any]:
    return (await office.get(f"/v1/customer-balances/{customer}")).raise_for_status().json()


async def statement(office: Office, customer: Any, **more: Any) -> dict[str, Any]:
    asked = {"since": "2000-01-01", "until": "2099-12-31", **more}
    return (await office.get(f"/v1/statements/{customer}", params=asked)).raise_for_status().json()


def bills_in(run: Running[Any], currency: str) -> None:
    """New invoices and office payments are in this currency from now on."""
    run.settings = run.settings.model_copy(update={"currency": currency})


async def refund_by_hand(office: Office, payment: dict[str, Any], amount: int) -> None:
    body = {"amount": amount, "reason": "as agreed"}
    assert (await office.post(f"/v1/payments/{payment['id']}/refunds", json=body)).status_code == 201


async def test_a_refund_takes_credit_before_it_opens_a_paid_invoice(
    run: Running[Any], office: Office
) -> None:
    person = await known_customer(run)
    bill = await issued(office, person, line(10000))
    paid = (await pay_by_cheque(office, person, 13000, **{bill["id"]: 10000})).json()
    await refund_by_hand(office, paid, 3000)
    assert ((await invoice(office, bill["id"]))["balance"], (await owes(office, person))["credit"]) == (0, 0)
    await refund_by_hand(office, paid, 1)
    assert (await invoice(office, bill["id"]))["balance"] == 1


@pytest.mark.parametrize(
    ("amount", "meanwhile"), [(12540, 12540), (12540, 3000), (12540, 0), (4000, 1), (4000, 4000)]
)
async def test_a_refund_that_comes_back_pays_only_what_is_still_needed(
    run: Running[Any], office: Office, payer: Payer, amount: int, meanwhile: int
) -> None:
    """The invoice was opened by the refund, and `meanwhile` of it paid by cheque."""
    await connected(office, payer)
    person = await known_customer(run)
    bill, other = await issued(office, person), await issued(office, person, line(50000))
    made = await charge(office, bill)
    path = f"/v1/payment-attempts/{made['id']}/refund"
    (await office.post(path, json={"amount": amount})).raise_for_status()
    (refund,) = (await office.get(f"/v1/payment-attempts/{made['id']}")).json()["operations"][1:]
    if meanwhile:
        await pay_by_cheque(office, person, meanwhile, **{bill["id"]: meanwhile})
    told = {"kind": "refund", "status": "declined", "id": refund["gateway_ref"], "amount": amount}
    for _ in range(2):
        await tell(office, "sandbox", sandbox_event(**told, charge=made["gateway_ref"]))
        await apply_waiting(run)
    shown = await invoice(office, bill["id"])
    assert (shown["balance"], shown["state"]) == (0, "paid")
    assert (shown["paid"], shown["refunded"]) == (12540, 0)
    assert (await owes(office, person))["credit"] == meanwhile
    used = await office.post(f"/v1/invoices/{other['id']}/apply-credit", json={})
    assert used.json()["balance"] == 50000 - meanwhile
    (alert,) = [
        each
        for each in (await office.get("/v1/payment-alerts")).json()["items"]
        if each["kind"] == "refund_failed"
    ]
    assert f"{amount / 100:.2f} USD" in alert["text"]
    assert ("is credit now" in alert["text"]) == bool(meanwhile)


async def test_credit_pays_in_its_own_currency_alone(run: Running[Any], office: Office) -> None:
    person = await known_customer(run)
    await pay_by_cheque(office, person, 5000)
    bills_in(run, "CAD")
    bill = await issued(office, person, line(8000))
    await pay_by_cheque(office, person, 1000)
    used = (await office.post(f"/v1/invoices/{bill['id']}/apply-credit", json={})).json()
    assert (used["currency"], used["balance"]) == ("CAD", 7000)
    too_much = await office.post(f"/v1/invoices/{bill['id']}/apply-credit", json={"amount": 1})
    assert (too_much.status_code, too_much.json()["credit"]) == (409, 0)
    owed = await owes(office, person)
    assert (owed["currency"], owed["owed"], owed["credit"]) == ("CAD", 7000, 0)
    assert owed["others"] == [{"currency": "USD", "owed": 0, "credit": 5000}]
    bills_in(run, "USD")
    await issued(office, person, line(300))
    owed = await owes(office, person)
    assert (owed["owed"], owed["credit"]) == (300, 5000)
    assert owed["others"] == [{"currency": "CAD", "owed": 7000, "credit": 0}]
    for currency, lines, closing in ((None, [-5000, 300], -4700), ("CAD", [8000, -1000], 7000)):
        found = await statement(office, person, **({"currency": currency} if currency else {}))
        assert (found["currency"], found["closing"]) == (currency or "USD", closing)
        assert sorted(each["amount"] for each in found["lines"]) == sorted(lines)
    asked = {"on": "2026-01-01", "limit": "1"}
    first = (await office.get("/v1/receivables", params=asked)).json()
    rest = (await office.get("/v1/receivables", params={**asked, "cursor": first["next"]})).json()
    rows = [(row["currency"], row["total"]) for row in first["items"] + rest["items"]]
    assert (rows, rest["next"]) == ([("CAD", 7000), ("USD", 300)], None)


async def test_a_deposit_pays_in_its_own_currency_alone(run: Running[Any], office: Office) -> None:
    id, person, _ = await known_dispatch(run)
    body = {"customer_id": str(person), "method": "cash", "amount": 700, "dispatch_id": str(id)}
    (await office.post("/v1/payments", json=body)).raise_for_status()
    bills_in(run, "CAD")
    bill = await issued(office, person, line(8000), dispatch_id=str(id))
    assert bill["balance"] == 8000


@pytest.mark.parametrize(
    ("paid", "credited", "unpaid"), [(7500, 0, 2500), (0, 0, 10000), (7500, 1000, 1500), (10000, 0, 10000)]
)
async def test_a_credit_note_without_amount_takes_what_is_unpaid(
    run: Running[Any], office: Office, paid: int, credited: int, unpaid: int
) -> None:
    """Nobody gets credit from writing off a short payment; of a paid invoice all is credited."""
    person = await known_customer(run)
    bill = await issued(office, person, line(10000))
    if paid:
        await pay_by_cheque(office, person, paid, **{bill["id"]: paid})

    async def credit(**amount: int) -> dict[str, Any]:
        version = (await invoice(office, bill["id"]))["version"]
        path = f"/v1/invoices/{bill['id']}/credit-notes"
        body = {"reason": "short pay", **amount}
        answer = await office.post(path, json=body, headers={"If-Match": f'"{version}"'})
        return answer.raise_for_status().json()

    if credited:
        await credit(amount=credited)
    assert (await credit())["total"] == unpaid
    assert (await invoice(office, bill["id"]))["balance"] == 0
    assert (await owes(office, person))["credit"] == (10000 if paid == 10000 else 0)


async def test_a_statement_of_the_past_does_not_change(
    run: Running[Any], office: Office, clock: Clock
) -> None:
    """Nor by voiding an invoice later: it was owed until that day."""
    person = await known_customer(run)
    first = clock.now().date() + timedelta(days=2)  # days that have not begun in any zone
    clock.ahead += timedelta(days=3)
    bill = await issued(office, person, line(10000))
    await issued(office, person, line(300))
    clock.ahead += timedelta(days=3)
    past = {"since": str(first), "until": str(first + timedelta(days=2))}
    before = await statement(office, person, **past)
    assert (before["opening"], before["closing"], len(before["lines"])) == (0, 10300, 2)
    await pay_by_cheque(office, person, 40)
    body = {"reason": "wrong house"}
    path = f"/v1/invoices/{bill['id']}/void"
    (await office.post(path, json=body, headers={"If-Match": f'"{bill["version"]}"'})).raise_for_status()
    assert await statement(office, person, **past) == before
    whole = await statement(office, person)
    lines = [(each["what"], each["amount"], each["balance"]) for each in whole["lines"]]
    assert lines == [
        ("invoice", 10000, 10000),
        ("invoice", 300, 10300),
        ("void", -10000, 300),
        ("payment", -40, 260),
    ]
    assert (whole["opening"], whole["closing"]) == (0, 260)
    assert whole["lines"][2]["reference"] == bill["number"]
    later = await statement(office, person, since=str(first + timedelta(days=3)))
    assert (later["opening"], later["closing"], len(later["lines"])) == (10300, 260, 2)
    one_by_one, cursor = [], None
    while cursor or not one_by_one:
        page = await statement(office, person, limit=1, **({"cursor": cursor} if cursor else {}))
        one_by_one += page["lines"]
        cursor = page["next"]
    assert one_by_one == whole["lines"]


async def test_the_last_day_of_a_statement_is_in_it(run: Running[Any], office: Office, clock: Clock) -> None:
    """Whatever happens on it, until its last minute in the company's zone."""
    person = await known_customer(run)
    zone = ZoneInfo(run.settings.default_zone)
    here = clock.now().astimezone(zone)
    clock.ahead += timedelta(hours=23 - here.hour, minutes=59 - here.minute)
    day = clock.now().astimezone(zone).date()
    bill = await issued(office, person, line(10000))
    paid = (await pay_by_cheque(office, person, 7000, **{bill["id"]: 6000})).json()
    await refund_by_hand(office, paid, 500)
    last = await statement(office, person, since=str(day), until=str(day))
    assert (last["opening"], last["closing"], len(last["lines"])) == (0, 3500, 3)
    after = await statement(office, person, since=str(day + timedelta(days=1)))
    assert (after["opening"], after["closing"], after["lines"]) == (3500, 3500, [])
    before = await statement(office, person, until=str(day - timedelta(days=1)))
    assert (before["opening"], before["closing"], before["lines"]) == (0, 0, [])
