"""What the gateways are sent: the samples' requests element by element, in their order."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import xmltodict
from gateways import gateway
from payments.gateways.base import Expected, Order, Result
from payments.gateways.port import Gateway
from payments.gateways.quickbooks import charge_request
from pydantic import SecretStr

SAMPLES = Path(__file__).parent / "samples"
ORDER = Order(
    our_id="pa-0001",
    request_id="pa-0001",
    short_ref="INV10042",
    amount=12540,
    description="Invoice INV-10042",
    invoice_number="INV-10042",
    merchant="Example Merchant",
    customer_id="cust-77",
    name="Jordan Example",
    street="1 Main St",
    zip_code="10001",
)
TOKEN = SecretStr("OTT_7Q2M5X0001")


class Sent:
    """A gateway that keeps what it was sent and answers nothing that could be read."""

    def __init__(self, name: str, **settings: str) -> None:
        self.requests: list[httpx.Request] = []
        self.gateway: Gateway = gateway(name, self._answer, **settings)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/oauth2/token", "/tokens/bearer")):
            return httpx.Response(200, json={"access_token": "A21AAEXAMPLE", "expires_in": 3600})
        self.requests.append(request)
        return httpx.Response(200, text="?")

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]


def elements(document: bytes) -> Any:
    """Names and texts in their order; empty elements count, our own program's name and the time do not."""
    document = re.sub(rb"<(Software\w+|ClientDateTime)>[^<]*<", rb"<\1><", document)
    document = re.sub(rb' xmlns:xs[id]="[^"]*"', b"", document)
    return json.dumps(xmltodict.parse(document, namespace_separator="|", process_namespaces=True))


@pytest.mark.parametrize(("version", "folder"), [("4.0", "merchantware_v4"), ("4.5", "merchantware_v45")])
async def test_merchantware_sale(version: str, folder: str) -> None:
    sent = Sent("merchantware", version=version)
    await sent.gateway.charge_token(ORDER, TOKEN)
    assert elements(sent.last.content) == elements((SAMPLES / folder / "request_sale_vault.xml").read_bytes())


async def test_merchantware_refund_void_and_page() -> None:
    sent = Sent("merchantware")
    await sent.gateway.refund("610482337", 4000, "USD", request_id="rf-0001", short_ref="INV10042")
    await sent.gateway.start_hosted(
        ORDER, return_url="https://portal.example.test/pay/return/merchantware", cancel_url=""
    )
    files = ("merchantware_v4/request_refund_partial.xml", "transport/request_create_transaction.xml")
    for request, file in zip(sent.requests, files, strict=True):
        assert elements(request.content) == elements((SAMPLES / file).read_bytes())
    assert sent.last.headers["SOAPAction"] == '"http://transport.merchantware.net/v4/CreateTransaction"'
    await sent.gateway.void("610482337", request_id="vo-0001")
    theirs = (SAMPLES / "merchantware_v4/request_void.xml").read_bytes()
    assert re.findall(rb"<(\w+)[ />]", sent.last.content)[3:] == re.findall(rb"<(\w+)[ />]", theirs)[3:]
    await sent.gateway.void("610500001", request_id="vo-0002", held=True)
    freed = sent.last.content.replace(b"VoidPreAuthorization", b"Void")
    assert sent.last.headers["SOAPAction"].endswith('/VoidPreAuthorization"')
    assert re.findall(rb"<(\w+)[ />]", freed)[3:] == re.findall(rb"<(\w+)[ />]", theirs)[3:]
    newer = Sent("merchantware", version="4.5")  # which has one operation for both
    await newer.gateway.void("610500001", request_id="vo-0002", held=True)
    assert newer.last.headers["SOAPAction"].endswith('/Void"')


async def test_qbms_wallet_charge() -> None:
    sent = Sent("qbms")
    wallet = SecretStr("101100000000000000000001")
    await sent.gateway.charge_token(ORDER, wallet, saved=True)
    assert elements(sent.last.content) == elements((SAMPLES / "qbms/request_wallet_charge.xml").read_bytes())
    assert b'<?qbmsxml version="4.5"?>' in sent.last.content
    assert sent.last.headers["Content-Type"] == "application/x-qbmsxml"


