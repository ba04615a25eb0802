"""The simulated PayPal's webhooks. PayPal signs with a certificate; this one with the webhook's id, as it
verifies itself."""

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from simulators.gateways.house import house, root


def signature(id: str, time: str, webhook: str, body: bytes) -> str:
    said = f"{id}|{time}|{webhook}|{zlib.crc32(body)}"
    return base64.b64encode(hmac.new(webhook.encode(), said.encode(), hashlib.sha256).digest()).decode()


def tell(request: Request, kind: str, about: Any) -> None:
    def write(wrong: bool) -> bytes:
        resource = about()
        if wrong:
            resource["amount"] = {**resource["amount"], "value": "0.01"}
        event = {"id": f"WH-{secrets.token_hex(8).upper()}", "event_version": "1.0", "event_type": kind}
        return json.dumps({**event, "resource": resource}).encode()

    def sign(body: bytes, webhook: str) -> dict[str, str]:
        id, time = secrets.token_hex(16), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return {
            "PAYPAL-TRANSMISSION-ID": id,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": signature(id, time, webhook, body),
            "PAYPAL-CERT-URL": f"{root(request)}v1/notifications/certs/CERT-1",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }

    house(request).caller.tell(write, sign)
