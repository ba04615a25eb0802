"""What the simulated gateways do by order, at their own doors: each lie is told, the ledger stays true."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateways import account_at
from payments.gateways import open_gateway
from payments.gateways.base import Expected, Hosted, Order, Result
from payments.gateways.findings import compare
from payments.gateways.found import Findings
from pydantic import SecretStr
from simulators.gateways.all import GATEWAYS
from simulators.gateways.dashboard import left
from simulators.gateways.webhooks import Target

BASE = "http://gateway.test"
ORDER = Order(our_id="a-1", request_id="rq-1", short_ref="INV10042", amount=12540, zip_code="10001")
ASKED = Expected(our_id="a-1", amount=12540)
LOOKS = {
    "sandbox": "/transactions",
    "merchantware": "Reporting",
    "paypal": "/v2/checkout/orders",
    "stripe": "/v1/checkout/sessions",
}
CHARGE = {"our_id": "a-1", "amount": 12540, "currency": "USD", "token": "tok_visa"}


@asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncGenerator[tuple[Any, httpx.AsyncClient]]:
    app = GATEWAYS[name](folder)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        yield app.state.house, client


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("mode", ["shut", "error_row", "unknown_row", "drop", "refuse", "garbage"])
async def test_a_look_up_that_fails_says_nothing_about_money(name: str, mode: str, tmp_path: Path) -> None:
    """Whichever way it fails: what the adapter makes of it is never an absence."""
    async with opened(name, tmp_path) as (house, client):
        gateway = open_gateway(name, client, account_at(name, BASE))
        page = await gateway.start_hosted(ORDER, return_url="http://p.test/r", cancel_url="http://p.test/c")
        assert isinstance(page, Hosted)
        house.decide(next(iter(house.books.orders.values())), "pay", "visa 4242")
        asked = Expected(our_id="a-1", amount=12540, order_ref=page.order_ref)
        if gateway.capabilities.complete_moves_money:
            await gateway.complete(asked, request_id=ORDER.request_id)
        ordered = {"mode": mode, "only": "look", "times": None}
        assert (await client.post("/faults", json=ordered)).status_code == 204
        found = await gateway.lookup(asked)
        said = found if isinstance(found, Result) else compare(found, asked)
        assert said.outcome in ("unknown", "pending"), said
        await client.delete("/faults")
        true = await gateway.lookup(asked)
        assert isinstance(true, Findings)
        assert compare(true, asked).outcome == "approved"
        assert [left(house.books, row) for row in house.books.transactions.values()] == [12540]


async def test_refused_credentials_come_as_a_row_at_merchantware(tmp_path: Path) -> None:
    async with opened("merchantware", tmp_path) as (house, client):
        house.books.charge(our_id="a-1", amount=12540, currency="USD")
        await client.post("/faults", json={"mode": "shut", "only": "look"})
        heard: list[bytes] = []

        async def keep(answer: httpx.Response) -> None:
            heard.append(await answer.aread())

        client.event_hooks["response"] = [keep]
        await open_gateway("merchantware", client, account_at("merchantware", BASE)).lookup(ASKED)
        (said,) = heard
        assert b"<TransactionReference4>" in said
        assert b"<ErrorMessage>Invalid Credentials.</ErrorMessage>" in said
        assert b"12540" not in said


async def test_faults_for_look_ups_leave_calls_alone(tmp_path: Path) -> None:
    async with opened("sandbox", tmp_path) as (_, client):
        await client.post("/faults", json={"mode": "refuse", "only": "look", "times": None})
        assert (await client.post("/charges", json=CHARGE)).status_code == 201
        assert (await client.get("/transactions")).status_code == 500
        await client.delete("/faults")
        await client.post("/faults", json={"mode": "refuse", "only": "call", "times": None})
        assert (await client.get("/transactions")).status_code == 200
        assert (await client.post("/charges", json=CHARGE)).status_code == 500


@pytest.mark.parametrize(
    ("mode", "rows"),
    [
        ("wrong_currency", [(12540, "CAD", "approved")]),
        ("wrong_amount", [(1254, "USD", "approved")]),
        ("take_twice", [(12540, "USD", "approved"), (12540, "USD", "approved")]),
        ("review", [(12540, "USD", "review")]),
    ],
)
async def test_a_charge_may_be_another(mode: str, rows: list[Any], tmp_path: Path) -> None:
    async with opened("sandbox", tmp_path) as (house, client):
        await client.post("/faults", json={"mode": mode})
        await client.post("/charges", json=CHARGE)
        kept = house.books.transactions.values()
        assert [(row.amount, row.currency, row.status) for row in kept] == rows


async def test_what_happens_in_the_dashboard_is_in_the_ledger_and_told(tmp_path: Path) -> None:
    async with opened("sandbox", tmp_path) as (house, client):
        house.caller.target, house.caller.holds = Target(url="http://us.test/hook", secret="whsec"), True
        paid = (await client.post("/charges", json=CHARGE)).json()["id"]
        charge = house.books.transactions[paid]
        given = (await client.post(f"/dashboard/{paid}/refund", json={"amount": 4000})).json()["id"]
        case = (await client.post(f"/dashboard/{paid}/dispute", json={"amount": 2540})).json()["id"]
        assert left(house.books, charge) == 12540 - 4000 - 2540
        await client.post(f"/dashboard/{given}/come-back")
        await client.post(f"/dashboard/{case}/won")
        assert left(house.books, charge) == 12540
        lost = (await client.post(f"/dashboard/{paid}/dispute", json={"amount": 540})).json()["id"]
        await client.post(f"/dashboard/{lost}/lost")
        assert left(house.books, charge) == 12000
        told = [json.loads(body)["transaction"] for body in house.caller.sent]
        assert [(row["kind"], row["status"], row.get("stage"), row.get("withdrawn")) for row in told] == [
            ("sale", "approved", None, None),
            ("refund", "approved", None, None),
            ("dispute", "approved", "withdrawn", 2540),
            ("refund", "failed", None, None),
            ("dispute", "approved", "won", 0),
            ("dispute", "approved", "withdrawn", 540),
            ("dispute", "approved", "lost", 540),
        ]
        assert told[-1]["fee"] == 1500


@pytest.mark.parametrize("name", ["stripe", "paypal"])
async def test_disputes_and_refunds_are_told_as_this_gateway_tells_them(name: str, tmp_path: Path) -> None:
    async with opened(name, tmp_path) as (house, client):
        house.caller.target, house.caller.holds = Target(url="http://us.test/hook", secret="whsec"), True
        paid = house.books.charge(our_id="a-1", amount=12540, currency="USD", order="o-1")
        await client.post(f"/dashboard/{paid.id}/refund", json={"amount": 4000})
        case = (await client.post(f"/dashboard/{paid.id}/dispute", json={"amount": 2540})).json()["id"]
        await client.post(f"/dashboard/{case}/won")
        told = [json.loads(body) for body in house.caller.sent]
        kinds = [each.get("type") or each.get("event_type") for each in told]
        assert (
            kinds
            == {
                "paypal": [
                    "PAYMENT.CAPTURE.REFUNDED",
                    "CUSTOMER.DISPUTE.CREATED",
                    "CUSTOMER.DISPUTE.RESOLVED",
                ],
                "stripe": [
                    "charge.refunded",
                    "refund.created",
                    "charge.dispute.created",
                    "charge.dispute.funds_withdrawn",
                    "charge.dispute.funds_reinstated",
                    "charge.dispute.closed",
                ],
            }[name]
        )
        assert left(house.books, paid) == 12540 - 4000


async def test_a_request_id_of_another_call_is_answered_with_that_call(tmp_path: Path) -> None:
    """PayPal: the capture under the id that opened the order takes no money."""
    async with opened("paypal", tmp_path) as (house, client):
        paypal = open_gateway("paypal", client, account_at("paypal", BASE))
        page = await paypal.start_hosted(ORDER, return_url="http://p.test/r", cancel_url="http://p.test/c")
        assert isinstance(page, Hosted)
        (order,) = house.books.orders.values()
        house.decide(order, "pay", "")
        asked = Expected(our_id="a-1", amount=12540, order_ref=page.order_ref)
        token = {"Authorization": "Bearer A21", "PayPal-Request-Id": order.request_id}
        again = await client.post(f"/v2/checkout/orders/{order.id}/capture", json={}, headers=token)
        assert (again.json()["status"], len(house.books.transactions)) == ("APPROVED", 0)
        assert (await paypal.complete(asked, request_id=ORDER.request_id)).outcome == "approved"


async def test_a_void_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    async with opened("sandbox", tmp_path) as (house, client):
        gateway = open_gateway("sandbox", client, account_at("sandbox", BASE))
        held = await gateway.charge_token(
            Order(our_id="a-1", request_id="rq-1", short_ref="I", amount=700, authorize_only=True),
            SecretStr("tok_visa"),
        )
        await client.post("/faults", json={"mode": "refuse_void"})
        assert (await gateway.void(held.gateway_ref or "", request_id="v-1")).outcome == "error"
        assert [row.status for row in house.books.transactions.values()] == ["approved"]
        assert (await gateway.void(held.gateway_ref or "", request_id="v-2")).outcome == "approved"
