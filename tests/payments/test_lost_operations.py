"""Operations whose answer is lost, at each gateway's simulator over real HTTP: what became of them is found,
and nobody is told "not charged" before that is proved."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from bills import invoice, issued, known_customer
from gateway import Clock, Payer, charge, come_back, connected, gateway_at_work, serving, state_of
from gateways import HEARD_WITH
from payments.flows.tokens import gateway_of
from payments.flows.webhooks import apply_waiting
from payments.gateways.base import Tokens
from payments.models import gateway_account
from pydantic import SecretStr
from shared.app import create_app
from shared.service import Running
from simulators.gateways import merchantware
from sqlalchemy import select

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Office = httpx.AsyncClient
Bill = dict[str, Any]


@pytest.fixture
async def at(
    request: pytest.FixtureRequest, tmp_path: Path, run: Running[Any], office: Office
) -> AsyncGenerator[Payer]:
    async with (
        gateway_at_work(request.param, tmp_path / "gateway") as found,
        serving(create_app(run, loops=False)) as service,
    ):
        if found.name in HEARD_WITH:
            await found.calls(service)
        account = await connected(office, found)
        if found.name == "quickbooks":
            found.app.state.access, found.app.state.refresh = "access-1", "refresh-1"
            hour = datetime.now(UTC) + timedelta(hours=1)
            async with run.database.read() as read:
                query = select(gateway_account).where(gateway_account.c.id == UUID(account["id"]))
                row = (await read.execute(query)).one()
            tokens = cast("Any", gateway_of(run, row)).tokens
            await tokens.save(
                Tokens(access=SecretStr("access-1"), expires_at=hour, refresh=SecretStr("refresh-1"))
            )
        yield found


@pytest.fixture
async def bill(run: Running[Any], office: Office, at: Payer) -> Bill:
    return await issued(office, await known_customer(run))


def by(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("at", names, indirect=True)


async def held(run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock) -> str:
    """A hold on a card, by a token or on the page."""
    if at.name == "stripe":
        body = {"invoices": [{"invoice_id": bill["id"]}], "kind": "authorize"}
        started = (await office.post("/v1/payment-attempts", json=body)).raise_for_status().json()
        await come_back(office, await at.decide(started["redirect_url"]))
        id = started["id"]
    else:
        token = "tok_visa"
        if at.name == "quickbooks":
            token = (await at.http.post(f"{at.url}/quickbooks/v4/payments/tokens", json={})).json()["value"]
        id = (await charge(office, bill, token, kind="authorize"))["id"]
    assert await state_of(office, id) == "authorized"
    return id


async def shown(office: Office, id: str) -> Any:
    return (await office.get(f"/v1/payment-attempts/{id}")).raise_for_status().json()


CAPTURES = {"merchantware": "PostAuthorization", "stripe": "/capture", "quickbooks": "/capture"}


@by("merchantware", "stripe", "quickbooks", "sandbox")
@pytest.mark.parametrize("away", [{"minutes": 2}, {"hours": 30}], ids=["soon", "too late to send it again"])
async def test_a_capture_whose_answer_is_lost_is_found_and_booked(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock, away: dict[str, int]
) -> None:
    id = await held(run, office, at, bill, clock)
    await at.fault("webhook_none", times=None)
    await at.fault("drop", path=CAPTURES.get(at.name, "/capture"))
    lost = (await office.post(f"/v1/payment-attempts/{id}/capture", json={})).raise_for_status().json()
    assert (lost["state"], lost["captured"]) == ("authorized", 0)
    if "hours" in away:  # and the gateway cannot be reached meanwhile
        clock.ahead += timedelta(**away)
    await clock.pass_by(run, minutes=2)
    found = await shown(office, id)
    assert (found["state"], found["captured"]) == ("succeeded", 12540)
    assert (await invoice(office, bill["id"]))["balance"] == 0
    assert [row["amount"] for row in await at.ledger() if row["kind"] == "capture"] == [12540]


@by("merchantware")
async def test_credentials_that_a_look_up_refuses_do_not_say_that_nobody_was_charged(
    run: Running[Any],
    office: Office,
    at: Payer,
    bill: Bill,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The charge went through, its answer was lost, and every look-up's only row is an error."""
    await at.fault("drop")
    made = await charge(office, bill)
    assert made["state"] == "unknown"
    row = {"Amount": None, "ApprovalStatus": None, "ErrorMessage": "Invalid Credentials.", "Token": None}
    refused = {"TransactionReference4": row | {"TransactionType": 0}}
    with monkeypatch.context() as patch:
        patch.setitem(merchantware.OPERATIONS, "TransactionsByTransactionId", lambda *_: refused)
        for minutes in (2, 5, 20, 70, 400):
            await clock.pass_by(run, minutes=minutes)
            assert await state_of(office, made["id"]) == "unknown"
            again = await office.post(
                "/v1/payment-attempts", json={"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
            )
            assert again.status_code == 409
    await clock.pass_by(run, hours=24)
    assert await state_of(office, made["id"]) == "succeeded"
    assert (await invoice(office, bill["id"]))["balance"] == 0
    assert len(await at.charges()) == 1


@by("merchantware", "stripe", "quickbooks", "sandbox")
async def test_a_hold_is_released(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    id = await held(run, office, at, bill, clock)
    await office.post(f"/v1/payment-attempts/{id}/void", json={})
    assert await state_of(office, id) == "voided"
    assert [row["status"] for row in await at.ledger() if row["kind"] == "authorization"] == ["voided"]
    if at.name == "merchantware":
        actions = [headers.get("soapaction", "") for _, headers in at.heard]
        assert any("VoidPreAuthorization" in action for action in actions)


@by("merchantware", "stripe", "quickbooks", "sandbox")
async def test_a_void_whose_answer_is_lost_is_found(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    id = await held(run, office, at, bill, clock)
    await at.fault("webhook_none", times=None)
    await at.fault("drop", path={"merchantware": "VoidPre", "stripe": "/cancel"}.get(at.name, "/void"))
    await office.post(f"/v1/payment-attempts/{id}/void", json={})
    assert await state_of(office, id) == "authorized"
    clock.ahead += timedelta(hours=30)
    await clock.pass_by(run, minutes=2)
    assert await state_of(office, id) == "voided"
    assert [row["status"] for row in await at.ledger() if row["kind"] == "authorization"] == ["voided"]


@by("stripe")
async def test_what_the_page_says_of_the_checks_counts_though_a_webhook_comes_first(
    run: Running[Any], office: Office, at: Payer, bill: Bill, clock: Clock
) -> None:
    """A session's event names no checks; the rule of the account is kept all the same."""
    account = (await office.get("/v1/gateway-accounts")).json()[0]
    headers = {"If-Match": f'"{account["version"]}"'}
    changed = await office.patch(
        f"/v1/gateway-accounts/{account['id']}", json={"cvv_policy": "void"}, headers=headers
    )
    assert changed.status_code == 200, changed.text
    await at.fault("cvv_fail")
    body = {"invoices": [{"invoice_id": bill["id"]}]}
    started = (await office.post("/v1/payment-attempts", json=body)).raise_for_status().json()
    await at.decide(started["redirect_url"])
    await at.app.state.house.caller.settled()
    await apply_waiting(run)
    assert await state_of(office, started["id"]) == "void_pending"
    await clock.pass_by(run, minutes=2)
    assert await state_of(office, started["id"]) == "declined"
    assert (await invoice(office, bill["id"]))["balance"] == 12540
    back = [row["amount"] for row in await at.ledger() if row["kind"] == "refund"]
    assert back == [12540]
