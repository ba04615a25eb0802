"""Every sample answer yields what it must yield, through the adapter's own calls."""

import base64
import json
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from gateways import answering, gateway
from payments.gateways import merchantware_answers, oauth, qbms_answers, stripe_answers
from payments.gateways.base import Expected, Hosted, Order, Result, digest
from payments.gateways.findings import after_return, agreed
from payments.gateways.found import Finding, Webhook
from payments.gateways.money import from_text
from payments.gateways.port import Gateway
from payments.gateways.transport import Answer
from pydantic import SecretStr

SAMPLES = Path(__file__).parent / "samples"
ENTRIES: list[dict[str, Any]] = json.loads((SAMPLES / "expectations.json").read_bytes())
OPEN = {
    "merchantware_v4": ("merchantware", {}),
    "merchantware_v45": ("merchantware", {"version": "4.5"}),
    "merchantware_reports": ("merchantware", {}),
    "transport": ("merchantware", {}),
    "qbms": ("qbms", {}),
    "quickbooks_payments": ("quickbooks", {}),
    "paypal": ("paypal", {}),
    "stripe": ("stripe", {}),
}
ORDER = Order(our_id="pa-0001", request_id="pa-0001", short_ref="INV10042", amount=12540)
HELD = replace(ORDER, authorize_only=True)
ASKED = Expected(our_id="pa-0001", amount=12540, order_ref="5EX10042AB123456C")
INTENT = Expected(our_id="pa-0001", amount=12540, gateway_ref="pi_1")
TOKEN = SecretStr("OTT_7Q2M5X0001")
Yield = Result | Finding | Hosted | Webhook
Do = Callable[[Gateway, Answer], Awaitable[object]]


async def looked_up(gateway: Gateway, by: Expected) -> object:
    found = await gateway.lookup(by)
    if isinstance(found, Result):
        return found
    assert found.complete
    assert not [each for each in found.rows if each.kind == "void"]  # no sample was voided
    return (*found.rows, Finding(result=Result(outcome="not_found")))[0]


def parsed(read: Callable[[Answer], object]) -> Do:
    async def do(_: Gateway, answer: Answer) -> object:
        return read(answer)

    return do


def tokens(answer: Answer) -> Result:
    found = oauth.read_tokens(answer, datetime.now(UTC))
    if isinstance(found, Result):
        return found
    return Result(outcome="approved", refs={"access_token": found.access.get_secret_value()})


def session(answer: Answer) -> Result:
    body = stripe_answers.judge(answer)
    if isinstance(body, Result):
        return body
    found = stripe_answers.finding(body)
    return agreed(
        found.result, found.our_id, replace(ASKED, amount=12540, currency=found.result.currency or "")
    )


