"""The simulated PayPal's webhooks. PayPal signs with a certificate; this one with the webhook's id, as it
verifies itself."""

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from typing import Any

from simulators.gateways import rows
from simulators.gateways.house import House
from simulators.gateways.paypal_shapes import dispute_shape, refund_shape
from simulators.gateways.rows import Transaction


def signature(id: str, time: str, webhook: str, body: bytes) -> str:
    said = f"{id}|{time}|{webhook}|{zlib.crc32(body)}"
    return base64.b64encode(hmac.new(webhook.encode(), said.encode(), hashlib.sha256).digest()).decode()


def tell(here: House, kind: str, about: Any) -> None:
    def write(wrong: bool) -> bytes:
        resource = about()
        if wrong:
            resource["amount"] = {**resource.get("amount", {}), "value": "0.01"}
        event = {"id": f"WH-{secrets.token_hex(8).upper()}", "event_version": "1.0", "event_type": kind}
        return json.dumps({**event, "resource": resource}).encode()

    def sign(body: bytes, webhook: str) -> dict[str, str]:
        id, time = secrets.token_hex(16), f"{rows.now():%Y-%m-%dT%H:%M:%SZ}"
        return {
            "PAYPAL-TRANSMISSION-ID": id,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": signature(id, time, webhook, body),
            "PAYPAL-CERT-URL": f"{here.base}v1/notifications/certs/CERT-1",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }

    here.caller.tell(write, sign)


def news(here: House, done: Transaction) -> None:
    """What happened to a payment without its seller. Of a refund that fails later PayPal tells nothing."""
    if done.kind == "refund" and done.status != "failed":
        tell(here, "PAYMENT.CAPTURE.REFUNDED", lambda: refund_shape(here, done))
    elif done.kind == "dispute":
        kind = "RESOLVED" if done.stage in ("won", "lost") else "CREATED"
        tell(here, f"CUSTOMER.DISPUTE.{kind}", lambda: dispute_shape(done))
