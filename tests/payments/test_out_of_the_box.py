"""Where nobody has set up a card service, the simulated one takes payments, in development alone."""

from pathlib import Path

import pytest
from bills import issued, known_customer, ticket
from gateway import connected, sandbox
from gateways import ACCOUNTS
from harness import at_work, client
from payments.service import service
from payments.settings import PaymentsSettings
from pydantic import SecretStr, ValidationError


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
