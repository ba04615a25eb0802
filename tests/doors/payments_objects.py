"""One of everything that a path of the payments service names."""

from typing import Any
from uuid import UUID

from bills import issued, known_customer, pay_by_cheque
from harness import client
from payments.models import alert, difference, saved_card, webhook
from shared.db import uuid7
from shared.service import Running
from sqlalchemy import insert

SETTINGS: dict[str, Any] = {"gateway_seconds": 1}
SANDBOX = {"base_url": "http://127.0.0.1:9", "webhook_secret": "made up for tests"}


async def make(running: Running[Any]) -> dict[str, str]:
    customer = await known_customer(running)
    async with client(running, "office.admin") as office:
        invoice = await issued(office, customer)
        paid = await pay_by_cheque(office, customer, 100, **{invoice["id"]: 100})
        back = {"amount": 1, "reason": "too much"}
        refund = await office.post(f"/v1/payments/{paid.json()['id']}/refunds", json=back)
        assert refund.status_code == 201, refund.text
        account = {"gateway": "sandbox", "name": f"Sandbox {uuid7()}", "fields": SANDBOX}
        opened = await office.post("/v1/gateway-accounts", json=account)
        assert opened.status_code == 201, opened.text
        gateway = opened.json()["id"]
        body = {"account_id": gateway, "invoices": [{"invoice_id": invoice["id"]}]}
        attempt = await office.post("/v1/payment-attempts", json=body)
        assert attempt.status_code == 201, attempt.text
        tried = attempt.headers["location"].rsplit("/", 1)[-1]
        charge = attempt.json()["operations"][0]["id"]
    return {
        "/v1/invoices/{id}": invoice["id"],
        "/v1/payments/{id}": paid.json()["id"],
        "/v1/payments/{id}/refunds/{refund_id}": refund.json()["id"],
        "/v1/customer-balances/{customer_id}": str(customer),
        "/v1/statements/{customer_id}": str(customer),
        "/v1/gateway-accounts/{id}": gateway,
        "/v1/payment-attempts/{id}": tried,
        "/v1/saved-cards/{id}": str(await _card(running, customer, UUID(gateway))),
        "/v1/payment-attempts/{id}/operations/{operation_id}": charge,
        "/v1/checkouts/{id}": tried,
        "/v1/payment-alerts/{id}": str(await _alert(running, UUID(tried))),
        "/v1/payment-differences/{id}": str(await _difference(running, UUID(gateway))),
        "/v1/gateway-calls/{id}": str(await _call(running, UUID(gateway))),
        "/v1/gateway-webhooks/{gateway}": "sandbox",
        "/v1/gateway-connections/{ended}": "connected",
    }


async def _card(running: Running[Any], owner: UUID, account: UUID) -> UUID:
    id = uuid7()
    row = {"id": id, "debtor_id": owner, "account_id": account, "sealed": "", "closed": False, "version": 1}
    async with running.work() as work:
        await work.session.execute(insert(saved_card), [{**row, "saved_by": "anna", "created_at": work.now}])
    return id


async def _alert(running: Running[Any], about: UUID) -> UUID:
    id = uuid7()
    row = {"id": id, "version": 1, "kind": "declined", "attempt_id": about, "text": "Look at it."}
    async with running.work() as work:
        await work.session.execute(insert(alert), [{**row, "raised_at": work.now}])
    return id


async def _difference(running: Running[Any], account: UUID) -> UUID:
    id = uuid7()
    row = {"id": id, "version": 1, "account_id": account, "kind": "missing_here", "reference": str(id)}
    async with running.work() as work:
        about = {"day": work.now.date(), "theirs": 100, "currency": "USD", "found_at": work.now}
        await work.session.execute(insert(difference), [{**row, **about}])
    return id


async def _call(running: Running[Any], account: UUID) -> UUID:
    id = uuid7()
    row = {"id": id, "account_id": account, "external_id": str(id), "kind": "refund.created", "body": b"{}"}
    row |= {"finding": {"result": {"outcome": "approved"}, "kind": "refund"}, "state": "failed", "tries": 7}
    async with running.work() as work:
        await work.session.execute(insert(webhook), [{**row, "received_at": work.now}])
    return id
