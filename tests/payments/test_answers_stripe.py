"""What is read out of Stripe's objects and events, field by field."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from payments.gateways.base import Outcome, Result
from payments.gateways.found import Dispute, Finding, Findings, Webhook
from payments.gateways.stripe_answers import expiry, finding, findings, judge, page, signed, webhook
from payments.gateways.stripe_disputes import dispute
from payments.gateways.stripe_objects import avs, cvv, operations
from payments.gateways.transport import Answer
from pydantic import SecretStr

UNKNOWN = Result(outcome="unknown", kind="unreadable", retry="same_key")
AT = datetime(2025, 11, 18, 22, 0, tzinfo=UTC)
CREATED = int(AT.timestamp())
SECRET = SecretStr("whsec_of_the_test")


def wrong(**error: str) -> dict[str, Any]:
    return {"error": error}


def no(**more: Any) -> Result:
    return replace(Result(outcome="error", retry="after_fix"), **more)


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (300, {"id": "x"}, UNKNOWN),
        (199, {"id": "x"}, UNKNOWN),
        (200, [], UNKNOWN),
        (400, {"error": "no"}, UNKNOWN),
        (500, {}, UNKNOWN),
        (
            400,
            wrong(code="amount_too_small", message="Small."),
            no(code="amount_too_small", message="Small."),
        ),
        (499, wrong(type="api_error"), no()),
        (500, wrong(type="api_error"), no(outcome="unknown", code="api_error", retry="same_key")),
        (500, wrong(type="a", code="lock"), no(outcome="unknown", code="lock", retry="same_key")),
        (
            400,
            wrong(type="idempotency_error"),
            no(outcome="unknown", code="idempotency_error", retry="lookup"),
        ),
        (409, wrong(type="a", message="M"), no(outcome="unknown", code="a", message="M", retry="lookup")),
        (409, wrong(type="a", code="b"), no(outcome="unknown", code="b", retry="lookup")),
        (
            402,
            wrong(type="card_error", code="card_declined", decline_code="lost_card", message="No."),
            Result(outcome="declined", code="lost_card", message="No."),
        ),
        (
            402,
            wrong(type="card_error", code="incorrect_cvc"),
            Result(outcome="declined", code="incorrect_cvc", cvv="no_match"),
        ),
        (
            402,
            wrong(type="card_error", code="invalid_cvc"),
            Result(outcome="declined", code="invalid_cvc", cvv="no_match"),
        ),
        (429, wrong(type="rate_limit_error"), no(kind="busy", retry="same_key")),
        (404, wrong(type="invalid_request_error"), no(outcome="not_found")),
        (400, wrong(code="resource_missing"), no(outcome="not_found", code="resource_missing")),
        (401, wrong(message="Invalid API Key"), no(kind="configuration", message="Invalid API Key")),
        (403, wrong(code="more_permissions"), no(kind="configuration", code="more_permissions")),
    ],
)
def test_what_an_error_means(status: int, body: object, means: Result) -> None:
    assert judge(Answer(status=status, headers={}, body=json.dumps(body).encode())) == means


@pytest.mark.parametrize("status", [200, 201, 299])
def test_what_is_no_error_is_what_was_asked_for(status: int) -> None:
    assert judge(Answer(status=status, headers={}, body=b'{"id": "x"}')) == {"id": "x"}


SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "amount_total": 12540,
    "client_reference_id": "a-1",
    "created": CREATED,
    "currency": "usd",
    "payment_intent": "pi_1",
    "payment_status": "unpaid",
    "status": "open",
    "url": "https://checkout.test/cs_1",
}
PAID = {"payment_status": "paid", "status": "complete"}
CARD = {
    "brand": "visa",
    "last4": "4242",
    "checks": {"address_line1_check": "pass", "address_postal_code_check": "fail", "cvc_check": "pass"},
}
ON_CARD: dict[str, Any] = {"last4": "4242", "brand": "visa", "avs": "address_only", "cvv": "match"}
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 12540,
    "amount_received": 12500,
    "capture_method": "automatic_async",
    "created": CREATED,
    "canceled_at": CREATED + 60,
    "currency": "usd",
    "latest_charge": {"id": "ch_1", "payment_method_details": {"card": CARD}},
    "metadata": {"attempt_id": "a-1"},
    "status": "succeeded",
}
BY_HAND = {"capture_method": "manual"}
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "amount": 12540,
    "amount_captured": 12500,
    "captured": True,
    "created": CREATED,
    "currency": "usd",
    "metadata": {"attempt_id": "a-1"},
    "payment_intent": "pi_1",
    "payment_method_details": {"card": CARD},
    "status": "succeeded",
}
REFUND: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "amount": 4000,
    "created": CREATED,
    "currency": "usd",
    "metadata": {"refund_id": "rf-1"},
    "payment_intent": "pi_1",
    "status": "succeeded",
}


def page_of(outcome: Outcome, **more: Any) -> Result:
    """What a session says of itself."""
    known: dict[str, Any] = {"amount": 12540, "currency": "USD", "redirect_url": "https://checkout.test/cs_1"}
    return replace(Result(outcome=outcome, gateway_ref="pi_1", refs={"session_id": "cs_1"}, **known), **more)


def row(result: Result, **more: Any) -> Finding:
    return replace(Finding(result=result, our_id="a-1", at=AT), **more)


RELEASED = Finding(
    result=Result(outcome="approved", gateway_ref="pi_1", amount=12540, currency="USD"),
    kind="void",
    of="pi_1",
    at=datetime(2025, 11, 18, 22, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        (PAID, [row(page_of("approved"))]),
        (PAID | {"payment_intent": None}, [row(page_of("pending", gateway_ref=None, retry="wait"))]),
        (
            PAID | {"status": "open", "payment_intent": None},
            [row(page_of("requires_action", gateway_ref="cs_1"))],
        ),
        ({}, [row(page_of("requires_action"))]),
        ({"payment_intent": None}, [row(page_of("requires_action", gateway_ref="cs_1"))]),
        ({"payment_intent": None, "id": None}, [row(page_of("requires_action", gateway_ref=None, refs={}))]),
        ({"status": "expired", "payment_intent": None}, [row(page_of("canceled", gateway_ref=None))]),
        ({"status": "complete"}, [row(page_of("pending", retry="wait"))]),
        ({"status": "on_hold"}, [row(page_of("unknown", retry="lookup"))]),
        ({"status": None}, [row(page_of("unknown", retry="lookup"))]),
        (PAID | {"payment_intent": INTENT}, [row(page_of("approved", captured=True, **ON_CARD))]),
        (
            {"status": "complete", "payment_intent": INTENT | BY_HAND | {"status": "requires_capture"}},
            [row(page_of("approved", captured=False, **ON_CARD), kind="hold")],
        ),
        (
            {"status": "complete", "payment_intent": INTENT | BY_HAND | {"status": "canceled"}},
            [row(page_of("approved", captured=False, **ON_CARD), kind="hold"), RELEASED],
        ),
        (
            {"status": "complete", "payment_intent": INTENT | {"status": "canceled"}},
            [row(page_of("canceled", **ON_CARD | {"cvv": None}))],
        ),
        ({"payment_intent": INTENT}, [row(page_of("requires_action", **ON_CARD | {"cvv": None}))]),
        (
            {"status": "complete", "payment_intent": INTENT | {"status": "processing"}},
            [row(page_of("pending", retry="wait", **ON_CARD | {"cvv": None}))],
        ),
        (
            {
                "payment_intent": INTENT
                | {"status": "requires_payment_method"}
                | {"last_payment_error": {"code": "incorrect_cvc", "message": "Wrong."}}
            },
            [row(page_of("requires_action", **ON_CARD | {"cvv": None}))],
        ),
    ],
)
def test_a_session(changes: dict[str, Any], rows: list[Finding]) -> None:
    assert list(operations(SESSION | changes)) == rows


def taken(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {
        "gateway_ref": "pi_1",
        "amount": 12540,
        "currency": "USD",
        "captured": None,
        **ON_CARD,
    }
    return replace(Result(outcome=outcome, **known), **more)


CHECKED = {"outcome": {"type": "manual_review", "seller_message": "Look at it."}}
HELD_FOR_REVIEW = "Stripe holds this payment for review."


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({}, [row(taken("approved", captured=True, amount=12500))]),
        ({"amount_received": 0}, [row(taken("approved", captured=True, amount=None))]),
        ({"amount_received": None}, [row(taken("approved", captured=True, amount=None))]),
        ({"status": "requires_capture"}, [row(taken("approved", captured=False), kind="hold")]),
        ({"status": "requires_capture", **BY_HAND}, [row(taken("approved", captured=False), kind="hold")]),
        (
            BY_HAND,
            [
                row(taken("approved", captured=False), kind="hold"),
                Finding(result=taken("approved", captured=True, amount=12500), kind="capture", of="pi_1"),
            ],
        ),
        (BY_HAND | {"status": "canceled"}, [row(taken("approved", captured=False), kind="hold"), RELEASED]),
        (
            BY_HAND | {"status": "canceled", "latest_charge": None},
            [row(taken("canceled", last4=None, brand=None, avs=None, cvv=None))],
        ),
        ({"status": "canceled"}, [row(taken("canceled"))]),
        ({"status": "processing"}, [row(taken("pending"))]),
        ({"status": "requires_action"}, [row(taken("requires_action"))]),
        ({"status": "requires_confirmation"}, [row(taken("requires_action"))]),
        ({"status": "requires_payment_method"}, [row(taken("requires_action"))]),
        ({"status": "on_hold"}, [row(taken("unknown"))]),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined", "message": "Your card was declined."},
            },
            [row(taken("declined", code="card_declined", message="Your card was declined.", cvv=None))],
        ),
        (
            {"last_payment_error": {"code": "card_declined"}},
            [row(taken("approved", captured=True, amount=12500))],
        ),
        (
            {"latest_charge": INTENT["latest_charge"] | CHECKED},
            [row(taken("approved", captured=True, amount=12500, warning="Look at it."))],
        ),
        (
            {"status": "processing", "latest_charge": INTENT["latest_charge"] | CHECKED},
            [row(taken("pending"))],
        ),
    ],
)
def test_a_payment_intent(changes: dict[str, Any], rows: list[Finding]) -> None:
    assert list(operations(INTENT | changes)) == rows


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, row(taken("approved", captured=True, amount=12500))),
        ({"amount_captured": 0}, row(taken("approved", captured=True))),
        ({"captured": False}, row(taken("approved", captured=False), kind="hold")),
        ({"captured": None}, row(taken("approved", captured=True, amount=12500))),
        ({"status": "pending", "captured": False}, row(taken("pending"), kind="hold")),
        (
            {"status": "failed", "captured": False, "failure_code": "c", "failure_message": "M"},
            row(taken("declined", code="c", message="M"), kind="hold"),
        ),
        ({"status": "odd"}, row(taken("unknown", amount=12500))),
        ({"payment_intent": None}, row(taken("approved", captured=True, amount=12500, gateway_ref="ch_1"))),
        (
            {"review": "prv_1"},
            row(taken("approved", captured=True, amount=12500, warning=HELD_FOR_REVIEW)),
        ),
        (
            {"outcome": {"type": "manual_review"}},
            row(taken("approved", captured=True, amount=12500, warning=HELD_FOR_REVIEW)),
        ),
        (CHECKED, row(taken("approved", captured=True, amount=12500, warning="Look at it."))),
        ({"outcome": {"type": "authorized"}}, row(taken("approved", captured=True, amount=12500))),
        (CHECKED | {"status": "pending"}, row(taken("pending", amount=12500))),
    ],
)
def test_a_charge(changes: dict[str, Any], means: Finding) -> None:
    assert list(operations(CHARGE | changes)) == [means]


def given_back(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {
        "gateway_ref": "re_1",
        "amount": 4000,
        "currency": "USD",
        "refs": {"charge": "pi_1"},
    }
    return replace(Result(outcome=outcome, **known), **more)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, given_back("approved")),
        ({"status": "pending"}, given_back("pending")),
        ({"status": "requires_action"}, given_back("pending")),
        ({"status": "failed", "failure_reason": "lost_card"}, given_back("declined", code="lost_card")),
        ({"status": "canceled"}, given_back("declined")),
        ({"status": "odd"}, given_back("unknown")),
        ({"payment_intent": None}, given_back("approved", refs={})),
        ({"currency": None}, given_back("approved", currency=None)),
    ],
)
def test_a_refund(changes: dict[str, Any], means: Result) -> None:
    told = row(means, kind="refund", our_id="rf-1", of=(REFUND | changes)["payment_intent"])
    assert list(operations(REFUND | changes)) == [told]


CASE: dict[str, Any] = {
    "id": "du_1",
    "object": "dispute",
    "amount": 3000,
    "charge": "ch_1",
    "created": CREATED,
    "currency": "usd",
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "status": "needs_response",
}


def moved(*sums: int | None, fee: int | None = None) -> dict[str, Any]:
    return {"balance_transactions": [{"amount": each, "fee": fee} for each in sums]}


@pytest.mark.parametrize(
    ("changes", "event", "stage", "withdrawn", "fee"),
    [
        ({}, "", "opened", None, None),
        ({"status": "prevented"}, "", "won", 0, None),
        ({"status": "warning_closed"}, "", "won", 0, None),
        ({"status": "won"}, "", "won", 0, None),
        ({"status": "lost"}, "", "lost", 3000, None),
        ({"status": "lost"} | moved(-3000, 1000), "", "lost", 2000, None),
        (moved(-3000), "", "withdrawn", 3000, None),
        (moved(-3000, 3000, fee=1500), "", "reinstated", 0, 3000),
        (moved(-3000, None), "", "opened", None, None),
        (moved(-3000, None), "charge.dispute.funds_withdrawn", "withdrawn", 3000, None),
        (moved(-2000), "charge.dispute.funds_withdrawn", "withdrawn", 2000, None),
        ({"status": None}, "charge.dispute.funds_reinstated", "reinstated", 0, None),
        ({}, "charge.dispute.updated", "opened", None, None),
    ],
)
def test_a_dispute(
    changes: dict[str, Any], event: str, stage: Any, withdrawn: int | None, fee: int | None
) -> None:
    about = Dispute(
        reference="du_1",
        stage=stage,
        amount=3000,
        withdrawn=withdrawn,
        fee=fee,
        currency="USD",
        reason="fraudulent",
    )
    said = Result(outcome="approved", gateway_ref="du_1", amount=3000)
    means = Finding(result=said, kind="dispute", of="pi_1", at=AT, dispute=about)
    assert dispute(CASE | changes, event=event) == means
    if not event:
        assert list(operations(CASE | changes)) == [means]


def test_a_dispute_of_which_little_is_said() -> None:
    assert dispute(CASE | {"payment_intent": None}).of == "ch_1"
    bare = dispute({})
    assert (bare.result.outcome, bare.result.gateway_ref, bare.of, bare.at) == ("unknown", None, None, None)
    assert bare.dispute == Dispute(reference=None, stage="opened")


@pytest.mark.parametrize(
    ("check", "means"),
    [("pass", "match"), ("fail", "no_match"), ("unavailable", "unavailable"), ("", None), (None, None)],
)
def test_the_check_of_a_code(check: str | None, means: str | None) -> None:
    assert cvv(check) == means


@pytest.mark.parametrize(
    ("line", "code", "means"),
    [
        ("pass", "pass", "match"),
        ("fail", None, "no_match"),
        (None, "fail", "no_match"),
        ("unchecked", None, "unavailable"),
        (None, "unchecked", "unavailable"),
        (None, None, None),
    ],
)
def test_the_check_of_an_address(line: str | None, code: str | None, means: str | None) -> None:
    assert avs({"address_line1_check": line, "address_postal_code_check": code}) == means


def test_what_is_none_of_stripes_objects() -> None:
    assert list(operations({"object": "payout"})) == [None]
    assert finding({"object": "payout"}) == Finding(result=UNKNOWN)
    assert findings({"object": "payout"}) == Findings(complete=False)
    assert finding(REFUND).our_id == "rf-1"
    assert findings(INTENT | BY_HAND).complete
    assert [each.kind for each in findings(INTENT | BY_HAND).rows] == ["hold", "capture"]


def test_a_page_of_a_list() -> None:
    two = [{"id": "re_1", "object": "refund"}, {"id": "re_2", "object": "refund"}]
    rows, after = page({"data": two, "has_more": True})
    assert ([each and each.result.gateway_ref for each in rows], after) == (["re_1", "re_2"], "re_2")
    assert page({"data": two, "has_more": False})[1] is None
    assert page({"data": two, "has_more": "yes"})[1] is None
    assert page({"data": [], "has_more": True}) == ([], None)
    assert page({"data": "none"}) == ([None], None)
    assert page({"data": [1]}, lambda each: [row(Result(outcome="pending", code=str(each)))])[0] == [
        row(Result(outcome="pending", code="1"))
    ]
    assert expiry({"expires_at": CREATED}) == AT
    assert expiry({}) is None


def mac(body: bytes, time: str, secret: SecretStr = SECRET) -> str:
    key = secret.get_secret_value().encode()
    return hmac.new(key, time.encode() + b"." + body, hashlib.sha256).hexdigest()


NOW = str(CREATED)
GOOD = mac(b"{}", NOW)
PAD = "v0=" + "0" * (2000 - len(f"t={NOW},v0=,v1={GOOD}"))
FAR = datetime(5200, 1, 1, tzinfo=UTC)
THEN = str(int(FAR.timestamp()))


@pytest.mark.parametrize(
    ("header", "good"),
    [
        (f"t={NOW},v1={GOOD}", True),
        (f"v1={GOOD}, t={NOW}", True),
        (f"t=1=2,t={NOW},v1={GOOD}", False),
        (f"t={NOW}, v1=no,v1 ={GOOD}", True),
        (f"t={NOW},v1=no,v0={GOOD}", False),
        (f"t={NOW},v1={'é' + GOOD[1:]}", False),
        (f"t={NOW},v1={GOOD[:-1]}", False),
        (f"t={NOW}", False),
        (f"v1={GOOD}", False),
        (f"t=,v1={GOOD}", False),
        (f"t=-{NOW},v1={GOOD}", False),
        (f"t=²,v1={GOOD}", False),
        (f"t=x,v1={GOOD}", False),
        (f"t={'9' * 400},v1={GOOD}", False),
        (f"t={NOW},{PAD},v1={GOOD}", True),
        (f"t={NOW},{PAD}0,v1={GOOD}", False),
        (f"t={CREATED - 300},v1={mac(b'{}', str(CREATED - 300))}", True),
        (f"t={CREATED + 300},v1={mac(b'{}', str(CREATED + 300))}", True),
        (f"t={CREATED - 301},v1={mac(b'{}', str(CREATED - 301))}", False),
        (f"t={CREATED + 301},v1={mac(b'{}', str(CREATED + 301))}", False),
        ("", False),
    ],
)
def test_a_signature(header: str, good: bool) -> None:
    assert signed(b"{}", header, SECRET, AT) is good


def test_a_signature_without_a_secret_or_far_off() -> None:
    nothing = SecretStr("")
    assert not signed(b"{}", f"t={NOW},v1={mac(b'{}', NOW, nothing)}", nothing, AT)
    assert len(THEN) == 12
    assert signed(b"{}", f"t={THEN},v1={mac(b'{}', THEN)}", SECRET, FAR)


def heard(event: object, header: str = "Stripe-Signature") -> Webhook:
    body = json.dumps(event).encode()
    return webhook(body, {"Host": "x", header: f"t={NOW},v1={mac(body, NOW)}"}, SECRET, AT)


def event(kind: str, about: object) -> dict[str, Any]:
    return {"id": "evt_1", "type": kind, "data": {"object": about}}


def told(of: str, result: Result, **more: Any) -> Webhook:
    return Webhook(result=result, external_id="evt_1", type=of, **more)


TOLD_OF_CHARGE = {"charge_ref": "pi_1", "our_id": "a-1", "order_ref": "cs_1"}


@pytest.mark.parametrize(
    ("kind", "about", "means"),
    [
        ("customer.created", {"object": "refund"}, {"result": Result(outcome="ignored")}),
        ("refund.created", {"object": "payout"}, {"result": Result(outcome="ignored")}),
        (
            "checkout.session.completed",
            SESSION | PAID,
            {"result": page_of("approved"), **TOLD_OF_CHARGE},
        ),
        (
            "checkout.session.async_payment_failed",
            SESSION | {"status": "complete"},
            {"result": page_of("declined"), **TOLD_OF_CHARGE},
        ),
        (
            "checkout.session.completed",
            SESSION | {"status": "complete", "payment_intent": INTENT | {"status": "requires_capture"}},
            {
                "result": page_of("approved", captured=False, **ON_CARD),
                "kind": "hold",
                **TOLD_OF_CHARGE,
                "charge_ref": None,
            },
        ),
        (
            "charge.refunded",
            {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 4000, "currency": "usd"},
            {
                "result": Result(outcome="approved", currency="USD"),
                "kind": "refund",
                "charge_ref": "pi_1",
                "refunded_total": 4000,
            },
        ),
        (
            "charge.refunded",
            {"id": "ch_1", "amount_refunded": 4000, "currency": "usd"},
            {
                "result": Result(outcome="approved", currency="USD"),
                "kind": "refund",
                "charge_ref": "ch_1",
                "refunded_total": 4000,
            },
        ),
        *(
            (
                kind,
                REFUND,
                {"result": given_back("approved"), "kind": "refund", "our_id": "rf-1", "charge_ref": "pi_1"},
            )
            for kind in ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
        ),
        (
            "charge.dispute.funds_withdrawn",
            CASE,
            {
                "result": Result(outcome="approved", gateway_ref="du_1", amount=3000),
                "kind": "dispute",
                "charge_ref": "pi_1",
                "dispute": Dispute(
                    reference="du_1",
                    stage="withdrawn",
                    amount=3000,
                    withdrawn=3000,
                    currency="USD",
                    reason="fraudulent",
                ),
            },
        ),
    ],
)
def test_an_event(kind: str, about: object, means: dict[str, Any]) -> None:
    assert heard(event(kind, about)) == told(kind, **means)
    assert heard(event(kind, about), "stripe-signature") == told(kind, **means)


def test_what_proves_nothing() -> None:
    rejected = Webhook(result=Result(outcome="rejected"))
    assert heard([]) == rejected
    assert heard(event("refund.created", REFUND), "Signature") == rejected
    assert webhook(b"{}", {"Stripe-Signature": f"t={NOW},v1=no"}, SECRET, AT) == rejected
    assert webhook(b"{}", {}, SECRET, AT) == rejected
    assert heard({"id": "evt_1"}) == told("", Result(outcome="ignored"))
