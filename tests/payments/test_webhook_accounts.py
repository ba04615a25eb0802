"""Webhooks are believed with the account's secret of now."""

import hashlib
import hmac
import time
from typing import Any
from uuid import UUID

import httpx
import pytest
from harness import at_work, client
from payments.gateways.base import Result
from payments.gateways.found import Webhook
from payments.gateways.stripe import Stripe
from payments.models import gateway_account, webhook
from payments.service import service
from pydantic import SecretStr
from shared.secrets import seal
from sqlalchemy import func, select, update


def _signed(body: str, secret: str) -> dict[str, str]:
    now = str(int(time.time()))
    mac = hmac.new(secret.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={now},v1={mac}"}


async def test_a_changed_secret_counts_at_once(run: Any, office: httpx.AsyncClient) -> None:
    async def tell(number: int, secret: str) -> int:
        body = f'{{"id": "evt_{number}", "type": "customer.created", "data": {{"object": {{}}}}}}'
        path = "/v1/gateway-webhooks/stripe"
        return (await office.post(path, content=body, headers=_signed(body, secret))).status_code

    fields = {"secret_key": "made up", "webhook_secret": "old one"}
    account = {"gateway": "stripe", "name": "Stripe", "fields": fields}
    made = (await office.post("/v1/gateway-accounts", json=account)).raise_for_status()
    assert [await tell(1, "old one"), await tell(2, "new one"), await tell(1, "old one")] == [200, 400, 200]
    changed = {"fields": {**fields, "webhook_secret": "new one"}}
    path = f"/v1/gateway-accounts/{made.json()['id']}"
    answer = await office.patch(path, json=changed, headers={"If-Match": made.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert [await tell(2, "new one"), await tell(3, "old one")] == [200, 400]
    second = {**account, "name": "Another", "fields": {**fields, "webhook_secret": "third one"}}
    (await office.post("/v1/gateway-accounts", json=second)).raise_for_status()
    assert [await tell(4, "third one"), await tell(5, "new one")] == [200, 200]
    async with run.database.read() as read:
        assert (await read.execute(select(func.count()).select_from(webhook))).scalar_one() == 4


@pytest.mark.parametrize("how", ["unreadable", "raises", "does not answer"])
async def test_an_account_that_cannot_check_a_signature_keeps_no_other_from_being_heard(
    run: Any, office: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whichever is older; and what may be its own is sent again, not refused for good."""
    ids: dict[str, str] = {}
    for name in ("fine one", "broken", "fine too"):
        fields = {"secret_key": "made up", "webhook_secret": name}
        account = {"gateway": "stripe", "name": name, "fields": fields}
        ids[name] = (await office.post("/v1/gateway-accounts", json=account)).raise_for_status().json()["id"]
    if how == "unreadable":
        this = update(gateway_account).where(gateway_account.c.id == UUID(ids["broken"]))
        async with run.work() as work:
            await work.session.execute(this.values(secrets=seal(run.settings, SecretStr("{}"), "elsewhere")))
    real = Stripe.parse_webhook

    async def parse(self: Stripe, *args: Any) -> Webhook:
        if how == "unreadable" or self.account.webhook_secret.get_secret_value() != "broken":
            return await real(self, *args)
        if how == "raises":
            raise ZeroDivisionError
        return Webhook(result=Result(outcome="unknown"))

    monkeypatch.setattr(Stripe, "parse_webhook", parse)

    async def tell(number: int, secret: str) -> int:
        body = f'{{"id": "evt_{number}", "type": "customer.created", "data": {{"object": {{}}}}}}'
        path = "/v1/gateway-webhooks/stripe"
        return (await office.post(path, content=body, headers=_signed(body, secret))).status_code

    told = [await tell(1, "fine one"), await tell(2, "fine too"), await tell(3, "broken")]
    assert told == [200, 200, 503]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_an_account_that_another_process_set_up_is_heard_at_once(
    run: Any, office: httpx.AsyncClient, url: str
) -> None:
    body = '{"id": "evt_1", "type": "customer.created", "data": {"object": {}}}'
    asked: Any = {"content": body, "headers": _signed(body, "made up too")}
    path = "/v1/gateway-webhooks/stripe"
    assert (await office.post(path, **asked)).status_code == 400
    fields = {"secret_key": "made up", "webhook_secret": "made up too"}
    account = {"gateway": "stripe", "name": "Stripe", "fields": fields}
    async with at_work(service, url) as other, client(other, "office.admin") as elsewhere:
        (await elsewhere.post("/v1/gateway-accounts", json=account)).raise_for_status()
    assert (await office.post(path, **asked)).status_code == 200