CALLS: dict[str, Do] = {
    "SaleVault": lambda g, _: g.charge_token(ORDER, TOKEN),
    "Sale": lambda g, _: g.charge_token(ORDER, TOKEN),
    "SaleKeyed": parsed(lambda answer: merchantware_answers.credit(answer, "SaleKeyed")),
    "PreAuthorizationVault": lambda g, _: g.charge_token(HELD, TOKEN),
    "PostAuthorization": lambda g, _: g.capture("610500001", 12540, "USD", request_id="cp-1"),
    "Refund": lambda g, _: g.refund("610482337", 4000, "USD", request_id="rf-0001", short_ref="INV10042"),
    "VaultBoardCreditByReference": lambda g, _: g.save_card("610482337", "cust-77", request_id="sc-1"),
    "VaultDeleteToken": lambda g, _: g.forget_card(SecretStr("VT4Z9PQX0001"), "cust-77"),
    "VaultFindPaymentInfo": parsed(lambda answer: merchantware_answers.vault(answer, "VaultFindPaymentInfo")),
    "SettleBatch": parsed(merchantware_answers.batch),
    "TransactionsByTransactionId": lambda g, _: g.complete(ASKED, request_id="x"),
    "DetailedTransactionByReference": lambda g, _: looked_up(g, replace(ASKED, gateway_ref="610482337")),
    "CreateTransaction": lambda g, _: g.start_hosted(ORDER, return_url="https://x.test/r", cancel_url=""),
    "CustomerCreditCardWalletCharge": lambda g, _: g.charge_token(ORDER, TOKEN, saved=True),
    "CustomerCreditCardAuth": parsed(lambda answer: qbms_answers.result(answer, "CustomerCreditCardAuth")),
    "CustomerCreditCardCapture": lambda g, _: g.capture("YY1", 12540, "USD", request_id="cp-1"),
    "CustomerCreditCardTxnVoidOrRefund": lambda g, _: g.void("YY1", request_id="vo-1"),
    "CustomerCreditCardWalletAdd": parsed(
        lambda answer: qbms_answers.result(answer, "CustomerCreditCardWalletAdd")
    ),
    "MerchantAccountQuery": lambda g, _: g.check_connection(),
    "paypage/ticket/create": lambda g, _: g.start_hosted(ORDER, return_url="", cancel_url=""),
    "POST /quickbooks/v4/payments/charges": lambda g, _: g.charge_token(ORDER, TOKEN),
    "GET /quickbooks/v4/payments/charges/{id}": lambda g, _: looked_up(g, replace(ASKED, gateway_ref="EEX")),
    "POST /quickbooks/v4/payments/charges/{id}/refunds": lambda g, _: g.refund(
        "EEX1", 4000, "USD", request_id="rf-1"
    ),
    "POST /quickbooks/v4/payments/txn-requests/{request_id}/void": lambda g, _: g.abandon("pa-0001"),
    "POST /oauth2/v1/tokens/bearer": parsed(tokens),
    "POST /v1/oauth2/token": parsed(tokens),
    "POST /v2/checkout/orders": lambda g, _: g.start_hosted(ORDER, return_url="", cancel_url=""),
    "POST /v2/checkout/orders/{id}/capture": lambda g, _: g.complete(ASKED, request_id="pa-0001"),
    "GET /v2/payments/captures/{id}": lambda g, _: looked_up(
        g, replace(ASKED, order_ref=None, gateway_ref="7CX")
    ),
    "POST /v2/payments/captures/{id}/refund": lambda g, _: g.refund("7CX", 4000, "USD", request_id="rf-1"),
    "POST /v1/checkout/sessions": parsed(session),
    "GET /v1/checkout/sessions/{id}": parsed(session),
    "GET /v1/payment_intents/{id}": lambda g, _: looked_up(
        g, Expected(our_id="", amount=1, gateway_ref="pi_1")
    ),
    "POST /v1/refunds": lambda g, _: g.refund("pi_1", 4000, "USD", request_id="rf-1"),
}


def sample(entry: dict[str, Any]) -> Answer:
    body = (SAMPLES / entry["file"]).read_bytes()
    if entry["expect"].get("wrapped"):
        wrapped = json.loads(body)
        return Answer(
            status=wrapped["http_status"], headers=wrapped["headers"], body=wrapped["body"].encode()
        )
    return Answer(status=entry["http_status"], headers={}, body=body)


def name_of(entry: dict[str, Any]) -> str:
    return f"{entry['file']} {entry.get('variant', '')}".strip()


