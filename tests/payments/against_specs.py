"""Holds our requests, and the simulators' answers, against the gateways' own descriptions.

    uv run --with xmlschema --with openapi-schema-validator python tests/payments/against_specs.py FOLDER

FOLDER holds the files of paypal/paypal-rest-api-specifications (`openapi/`) and the WSDLs of
Cayan-LLC/developer-docs, both Apache-2.0, under the names below. They are not part of this repository.
"""

import asyncio
import json
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import xmlschema  # pyright: ignore[reportMissingImports]
from openapi_schema_validator import OAS30ReadValidator, OAS30Validator  # pyright: ignore[reportMissingImports]
from payments.gateways import open_gateway
from payments.gateways.base import Expected, Hosted, Order
from pydantic import SecretStr
from simulators.gateways.all import GATEWAYS

sys.path.insert(0, str(Path(__file__).parents[1]))
from gateways import ACCOUNTS

ORDER = Order(our_id="pa-1", request_id="pa-1", short_ref="INV10042", amount=12540, description="Invoice 1")
BASE = "http://gateway.test"
ORDERS, PAYMENTS = "paypal_checkout_orders_v2.json", "paypal_payments_payment_v2.json"
WEBHOOKS = "paypal_notifications_webhooks_v1.json"
# Path and method: the schema of what we send and of what comes back.
PAYPAL = {
    ("POST", "/v2/checkout/orders"): (ORDERS, "order_request", "order"),
    ("GET", "/v2/checkout/orders/*"): (ORDERS, None, "order"),
    ("POST", "/v2/checkout/orders/*/capture"): (ORDERS, None, "order"),
    ("POST", "/v2/payments/captures/*/refund"): (PAYMENTS, "refund_request", "refund"),
    ("POST", "/v1/notifications/verify-webhook-signature"): (WEBHOOKS, "verify_webhook_signature", None),
}
WSDLS = ("Credit40.wsdl", "Credit45.wsdl", "transport.wsdl")


class Wire:
    """Everything that went over it."""

    def __init__(self, name: str) -> None:
        self.seen: list[tuple[httpx.Request, httpx.Response]] = []
        self._inner = httpx.ASGITransport(GATEWAYS[name](Path(tempfile.mkdtemp())))
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._keep), base_url=BASE)

    async def _keep(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        self.seen.append((request, answer))
        return answer


async def exercise(name: str, **settings: str) -> Wire:
    wire = Wire(name)
    gateway = open_gateway(name, wire.client, {**ACCOUNTS[name], **settings, "base_url": BASE})
    paid = await gateway.charge_token(ORDER, SecretStr("OTT_1"))
    held = await gateway.charge_token(Order(**{**vars(ORDER), "authorize_only": True}), SecretStr("OTT_1"))
    page = await gateway.start_hosted(ORDER, return_url="https://x.test/r", cancel_url="https://x.test/c")
    if isinstance(page, Hosted):
        await wire.client.post(
            re.sub(r"/v4/transportweb.aspx\?transportKey=", "/page/", page.redirect_url),
            data={"decision": "pay"},
        )
        expected = Expected(our_id="pa-1", amount=12540, order_ref=page.order_ref)
        done = await gateway.complete(expected, request_id="c-1")
        paid = paid if paid.outcome == "approved" else done
        await gateway.lookup(expected)
    ref = paid.gateway_ref or ""
    await gateway.refund(ref, 4000, "USD", request_id="rf-1", short_ref="INV10042")
    await gateway.save_card(ref, "cust-1", request_id="sc-1")
    await gateway.forget_card(SecretStr("VT1"), "cust-1")
    await gateway.capture(held.gateway_ref or "", 100, "USD", request_id="cp-1")
    await gateway.void(ref, request_id="vo-1")
    await gateway.parse_webhook(b'{"id": "WH-1", "event_type": "X"}', SIGNED, datetime.now(UTC))
    return wire


SIGNED = {
    "PAYPAL-TRANSMISSION-ID": "12c0-ab",
    "PAYPAL-TRANSMISSION-TIME": "2026-01-01T00:00:00Z",
    "PAYPAL-TRANSMISSION-SIG": "c2ln",
    "PAYPAL-CERT-URL": "https://api.paypal.com/v1/notifications/certs/CERT-1",
    "PAYPAL-AUTH-ALGO": "SHA256withRSA",
}


def paypal(folder: Path, wire: Wire) -> int:
    checked = 0
    for request, answer in wire.seen:
        path = re.sub(r"(?<=orders/)[^/]+|(?<=captures/)[^/]+", "*", request.url.path)
        file, sent, got = PAYPAL.get((request.method, path), (None, None, None))
        if file is None:
            continue
        document = json.loads((folder / file).read_bytes())
        for name, body, kind in (
            (sent, request.content, OAS30Validator),
            (got, answer.content, OAS30ReadValidator),
        ):
            if name and (kind is OAS30Validator or answer.status_code < 300):
                schema = {**document, "$ref": f"#/components/schemas/{name}"}
                kind(schema).validate(json.loads(body))
                checked += 1
    return checked


def merchantware(folder: Path, wires: list[Wire]) -> int:
    schemas: dict[str, Any] = {}
    for name in WSDLS:
        text = (folder / name).read_text().strip()
        types = re.search(r"<(\w+:)?schema .*?</\1schema>", text, re.S)
        assert types, name
        spaces = " ".join(
            sorted(set(re.findall(r'xmlns:\w+="[^"]+"', text.split(">")[1] + text.split(">")[0])))
        )
        inner = types[0]
        head = inner.split(">")[0]
        missing = [space for space in spaces.split(" ") if space and space.split("=")[0] not in head]
        inner = inner.replace(head, f"{head} {' '.join(missing)}", 1)
        schema = xmlschema.XMLSchema(inner)
        schemas[schema.target_namespace] = schema
    checked = 0
    for request, answer in [each for wire in wires for each in wire.seen]:
        for body in (request.content, answer.content):
            inner = re.search(rb"<soap:Body>(.*)</soap:Body>", body, re.S)
            space = re.search(rb'xmlns="([^"]+)"', inner[1]) if inner else None
            if inner and space and (schema := schemas.get(space[1].decode())):
                schema.validate(inner[1].decode())
                checked += 1
    return checked


async def main(folder: Path) -> None:
    wires = [
        await exercise("merchantware", version=version, transport_url=BASE) for version in ("4.0", "4.5")
    ]
    print("PayPal:", paypal(folder, await exercise("paypal")), "documents are valid")
    print("MERCHANTWARE:", merchantware(folder, wires), "documents are valid")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