async def test_paypal() -> None:
    sent = Sent("paypal")
    await sent.gateway.start_hosted(
        ORDER,
        return_url="https://portal.example.test/pay/return/paypal",
        cancel_url="https://portal.example.test/pay/cancel/paypal",
    )
    assert json.loads(sent.last.content) == json.loads(
        (SAMPLES / "paypal/request_create_order.json").read_bytes()
    )
    assert sent.last.headers["PayPal-Request-Id"] == "pa-0001"
    await sent.gateway.complete(
        Expected(our_id="pa-0001", amount=12540, order_ref="5EX"), request_id="pa-0001"
    )
    captured = next(each for each in sent.requests if each.url.path.endswith("/capture"))
    assert captured.headers["PayPal-Request-Id"] not in ("", "pa-0001"), "each call has an id of its own"
    await sent.gateway.refund("7CX", 4000, "USD", request_id="rf-0001")
    asked = json.loads(sent.last.content)
    assert asked["amount"] == {"currency_code": "USD", "value": "40.00"}
    assert asked["custom_id"] == sent.last.headers["PayPal-Request-Id"] == "rf-0001"


async def test_stripe() -> None:
    sent, theirs = Sent("stripe"), json.loads((SAMPLES / "stripe/request_create_session.json").read_bytes())
    urls = {name: value.partition("?")[0] for name, value in theirs["form"] if name.endswith("_url")}
    await sent.gateway.start_hosted(ORDER, return_url=urls["success_url"], cancel_url=urls["cancel_url"])
    assert (sent.last.method, sent.last.url.path) == (theirs["method"], theirs["path"])
    assert dict(parse_qsl(sent.last.content.decode())) == dict(theirs["form"])
    for name, value in theirs["headers"].items():
        assert sent.last.headers[name] == value


async def test_quickbooks() -> None:

    asked = charge_request(ORDER, SecretStr("exampletoken0000000001"), saved=False) | {
        "description": "INV10042"
    }
    assert asked == json.loads((SAMPLES / "quickbooks_payments/request_charge_token.json").read_bytes())


async def test_what_a_customer_is_called_cannot_change_a_request() -> None:
    sent = Sent("merchantware")
    name = "Smith & <b>Sons</b>\x00 ]]> José"
    hostile = Order(our_id="a", request_id="a", short_ref="A-1 & 2", amount=1, name=name, merchant="A & B")
    await sent.gateway.start_hosted(hostile, return_url="https://x.test/?a=1&b=<2>", cancel_url="")
    asked = xmltodict.parse(sent.last.content)["soap:Envelope"]["soap:Body"]["CreateTransaction"]["request"]
    assert asked["Cardholder"] == "Smith & <b>Sons</b> ]]> Jose"
    assert asked["RedirectLocation"] == "https://x.test/?a=1&b=<2>"
    assert (asked["OrderNumber"], asked["Zip"], asked["Amount"]) == ("A12", "12345", "0.01")


@pytest.mark.parametrize("name", ["merchantware", "qbms", "quickbooks", "paypal", "stripe"])
async def test_a_reference_cannot_change_a_path(name: str) -> None:
    sent = Sent(name)
    await sent.gateway.refund("../../v2/x?y#z", 100, "USD", request_id="rf")
    for request in sent.requests:
        assert b"/../" not in request.url.raw_path
        assert b"?" not in request.url.raw_path


@pytest.mark.parametrize("name", ["merchantware", "qbms", "quickbooks", "paypal", "stripe", "sandbox"])
async def test_redirects_are_not_followed_and_secrets_are_not_shown(name: str) -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(307, headers={"Location": "https://elsewhere.test/"})

    adapter = gateway(name, answer)
    found = await adapter.check_connection()
    assert isinstance(found, Result)
    assert found.outcome != "approved"
    assert all("elsewhere" not in str(call.url) for call in calls)
    assert not re.search("AAAAA|TGT-|secret-of-the-app|sk_test|whsec_", repr(adapter))