def compared(entry: dict[str, Any], found: object) -> tuple[dict[str, object], dict[str, object]]:
    """What the entry expects, in the adapters' words, and what was found of it."""
    expect = {name: value for name, value in entry["expect"].items() if name not in NOT_OURS}
    finding = found if isinstance(found, Finding) else None
    result = finding.result if finding else found
    if isinstance(result, Hosted):
        refs = {"ticket": "Ticket", "op_id": "OpId"}
        page = httpx.URL(result.redirect_url).params
        got: dict[str, object] = {
            "outcome": "requires_action",
            "gateway_ref": result.order_ref if expect["gateway_ref"] else None,
            "redirect_url": result.redirect_url,
            **{name: page.get(theirs) for name, theirs in refs.items()},
        }
        return expect, {name: got.get(name) for name in expect}
    assert isinstance(result, Result)
    currency = result.currency or "USD"
    for amount in ("amount", "refund_max"):
        if expect.get(amount) is not None:
            expect[amount] = from_text(expect[amount], currency)
    got = {name: getattr(result, name) for name in vars(result) if name != "refs"}
    got |= {THEIRS.get(name, name): value for name, value in result.refs.items()}
    if finding:
        got |= {name: getattr(finding, name) for name in ("settled", "can_void", "can_refund", "refund_max")}
    said = str(expect["outcome"])
    if said in CHARGE_IS:  # what this call found, and what the charge is, are told apart
        expect["outcome"] = "approved"
        marks = {"warning": result.warning is not None, "given_back": result.refs.get("given_back")}
        assert {name: marks[name] for name in CHARGE_IS[said]} == CHARGE_IS[said]
    if result.outcome == "needs_review":  # a person gets all there is
        expect = {name: value for name, value in expect.items() if value is not None}
    if expect.get("brand") is None:
        expect.pop("brand", None)  # QuickBooks' and declines' is left open
    shown = {name: got.get(name) for name in expect}
    if isinstance(expect.get("duplicate"), bool):
        expect["duplicate"] = str(expect["duplicate"]).lower()
    if isinstance(expect.get("card_types"), list):
        expect["card_types"] = ", ".join(expect["card_types"])
    return expect, shown


CHARGE_IS: dict[str, dict[str, object]] = {
    "review": {"warning": True},
    "partially_refunded": {"given_back": "partly"},
    "refunded": {"given_back": "wholly"},
}
OF_A_REFUND = {"refund_approved": "approved", "refund_failed": "declined"}
NOT_OURS = {"voided", "policy_action", "wrapped", "request_headers", "now", "secret", "webhook_id", "repeat"}
THEIRS = {"duplicate_of": "duplicate_of_ref"}
ANSWERS = [entry for entry in ENTRIES if entry["operation"] in CALLS]


@pytest.mark.parametrize("entry", ANSWERS, ids=name_of)
async def test_an_answer(entry: dict[str, Any]) -> None:
    answer = sample(entry)
    name, settings = OPEN[entry["file"].split("/")[0]]
    adapter = gateway(name, answering(answer.status, answer.body), **settings)
    if name == "quickbooks":
        await connected(adapter)
    found = await CALLS[entry["operation"]](adapter, answer)
    expect, shown = compared(entry, found)
    assert shown == expect
    retry = getattr(found, "retry", entry["retry"])
    assert retry == entry["retry"]


async def connected(adapter: Gateway) -> None:
    """Gives QuickBooks a token, as Connect to QuickBooks does."""
    far = datetime.now(UTC) + timedelta(hours=1)
    await cast("Any", adapter).tokens.save(
        oauth.Tokens(access=SecretStr("A"), expires_at=far, refresh=SecretStr("R"))
    )


RETURNS = [entry for entry in ENTRIES if entry["operation"] == "redirect_return"]
DECLINED = (
    (SAMPLES / "merchantware_reports/by_id_one_approved.xml")
    .read_bytes()
    .replace(b"<ApprovalStatus>APPROVED<", b"<ApprovalStatus>DECLINED;1012;decline<")
)


