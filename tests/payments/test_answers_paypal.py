"""What is read out of PayPal's answers, events and report, field by field."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from gateways import answering, gateway
from payments.gateways.base import Outcome, Result
from payments.gateways.found import Dispute, Finding, Findings, Webhook
from payments.gateways.paypal_answers import (
    amount_of,
    capture,
    capture_findings,
    captured,
    good,
    order,
    order_findings,
    refund,
    refunded,
)
from payments.gateways.paypal_report import report
from payments.gateways.paypal_webhooks import verification, verified, webhook
from payments.gateways.transport import Answer

UNREADABLE = Result(outcome="unknown", kind="unreadable", retry="lookup")
UNKNOWN = Result(outcome="unknown", kind="unreadable", retry="same_key")
AT = datetime(2025, 11, 18, 22, 0, tzinfo=UTC)
TIME = "2025-11-18T22:00:00Z"
USD = {"currency_code": "USD", "value": "125.40"}
PART = {"currency_code": "USD", "value": "40.00"}
MONEY: dict[str, Any] = {"amount": 12540, "currency": "USD"}


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status=status, headers={}, body=json.dumps(body).encode())


def no(**more: Any) -> Result:
    return replace(Result(outcome="error", retry="after_fix"), **more)


def issue(code: str, text: str | None = None) -> dict[str, Any]:
    return {"name": "UNPROCESSABLE_ENTITY", "message": "M", "details": [{"issue": code, "description": text}]}


def linked(rel: str, href: str) -> dict[str, Any]:
    return {"links": [{"rel": "self", "href": "https://self.test"}, {"rel": rel, "href": href}]}


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (200, [], UNKNOWN),
        (500, "no", UNKNOWN),
        (199, {"name": "N"}, no(outcome="unknown", code="N", retry="same_key")),
        (300, {"name": "N"}, no(outcome="unknown", code="N", retry="same_key")),
        (399, {"name": "N"}, no(outcome="unknown", code="N", retry="same_key")),
        (500, {"name": "N", "message": "M"}, no(outcome="unknown", code="N", message="M", retry="same_key")),
        (499, {"name": "N", "debug_id": "d1"}, no(code="N", refs={"debug_id": "d1"})),
        (400, {"name": "INVALID_REQUEST"}, no(code="INVALID_REQUEST")),
        (400, issue("BAD", "Text."), no(code="BAD", message="Text.")),
        (400, issue("BAD"), no(code="BAD", message="M")),
        (400, {"details": [{}], "name": "N"}, no(code="N")),
        (400, {"error": "e", "error_description": "D"}, no(code="e", message="D")),
        (400, linked("redirect", "https://r.test"), no(redirect_url="https://r.test")),
        (400, linked("payer-action", "https://p.test"), no(redirect_url="https://p.test")),
        (400, linked("approve", "https://p.test"), no()),
        (
            401,
            {"error": "invalid_client"},
            no(kind="configuration", code="invalid_client", retry="same_key"),
        ),
        (401, {"error": "invalid_token"}, no(kind="token_expired", code="invalid_token", retry="same_key")),
        (403, {"name": "NOT_AUTHORIZED"}, no(kind="configuration", code="NOT_AUTHORIZED")),
        (404, {"name": "RESOURCE_NOT_FOUND"}, no(code="RESOURCE_NOT_FOUND")),
        (409, {"name": "N"}, no(outcome="pending", code="N", retry="same_key")),
        (429, {"name": "N"}, no(kind="busy", code="N", retry="same_key")),
        (422, {"name": "N"}, no(code="N")),
        (422, {}, no()),
        (400, issue("TRANSACTION_REFUSED"), no(code="TRANSACTION_REFUSED", message="M")),
    ],
)
def test_what_a_refusal_means(status: int, body: object, means: Result) -> None:
    assert order(answer(body, status)) == means
    assert refund(answer(body, status)) == means
    taken = captured(answer(body, status), "5EX")
    assert taken == replace(means, refs={**means.refs, "order_id": "5EX"})
    asked = Result(
        outcome="unknown",
        kind=means.kind or "refused",
        code=means.code,
        message=means.message,
        retry="lookup",
    )
    assert order_findings(answer(body, status)) == capture_findings(answer(body, status)) == asked
    assert report(answer(body, status)) == (means, 0)


@pytest.mark.parametrize(
    ("code", "outcome", "retry"),
    [
        ("INSTRUMENT_DECLINED", "declined", "redirect_payer"),
        ("TRANSACTION_REFUSED", "declined", "no"),
        ("COMPLIANCE_VIOLATION", "declined", "no"),
        ("PAYER_CANNOT_PAY", "declined", "no"),
        ("PAYEE_BLOCKED_TRANSACTION", "declined", "no"),
        ("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "declined", "no"),
        ("PAYER_ACCOUNT_RESTRICTED", "declined", "no"),
        ("PAYER_ACCOUNT_LOCKED_OR_CLOSED", "declined", "no"),
        ("CARD_EXPIRED", "declined", "no"),
        ("CAPTURE_FULLY_REFUNDED", "declined", "no"),
        ("REFUND_AMOUNT_EXCEEDED", "declined", "no"),
        ("REFUND_TIME_LIMIT_EXCEEDED", "declined", "no"),
        ("PENDING_CAPTURE", "declined", "no"),
        ("REFUND_FAILED_INSUFFICIENT_FUNDS", "declined", "no"),
        ("TRANSACTION_DISPUTED", "declined", "no"),
        ("MAX_NUMBER_OF_REFUNDS_EXCEEDED", "declined", "no"),
        ("PARTIAL_REFUND_NOT_ALLOWED", "declined", "no"),
        ("REFUND_NOT_ALLOWED", "declined", "no"),
        ("ORDER_NOT_APPROVED", "requires_action", "redirect_payer"),
        ("PAYER_ACTION_REQUIRED", "requires_action", "redirect_payer"),
        ("ORDER_ALREADY_CAPTURED", "unknown", "lookup"),
        ("ORDER_COMPLETION_IN_PROGRESS", "pending", "wait"),
        ("DUPLICATE_INVOICE_ID", "duplicate", "lookup"),
        ("NEVER_HEARD_OF", "error", "after_fix"),
    ],
)
def test_what_an_issue_means(code: str, outcome: Outcome, retry: Any) -> None:
    told = Result(outcome=outcome, code=code, message="D", retry=retry)
    assert refund(answer(issue(code, "D"), 422)) == told


@pytest.mark.parametrize(
    ("status", "is_good"), [(200, True), (201, True), (299, True), (300, False), (199, False)]
)
def test_a_success(status: int, is_good: bool) -> None:
    assert good(answer({"id": "x"}, status)) == ({"id": "x"} if is_good else None)
    assert good(answer([], status)) is None


PAY_HERE: dict[str, Any] = {"redirect_url": "https://pay.test"}
UNIT = {"custom_id": "a-1", "amount": USD}


@pytest.mark.parametrize(
    ("body", "means"),
    [
        (
            {"status": "CREATED", **linked("payer-action", "https://pay.test")},
            Result(outcome="requires_action", gateway_ref="5EX", **PAY_HERE),
        ),
        ({"status": "SAVED"}, Result(outcome="requires_action", gateway_ref="5EX")),
        (
            {"status": "PAYER_ACTION_REQUIRED", **linked("approve", "https://pay.test")},
            Result(outcome="requires_action", gateway_ref="5EX", **PAY_HERE),
        ),
        (
            {"status": "APPROVED"},
            Result(outcome="requires_action", gateway_ref="5EX", refs={"approved": "true"}),
        ),
        ({"status": "VOIDED"}, Result(outcome="canceled", gateway_ref="5EX")),
        ({"status": "ODD"}, Result(outcome="unknown", gateway_ref="5EX", retry="lookup")),
    ],
)
def test_an_order_that_nobody_paid(body: dict[str, Any], means: Result) -> None:
    body = {"id": "5EX", **body}
    assert order(answer(body)) == means
    found = order_findings(answer(body | {"purchase_units": [UNIT]}))
    told = replace(means, **MONEY)
    assert found == Findings(rows=(Finding(result=told, our_id="a-1"),))
    bare = order_findings(answer(body))
    assert bare == Findings(rows=(Finding(result=means),))


def test_an_order_without_an_id_or_without_its_capture() -> None:
    assert order(answer({"status": "CREATED"})) == Result(outcome="unknown", retry="lookup")
    nameless = order_findings(answer({"status": "CREATED"}))
    assert nameless == Findings(
        rows=(Finding(result=Result(outcome="unknown", retry="lookup")),), complete=False
    )
    assert order_findings(answer({"id": "5EX", "status": "COMPLETED"})) == UNKNOWN


CAPTURE: dict[str, Any] = {
    "id": "7CX",
    "status": "COMPLETED",
    "custom_id": "a-1",
    "create_time": TIME,
    "amount": USD,
    "processor_response": {"avs_code": "Y", "cvv_code": "M"},
}


def taken(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {"gateway_ref": "7CX", "avs": "match", "cvv": "match", **MONEY}
    known["captured"] = True if outcome == "approved" else None
    return replace(Result(outcome=outcome, **known), **more)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, taken("approved")),
        ({"status": "PARTIALLY_REFUNDED"}, taken("approved", refs={"given_back": "partly"})),
        ({"status": "REFUNDED"}, taken("approved", refs={"given_back": "wholly"})),
        ({"status": "DECLINED"}, taken("declined")),
        ({"status": "FAILED"}, taken("declined")),
        (
            {"status": "PENDING", "status_details": {"reason": "ECHECK"}},
            taken("pending", message="ECHECK"),
        ),
        ({"status": "ODD"}, taken("unknown", retry="lookup")),
        ({"status": None}, taken("unknown", retry="lookup")),
        ({"processor_response": {"avs_code": "N"}}, taken("approved", avs="no_match", cvv=None)),
        ({"amount": {"currency_code": "JPY", "value": "125"}}, taken("approved", amount=125, currency="JPY")),
    ],
)
def test_a_capture(changes: dict[str, Any], means: Result) -> None:
    told = Finding(result=means, our_id="a-1", at=AT)
    assert capture(CAPTURE | changes) == told
    assert capture_findings(answer(CAPTURE | changes)) == Findings(rows=(told,))
    body: dict[str, Any] = {"id": "5EX", "status": "COMPLETED"}
    body["purchase_units"] = [{**UNIT, "payments": {"captures": [CAPTURE | changes]}}]
    assert order_findings(answer(body)) == Findings(rows=(told,))
    refs = {**means.refs, "order_id": "5EX", "our_id": "a-1"}
    assert captured(answer(body), "5EX") == replace(means, refs=refs)


def with_captures(*changes: dict[str, Any]) -> Answer:
    rows = [CAPTURE | change for change in changes]
    return answer({"id": "5EX", "purchase_units": [{"payments": {"captures": rows}}]})


def test_which_capture_of_an_order_counts() -> None:
    declined = {"id": "7CD", "status": "DECLINED"}
    assert captured(with_captures(declined, {}), "5EX").gateway_ref == "7CX"
    assert captured(with_captures(declined), "5EX").gateway_ref == "7CD"
    nobody_knows = Result(outcome="unknown", retry="lookup", refs={"order_id": "5EX"})
    assert captured(with_captures({}, {"id": "7C2"}), "5EX") == nobody_knows
    assert captured(with_captures(declined, declined), "5EX") == nobody_knows
    assert captured(with_captures(), "5EX") == nobody_knows
    assert captured(with_captures({"custom_id": None}), "5EX").refs == {"order_id": "5EX"}
    assert amount_of({"value": "125.40"}) == {"amount": 12540, "currency": None}


UP = linked("up", "https://api-m.paypal.com/v2/payments/captures/7CX")
REFUND: dict[str, Any] = {
    "id": "1RX",
    "status": "COMPLETED",
    "custom_id": "rf-1",
    "create_time": TIME,
    "amount": PART,
    **UP,
}


def given_back(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {
        "gateway_ref": "1RX",
        "amount": 4000,
        "currency": "USD",
        "refs": {"charge": "7CX"},
    }
    return replace(Result(outcome=outcome, **known), **more)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, given_back("approved")),
        (
            {"status": "PENDING", "status_details": {"reason": "ECHECK"}},
            given_back("pending", message="ECHECK"),
        ),
        ({"status": "FAILED"}, given_back("declined")),
        ({"status": "CANCELLED"}, given_back("declined")),
        ({"status": "ODD"}, given_back("unknown", retry="same_key")),
        ({"links": []}, given_back("approved", refs={})),
    ],
)
def test_a_refund(changes: dict[str, Any], means: Result) -> None:
    told = Finding(result=means, kind="refund", our_id="rf-1", of=means.refs.get("charge"), at=AT)
    assert refunded(REFUND | changes) == told
    assert refund(answer(REFUND | changes)) == means
    payments = {"captures": [CAPTURE], "refunds": [REFUND | changes]}
    found = order_findings(answer({"id": "5EX", "purchase_units": [{"payments": payments}]}))
    assert found == Findings(rows=(Finding(result=taken("approved"), our_id="a-1", at=AT), told))


API = urlsplit("https://api-m.sandbox.paypal.com")
SENT = {
    "PAYPAL-AUTH-ALGO": "SHA256withRSA",
    "Paypal-Cert-Url": "https://api.paypal.com/v1/certs/1",
    "paypal-transmission-id": "t-1",
    "paypal-transmission-sig": "sig==",
    "paypal-transmission-time": TIME,
}


def test_what_paypal_is_asked_of_an_event() -> None:
    asked = verification(b' {"id": "WH-1", "n": 1.0}\n', SENT, "WID", API)
    assert asked is not None
    assert asked.endswith(b'"webhook_id": "WID", "webhook_event": {"id": "WH-1", "n": 1.0}}')
    assert json.loads(asked) == {
        "auth_algo": "SHA256withRSA",
        "cert_url": "https://api.paypal.com/v1/certs/1",
        "transmission_id": "t-1",
        "transmission_sig": "sig==",
        "transmission_time": TIME,
        "webhook_id": "WID",
        "webhook_event": {"id": "WH-1", "n": 1.0},
    }


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, True),
        ({"PAYPAL-AUTH-ALGO": ""}, False),
        ({"paypal-transmission-sig": "s" * 4000}, True),
        ({"paypal-transmission-sig": "s" * 4001}, False),
        ({"Paypal-Cert-Url": "http://api.paypal.com/v1/certs/1"}, False),
        ({"Paypal-Cert-Url": "https://api.paypal.com.test/1"}, False),
        ({"Paypal-Cert-Url": "https://evilpaypal.com/1"}, False),
        ({"Paypal-Cert-Url": "https://me@api.paypal.com/1"}, False),
        ({"Paypal-Cert-Url": "https://[api.paypal.com/1"}, False),
        ({"Paypal-Cert-Url": "https:///certs/1"}, False),
        ({"Paypal-Cert-Url": "https://api-m.sandbox.paypal.com/certs/1"}, True),
    ],
)
def test_whether_an_event_can_be_paypals(changes: dict[str, str], asks: bool) -> None:
    assert (verification(b"{}", SENT | changes, "WID", API) is not None) is asks


def test_events_that_are_not_asked_about() -> None:
    assert verification(b"{}", SENT, "", API) is None
    assert verification(b"[]", SENT, "WID", API) is None
    assert verification(b"{", SENT, "WID", API) is None
    for name in SENT:
        kept = {other: value for other, value in SENT.items() if other != name}
        assert verification(b"{}", kept, "WID", API) is None
    local = SENT | {"Paypal-Cert-Url": "http://127.0.0.1:99/certs/1"}
    assert verification(b"{}", local, "WID", urlsplit("http://127.0.0.1:99")) is not None
    assert verification(b"{}", local, "WID", urlsplit("https://127.0.0.1:99")) is None
    assert verification(b"{}", local, "WID", urlsplit("http://127.0.0.1:98")) is None


def test_whether_an_event_is_paypals() -> None:
    assert verified(answer({"verification_status": "SUCCESS"})) == Result(outcome="approved")
    assert verified(answer({"verification_status": "FAILURE"})) == Result(outcome="rejected")
    assert verified(answer({"verification_status": "SUCCESS"}, 500)) == UNREADABLE
    assert verified(answer({})) == UNREADABLE


async def test_an_event_that_is_not_paypals_proves_nothing() -> None:
    rejected = Webhook(result=Result(outcome="rejected"))
    adapter = gateway("paypal", answering(200, b'{"verification_status": "FAILURE"}'))
    assert await adapter.parse_webhook(b"{}", SENT, AT) == rejected
    assert await adapter.parse_webhook(b"{}", {}, AT) == rejected


def event(kind: str, about: object) -> dict[str, Any]:
    return {"id": "WH-1", "event_type": kind, "resource": about}


OF_ORDER = {"supplementary_data": {"related_ids": {"order_id": "5EX"}}}
OF_CAPTURE: dict[str, Any] = {"our_id": "a-1", "order_ref": "5EX", "charge_ref": "7CX"}
TOTAL = {"seller_payable_breakdown": {"total_refunded_amount": USD}}


@pytest.mark.parametrize(
    ("kind", "about", "means"),
    [
        ("BILLING.PLAN.CREATED", CAPTURE, {"result": Result(outcome="ignored")}),
        (
            "BILLING.PLAN.CREATED",
            {"dispute_id": "1", "disputed_transactions": [{"seller_transaction_id": "7CX"}]},
            {"result": Result(outcome="ignored")},
        ),
        (
            "CHECKOUT.ORDER.APPROVED",
            {"id": "5EX", "status": "APPROVED", "purchase_units": [UNIT]},
            {
                "result": Result(outcome="requires_action", gateway_ref="5EX", refs={"approved": "true"}),
                "our_id": "a-1",
                "order_ref": "5EX",
            },
        ),
        (
            "CHECKOUT.ORDER.APPROVED",
            {"id": "5EX", "status": "APPROVED", "purchase_units": []},
            {
                "result": Result(outcome="requires_action", gateway_ref="5EX", refs={"approved": "true"}),
                "order_ref": "5EX",
            },
        ),
        ("PAYMENT.CAPTURE.COMPLETED", CAPTURE | OF_ORDER, {"result": taken("approved"), **OF_CAPTURE}),
        (
            "PAYMENT.CAPTURE.PENDING",
            CAPTURE | OF_ORDER | {"status": "PENDING"},
            {"result": taken("pending"), **OF_CAPTURE},
        ),
        (
            "PAYMENT.CAPTURE.DENIED",
            CAPTURE | OF_ORDER | {"status": "DECLINED"},
            {"result": taken("declined"), **OF_CAPTURE},
        ),
        (
            "PAYMENT.CAPTURE.REFUNDED",
            REFUND | TOTAL,
            {
                "result": given_back("approved"),
                "kind": "refund",
                "our_id": "rf-1",
                "charge_ref": "7CX",
                "refunded_total": 12540,
            },
        ),
        (
            "PAYMENT.CAPTURE.REVERSED",
            {"id": "9RV", "custom_id": "a-1", "amount": PART, **UP},
            {
                "result": Result(outcome="approved", gateway_ref="9RV", amount=4000, currency="USD"),
                "kind": "dispute",
                "our_id": "a-1",
                "charge_ref": "7CX",
                "dispute": Dispute(
                    reference=None, stage="withdrawn", amount=4000, withdrawn=4000, currency="USD"
                ),
            },
        ),
    ],
)
def test_an_event(kind: str, about: object, means: dict[str, Any]) -> None:
    assert webhook(event(kind, about)) == replace(
        Webhook(result=means["result"], external_id="WH-1", type=kind), **means
    )


def test_an_event_of_no_kind() -> None:
    assert webhook({}) == Webhook(result=Result(outcome="ignored"), type="")
    none = webhook(event("CHECKOUT.ORDER.APPROVED", {"id": "5EX", "purchase_units": "x"}))
    assert (none.our_id, none.order_ref, none.result.outcome) == (None, "5EX", "unknown")
    bare = webhook(event("PAYMENT.CAPTURE.REVERSED", {"id": "9RV", "amount": PART}))
    assert bare.charge_ref == "9RV"


CASE: dict[str, Any] = {
    "dispute_id": "PP-D-1",
    "disputed_transactions": [{"seller_transaction_id": "7CX", "custom": "a-1"}],
    "dispute_amount": PART,
    "reason": "UNAUTHORISED",
    "status": "OPEN",
}


def movement(value: str, kind: str = "DEBIT", reason: str | None = None, party: str = "SELLER") -> Any:
    return {"affected_party": party, "type": kind, "reason": reason, "amount": PART | {"value": value}}


def over(code: str, *movements: Any, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"status": "RESOLVED", "dispute_outcome": {"outcome_code": code, **more}}
    return about | ({"money_movements": list(movements)} if movements else {})


@pytest.mark.parametrize(
    ("changes", "stage", "withdrawn", "fee"),
    [
        ({}, "opened", None, None),
        (over("RESOLVED_SELLER_FAVOUR"), "won", 0, None),
        (over("RESOLVED_SELLER_FAVOR"), "won", 0, None),
        (over("CANCELED_BY_BUYER"), "won", 0, None),
        (over("DENIED"), "won", 0, None),
        (over("RESOLVED_WITH_PAYOUT"), "won", 0, None),
        (over("RESOLVED_BUYER_FAVOUR"), "lost", 4000, None),
        (over("RESOLVED_BUYER_FAVOR"), "lost", 4000, None),
        (over("ACCEPTED"), "lost", 4000, None),
        (over("ACCEPTED", amount_refunded=USD | {"value": "10.00"}), "lost", 1000, None),
        (over("ACCEPTED", amount_refunded=USD | {"value": "0.00"}), "lost", 0, None),
        (over("NONE", amount_refunded=USD | {"value": "10.00"}), "opened", None, None),
        (over("DENIED") | {"status": "OPEN"}, "opened", None, None),
        (over("ACCEPTED", movement("39.00")), "lost", 3900, None),
        (over("DENIED", movement("39.00"), movement("39.00", "CREDIT")), "won", 0, None),
        ({"money_movements": [movement("40.00")]}, "withdrawn", 4000, None),
        ({"money_movements": [movement("40.00"), movement("-1.00", "CREDIT")]}, "withdrawn", 3900, None),
        ({"money_movements": [movement("-40.00")]}, "withdrawn", 4000, None),
        ({"money_movements": [movement("40.00"), movement("40.00", "CREDIT")]}, "reinstated", 0, None),
        ({"money_movements": [movement("20.00", reason="DISPUTE_FEE")]}, "opened", None, 2000),
        (
            {
                "money_movements": [
                    movement("9.00", party="BUYER"),
                    movement("x"),
                    movement("20.00", reason="DISPUTE_FEE"),
                    movement("5.00", "CREDIT", "DISPUTE_FEE"),
                    movement("40.00"),
                ]
            },
            "withdrawn",
            4000,
            1500,
        ),
    ],
)
def test_a_dispute(changes: dict[str, Any], stage: Any, withdrawn: int | None, fee: int | None) -> None:
    about = Dispute(
        reference="PP-D-1",
        stage=stage,
        amount=4000,
        withdrawn=withdrawn,
        fee=fee,
        currency="USD",
        reason="UNAUTHORISED",
    )
    said = Result(outcome="approved", gateway_ref="PP-D-1", amount=4000, currency="USD")
    assert webhook(event("CUSTOMER.DISPUTE.UPDATED", CASE | changes)) == Webhook(
        result=said,
        kind="dispute",
        external_id="WH-1",
        type="CUSTOMER.DISPUTE.UPDATED",
        our_id="a-1",
        charge_ref="7CX",
        dispute=about,
    )


def test_a_dispute_of_which_little_is_said() -> None:
    for none in ([], None, [{}], "x"):
        ignored = webhook(event("CUSTOMER.DISPUTE.CREATED", CASE | {"disputed_transactions": none}))
        assert (ignored.result.outcome, ignored.dispute) == ("ignored", None)
    nameless = webhook(event("CUSTOMER.DISPUTE.CREATED", CASE | {"dispute_id": None}))
    assert (nameless.result.outcome, nameless.result.gateway_ref) == ("unknown", None)


def reported(code: str | None, status: str | None = "S", value: str | None = "-30.00") -> Any:
    return {
        "transaction_info": {
            "transaction_id": "7CX",
            "paypal_reference_id": "7C0",
            "transaction_event_code": code,
            "transaction_initiation_date": TIME,
            "transaction_amount": {"currency_code": "USD", "value": value},
            "transaction_status": status,
            "custom_field": "a-1",
        }
    }


def in_report(**more: Any) -> Result:
    return replace(Result(outcome="approved", gateway_ref="7CX", amount=3000, currency="USD"), **more)


def of_case(stage: Any, withdrawn: int | None, amount: int | None = 3000) -> Dispute:
    return Dispute(reference="7CX", stage=stage, amount=amount, withdrawn=withdrawn, currency="USD")


@pytest.mark.parametrize(
    ("told", "means"),
    [
        (reported("T0006"), Finding(result=in_report(captured=True))),
        (reported("T0000", "P"), Finding(result=in_report(outcome="pending"))),
        (reported("T0006", "D"), Finding(result=in_report(outcome="declined"))),
        (reported("T0006", "X"), Finding(result=in_report(outcome="unknown"))),
        (
            reported("T0006", "V"),
            Finding(result=in_report(captured=True, refs={"given_back": "wholly"})),
        ),
        (reported("T0006", value=None), Finding(result=in_report(captured=True, amount=None))),
        (reported("T1107"), Finding(result=in_report(), kind="refund", of="7C0")),
        (reported("T1107", "V"), Finding(result=in_report(), kind="refund", of="7C0")),
        *(
            (
                reported(code),
                Finding(result=in_report(), kind="dispute", of="7C0", dispute=of_case(stage, withdrawn)),
            )
            for code, stage, withdrawn in (
                ("T1106", "withdrawn", 3000),
                ("T1201", "withdrawn", 3000),
                ("T1108", "reinstated", 0),
                ("T1202", "reinstated", 0),
                ("T1110", "reinstated", 0),
            )
        ),
    ],
)
def test_a_row_of_the_report(told: dict[str, Any], means: Finding) -> None:
    means = replace(means, our_id="a-1", at=AT)
    assert report(answer({"transaction_details": [told], "total_pages": 3})) == ([means], 3)


def test_what_a_report_leaves_out_and_what_it_does_not_understand() -> None:
    assert report(answer({"transaction_details": [reported("T0400"), reported("T1105")]})) == ([], 0)
    assert report(answer({"transaction_details": [reported(None), {}]})) == ([None, None], 0)
    assert report(answer({"transaction_details": "none", "total_pages": 2})) == (UNREADABLE, 0)
