"""What gateways tell by themselves, made up by the test and signed as the gateway signs."""

import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import httpx
import shared.db
from gateways import ACCOUNTS

_HEADERS = {"sandbox": "Sandbox-Signature", "stripe": "Stripe-Signature"}


def signed(gateway: str, body: bytes) -> dict[str, str]:
    secret, now = ACCOUNTS[gateway]["webhook_secret"], str(int(shared.db.utcnow().timestamp()))
    mac = hmac.new(secret.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {_HEADERS[gateway]: f"t={now},v1={mac}", "Content-Type": "application/json"}


async def tell(office: httpx.AsyncClient, gateway: str, event: dict[str, Any]) -> None:
    """The service takes it and will apply it."""
    body = json.dumps({"id": f"evt_{uuid4().hex}", **event}).encode()
    path = f"/v1/gateway-webhooks/{gateway}"
    answer = await office.post(path, content=body, headers=signed(gateway, body))
    assert answer.status_code == 200, answer.text


def sandbox_event(**transaction: Any) -> dict[str, Any]:
    """About one row of the sandbox's ledger."""
    row = {"currency": "USD", "status": "approved", **transaction}
    return {"type": f"{row['kind']}.{row['status']}", "transaction": row}
