"""Many at once over PostgreSQL (and SQLite), and webhooks in any order."""

import asyncio
import json
from typing import Any

import httpx
from bills import invoice, ticket
from gateway import SECRET, Payer, state_of
from harness import client, of, said
from payments.flows.webhooks import apply_waiting
from payments.models import payment_event, webhook
from shared.events.money import PaymentRefunded, PaymentSettled
from shared.service import Running
from simulators.gateways.sandbox import _sign  # pyright: ignore[reportPrivateUsage]
from sqlalchemy import func, select


async def tell(office: httpx.AsyncClient, about: dict[str, Any], id: str, **changes: Any) -> int:
    """A webhook of the sandbox; the answer's status."""
    event = {"id": id, "type": "sale.approved", "transaction": {**about, **changes}}
    body = json.dumps(event).encode()
    answer = await office.post("/v1/gateway-webhooks/sandbox", content=body, headers=_sign(body, SECRET))
    return answer.status_code


async def test_case_4_fifty_pays_of_one_invoice_are_one_charge(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    body = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
    answers = await asyncio.gather(*(office.post("/v1/payment-attempts", json=body) for _ in range(50)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (1, 49)
    assert len(await payer.charges()) == 1
    assert (await invoice(office, bill["id"]))["balance"] == 0


async def test_case_5_and_6_return_and_webhook_at_the_same_instant(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    """One payment, one receipt; repeats and older news change nothing."""
    await said(run)
    body = {"ticket": ticket(bill["customer_id"], bill["id"])}
    started = (await office.post("/v1/checkouts", json=body)).json()
    back = httpx.URL(await payer.decide(started["redirect_url"]))
    (sale,) = await payer.ledger()
    sale = {name: value for name, value in sale.items() if value is not None}

    async def told(id: str, **changes: Any) -> int:
        code = await tell(office, sale, id, **changes)
        await apply_waiting(run)
        return code

    async with client(run) as browser:
        done = await asyncio.gather(
            told("ev1"),
            *(browser.get(back.path, params=back.params) for _ in range(3)),
            told("ev1"),
            told("ev1"),
        )
    assert {answer if isinstance(answer, int) else answer.status_code for answer in done} == {200, 303}
    assert [await told("ev1"), await told("ev2", status="pending")] == [200, 200]
    assert await state_of(office, started["id"]) == "succeeded"
    assert len(of(await said(run), PaymentSettled)) == 1
    assert (await invoice(office, bill["id"]))["balance"] == 0
    async with run.database.read() as read:
        assert (await read.execute(select(func.count()).select_from(webhook))).scalar_one() == 2
        query = select(func.count()).select_from(payment_event).where(payment_event.c.what == "succeeded")
        assert (await read.execute(query)).scalar_one() == 1


async def test_an_unsigned_webhook_changes_nothing(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    body = {"ticket": ticket(bill["customer_id"], bill["id"])}
    started = (await office.post("/v1/checkouts", json=body)).json()
    forged = {
        "id": "ev1",
        "transaction": {"id": "sb1", "kind": "sale", "status": "approved", "amount": 12540},
    }
    answer = await office.post("/v1/gateway-webhooks/sandbox", json=forged)
    assert answer.status_code == 400
    await apply_waiting(run)
    assert await state_of(office, started["id"]) == "requires_action"


async def test_a_refund_made_at_the_gateway_is_booked_once(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    body = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
    made = (await office.post("/v1/payment-attempts", json=body)).json()
    books = payer.app.state.house.books
    refund = books.refund(made["gateway_ref"], 4000, "outside").model_dump(mode="json", exclude_none=True)
    for id in ("ev1", "ev1", "ev2"):
        event = {"id": id, "type": "refund.approved", "transaction": refund, "refunded_total": 4000}
        sent = json.dumps(event).encode()
        await office.post("/v1/gateway-webhooks/sandbox", content=sent, headers=_sign(sent, SECRET))
        await apply_waiting(run)
    shown = (await office.get(f"/v1/payment-attempts/{made['id']}")).json()
    assert (shown["captured"], shown["refunded"]) == (12540, 4000)
    assert [event.amount for event in of(await said(run), PaymentRefunded)] == [4000]
    assert (await invoice(office, bill["id"]))["balance"] == 4000
    assert (
        await office.post(f"/v1/payment-attempts/{made['id']}/refund", json={"amount": 8541})
    ).status_code == 409


async def test_case_9_pending_and_then_denied(
    run: Running[Any], office: httpx.AsyncClient, payer: Payer, bill: dict[str, Any]
) -> None:
    """No money and no receipt before it has come; then the invoice can be paid again."""
    await payer.fault("pending")
    body = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
    made = (await office.post("/v1/payment-attempts", json=body)).json()
    assert made["state"] == "pending"
    assert (await office.post("/v1/payment-attempts", json=body)).status_code == 409
    (sale,) = await payer.ledger()
    sale = {name: value for name, value in sale.items() if value is not None}
    assert await tell(office, sale, "ev9", status="declined") == 200
    await apply_waiting(run)
    assert await state_of(office, made["id"]) == "declined"
    assert of(await said(run), PaymentSettled) == []
    assert (await office.post("/v1/payment-attempts", json=body)).json()["state"] == "succeeded"