@pytest.mark.parametrize("entry", RETURNS, ids=name_of)
async def test_a_return(entry: dict[str, Any]) -> None:
    told = json.loads((SAMPLES / entry["file"]).read_bytes())
    stored, name = told["stored_attempt"], told["then_lookup"]
    expected = Expected(
        our_id=stored["our_id"], amount=12540, return_digest=digest(SecretStr(stored["validation_key"]))
    )
    known = name is not None and (SAMPLES / name).exists()
    adapter = gateway("merchantware", answering(200, (SAMPLES / name).read_bytes() if known else DECLINED))
    returned = adapter.complete_return(dict(told["query"]), expected)
    found = after_return(returned, await adapter.complete(expected, request_id="x"))
    expect = {key: entry["expect"][key] for key in ("outcome", "code", "gateway_ref")}
    if expect["outcome"] == "declined":
        expect["gateway_ref"] = found.gateway_ref  # the try's own reference, which the entry leaves open
    assert {key: getattr(found, key) for key in expect} == expect


HOOKS = [
    entry for entry in ENTRIES if "webhook" in entry["file"] or entry["file"].endswith("verify_failure.json")
]


def paypal(request: httpx.Request) -> httpx.Response:
    """Verifies as PayPal does: with the certificate, over the bytes that came back."""
    if request.url.path == "/v1/oauth2/token":
        return httpx.Response(200, json={"access_token": "A21AAEXAMPLE", "expires_in": 3600})
    told = json.loads(request.content)
    raw = request.content.split(b'"webhook_event": ', 1)[1].removesuffix(b"}")
    signed = f"{told['transmission_id']}|{told['transmission_time']}|{told['webhook_id']}|{zlib.crc32(raw)}"
    leaf = x509.load_pem_x509_certificate((SAMPLES / "paypal/webhook_leaf.pem").read_bytes())
    leaf.verify_directly_issued_by(
        x509.load_pem_x509_certificate((SAMPLES / "paypal/webhook_ca.pem").read_bytes())
    )
    try:
        signature = base64.b64decode(told["transmission_sig"])
        cast("RSAPublicKey", leaf.public_key()).verify(signature, signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return httpx.Response(200, json={"verification_status": "FAILURE"})
    return httpx.Response(200, json={"verification_status": "SUCCESS"})


@pytest.mark.parametrize("entry", HOOKS, ids=name_of)
async def test_a_webhook(entry: dict[str, Any]) -> None:
    expect, body = entry["expect"], (SAMPLES / entry["file"]).read_bytes()
    name = entry["file"].split("/")[0]
    if entry["operation"].endswith("verify-webhook-signature"):
        adapter = gateway(name, answering(200, body))
        entry = next(
            each
            for each in ENTRIES
            if each["file"] == "paypal/webhook_capture_completed.json" and "variant" not in each
        )
        body, headers = (SAMPLES / entry["file"]).read_bytes(), entry["expect"]["request_headers"]
    else:
        adapter = gateway(name, paypal)
        headers = expect["request_headers"]
    heard = await adapter.parse_webhook(body, headers, datetime.fromtimestamp(expect.get("now", 0), UTC))
    if expect["outcome"] == "rejected":
        assert heard == Webhook(result=Result(outcome="rejected"))
        return
    if expect["outcome"] == "unmatched":  # good, but not an id of ours
        assert heard.our_id == "pa-9999"
    elif expect["outcome"] == "partially_refunded":  # an event of the charge: of a refund it tells the sum
        assert (heard.kind, heard.result.outcome) == ("refund", "approved")
        expect |= {"gateway_ref": None, "amount": None}
    else:
        refund = OF_A_REFUND.get(expect["outcome"])
        assert heard.result.outcome == (refund or expect["outcome"])
        assert refund is None or heard.kind == "refund"
        assert expect.get("our_id") in (None, heard.our_id)
    assert heard.external_id == expect.get("event_id", heard.external_id)
    assert heard.result.gateway_ref == expect["gateway_ref"]
    assert heard.result.amount == from_text(expect["amount"])
    if "total_refunded" in expect:
        assert heard.refunded_total == from_text(expect["total_refunded"])


def test_every_sample_is_among_them() -> None:
    assert len(ENTRIES) == 142
    assert len(ANSWERS) + len(RETURNS) + len(HOOKS) == len(ENTRIES)
