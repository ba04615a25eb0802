"""Where nobody has set up a card service, the simulated one takes payments, in development alone."""

from pathlib import Path

import pytest
from bills import invoice, issued, known_customer, line, pay_by_cheque, ticket
from gateway import Clock, charge, check_out, come_back, connected, sandbox, state_of
from gateways import ACCOUNTS
from harness import at_work, client, said
from payments.service import service
from payments.settings import PaymentsSettings
from pydantic import SecretStr, ValidationError
from shared.events.money import PaymentRefunded, PaymentSettled


async def test_the_sandbox_is_there_until_an_account_is_set_up(tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/payments.db"
    async with (
        sandbox(tmp_path / "sandbox") as payer,
        at_work(service, database, sandbox_url=payer.url) as run,
        client(run, "office.admin") as office,
    ):
        bill = await issued(office, await known_customer(run))
        body = {"invoices": [{"invoice_id": bill["id"]}]}
        tried = (await office.post("/v1/payment-attempts", json=body)).raise_for_status().json()
        assert tried["redirect_url"].startswith(f"{payer.url}/page/")
        (account,) = (await office.get("/v1/gateway-accounts")).json()
        assert (account["gateway"], account["default_portal"]) == ("sandbox", True)
        assert account["options"]["base_url"] == ""  # it moves with the setting
        assert (await office.post(f"/v1/gateway-accounts/{account['id']}/test")).json()["ok"]


async def test_without_a_sandbox_somebody_must_set_up_an_account(tmp_path: Path) -> None:
    async with (
        at_work(service, f"sqlite+aiosqlite:///{tmp_path}/payments.db") as run,
        client(run, "office.admin") as office,
    ):
        bill = await issued(office, await known_customer(run))
        body = {"invoices": [{"invoice_id": bill["id"]}]}
        assert (await office.post("/v1/payment-attempts", json=body)).status_code == 409


def test_production_has_no_sandbox() -> None:
    own = {"environment": "production", "secret_key": SecretStr("a" * 43 + "="), "jwks_url": "http://a/keys"}
    assert PaymentsSettings.model_validate(own)
    with pytest.raises(ValidationError, match="CALLBOARD_SANDBOX_URL"):
        PaymentsSettings.model_validate({**own, "sandbox_url": "http://127.0.0.1:1"})


async def test_the_sandbox_pays_nothing_once_a_real_card_service_is_the_default(tmp_path: Path) -> None:
    async with (
        sandbox(tmp_path / "sandbox") as payer,
        at_work(service, f"sqlite+aiosqlite:///{tmp_path}/payments.db", sandbox_url=payer.url) as run,
        client(run, "office.admin") as office,
    ):
        bill = await issued(office, await known_customer(run))
        test_money = await connected(office, payer)
        real = {"gateway": "stripe", "name": "Stripe", "fields": ACCOUNTS["stripe"]}
        made = await office.post("/v1/gateway-accounts", json={**real, "default_cards": True})
        assert made.status_code == 201, made.text
        body = {"invoices": [{"invoice_id": bill["id"]}], "account_id": test_money["id"], "token": "tok_visa"}
        for path, asked in (
            ("/v1/payment-attempts", body),
            ("/v1/checkouts", {"ticket": ticket(bill["customer_id"], bill["id"])}),
        ):
            answer = await office.post(path, json=asked)
            assert (answer.status_code, answer.json()["title"]) == (409, "The sandbox moves no money")
        assert await payer.ledger() == []


@pytest.mark.parametrize("returns", [True, False])
async def test_a_page_and_a_hold_of_the_sandbox_pay_nothing_after_a_real_card_service_was_set_up(
    tmp_path: Path, clock: Clock, returns: bool
) -> None:
    """They were open before; what the page brings is given back at the sandbox and never booked."""
    async with (
        sandbox(tmp_path / "sandbox") as payer,
        at_work(service, f"sqlite+aiosqlite:///{tmp_path}/payments.db", sandbox_url=payer.url) as run,
        client(run, "office.admin") as office,
    ):
        person = await known_customer(run)
        paged, held = await issued(office, person), await issued(office, person)
        await connected(office, payer)
        page = (await check_out(office, paged)).json()
        hold = await charge(office, held, kind="authorize")
        real = {"gateway": "stripe", "name": "Stripe", "fields": ACCOUNTS["stripe"], "default_portal": True}
        (await office.post("/v1/gateway-accounts", json=real)).raise_for_status()
        back = await payer.decide(page["redirect_url"])
        if returns:
            await come_back(office, back)
        await clock.pass_by(run, minutes=10)
        path = f"/v1/payment-attempts/{hold['id']}"
        refused = await office.post(f"{path}/capture", json={})
        assert (refused.status_code, refused.json()["title"]) == (409, "The sandbox moves no money")
        assert (await office.post(f"{path}/void", json={})).json()["state"] == "voided"
        assert await state_of(office, page["id"]) == "declined"
        for each in (paged, held):
            assert (await invoice(office, each["id"]))["balance"] == 12540
        assert (await office.get(f"/v1/customer-balances/{person}")).json()["credit"] == 0
        assert await payer.charges() == []


async def test_test_money_is_marked_wherever_it_shows(tmp_path: Path) -> None:
    async with (
        sandbox(tmp_path / "sandbox") as payer,
        at_work(service, f"sqlite+aiosqlite:///{tmp_path}/payments.db", sandbox_url=payer.url) as run,
        client(run, "office.admin") as office,
    ):
        person = await known_customer(run)
        bill = await issued(office, person, line(10000))
        cheque = await pay_by_cheque(office, person, 2500, **{bill["id"]: 2500})
        await connected(office, payer)
        made = await charge(office, bill)
        await office.post(f"/v1/payment-attempts/{made['id']}/refund", json={"amount": 500})
        shown = await invoice(office, bill["id"])
        assert (shown["paid"], shown["refunded"], shown["test_money"]) == (10000, 500, 7000)
        items = (await office.get("/v1/payments")).json()["items"]
        assert {each["method"]: each["test_money"] for each in items} == {"card": True, "cheque": False}
        assert cheque.json()["test_money"] is False
        money = [event for event in await said(run) if isinstance(event, PaymentSettled | PaymentRefunded)]
        assert [event.test_money for event in money] == [False, True, True]
        days = {"since": "2000-01-01", "until": "2099-12-31"}
        rows = (await office.get("/v1/exports/payments", params=days)).text.splitlines()
        assert sorted(row.rsplit(",", 1)[-1] for row in rows) == ["", "TestMoney", "yes", "yes"]
        rows = (await office.get("/v1/exports/invoices", params=days)).text.splitlines()
        assert [row.rsplit(",", 1)[-1] for row in rows] == ["TestMoney", "70.00"]
