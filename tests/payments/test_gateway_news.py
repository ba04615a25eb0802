"""What gateways tell by themselves, and in the list of a day: refunds and disputes as operations, by their
own amounts, on their own day."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from gateways import ACCOUNTS, answering, gateway
from payments.gateways.found import Dispute, Finding, Findings, Stage, Webhook
from payments.gateways.paypal_checks import avs, cvv
from payments.gateways.paypal_webhooks import webhook as paypal_heard
from payments.gateways.stripe_disputes import dispute
from payments.gateways.stripe_objects import charge as stripe_charge

NOW = datetime(2025, 11, 18, 22, 0, tzinfo=UTC)
DAY = (datetime(2025, 11, 18, tzinfo=UTC), datetime(2025, 11, 19, tzinfo=UTC))
CASE = {
    "id": "du_1",
    "object": "dispute",
    "amount": 3000,
    "charge": "ch_1",
    "currency": "usd",
    "payment_intent": "pi_1",
    "reason": "product_not_received",
    "status": "needs_response",
}
OUT = {"amount": -3000, "fee": 1500}
BACK = {"amount": 3000, "fee": -1500}


def signed(event: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"id": "evt_1", "object": "event", **event}).encode()
    time, secret = str(int(NOW.timestamp())), ACCOUNTS["stripe"]["webhook_secret"]
    mac = hmac.new(secret.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={time},v1={mac}"}


async def told(kind: str, about: dict[str, Any], then: bytes = b"", status: int = 500) -> Webhook:
    """Stripe's event; `then` is what a look-up after it answers."""
    body, headers = signed({"type": kind, "data": {"object": about}})
    return await gateway("stripe", answering(status, then)).parse_webhook(body, headers, NOW)


@pytest.mark.parametrize(
    ("kind", "more", "stage", "withdrawn", "fee"),
    [
        ("created", {}, "opened", None, None),
        ("created", {"balance_transactions": [OUT]}, "withdrawn", 3000, 1500),
        ("updated", {"status": "under_review", "balance_transactions": [OUT]}, "withdrawn", 3000, 1500),
        ("funds_withdrawn", {}, "withdrawn", 3000, None),
        ("funds_withdrawn", {"balance_transactions": [OUT]}, "withdrawn", 3000, 1500),
        ("funds_reinstated", {"balance_transactions": [OUT, BACK]}, "reinstated", 0, 0),
        ("funds_reinstated", {"status": "won", "balance_transactions": [OUT, BACK]}, "won", 0, 0),
        ("funds_reinstated", {}, "reinstated", 0, None),
        ("closed", {"status": "won"}, "won", 0, None),
        ("closed", {"status": "lost"}, "lost", 3000, None),
        ("closed", {"status": "lost", "balance_transactions": [OUT]}, "lost", 3000, 1500),
        ("closed", {"status": "warning_closed"}, "won", 0, None),
        ("updated", {"balance_transactions": [{"fee": 1500}]}, "opened", None, 1500),
    ],
)
async def test_stripe_tells_a_dispute_part_by_part(
    kind: str, more: dict[str, Any], stage: Stage, withdrawn: int | None, fee: int | None
) -> None:
    heard = await told(f"charge.dispute.{kind}", CASE | more)
    assert (heard.kind, heard.result.outcome, heard.charge_ref) == ("dispute", "approved", "pi_1")
    assert heard.dispute == Dispute(
        reference="du_1",
        stage=stage,
        amount=3000,
        withdrawn=withdrawn,
        fee=fee,
        currency="USD",
        reason="product_not_received",
    )


def test_a_dispute_of_an_older_charge_names_the_charge() -> None:
    found = dispute({**CASE, "payment_intent": None})
    assert (found.of, found.result.gateway_ref, found.result.amount) == ("ch_1", "du_1", 3000)
    assert dispute({**CASE, "id": None}).result.outcome == "unknown"


REFUND = {"id": "re_1", "object": "refund", "amount": 4000, "currency": "usd", "payment_intent": "pi_1"}


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        ("refund.created", "succeeded", "approved"),
        ("refund.updated", "pending", "pending"),
        ("refund.failed", "failed", "declined"),
        ("charge.refund.updated", "succeeded", "approved"),
        ("charge.refund.updated", "failed", "declined"),
        ("refund.updated", "canceled", "declined"),
        ("refund.updated", "on_hold", "unknown"),
    ],
)
async def test_stripe_tells_a_refund_by_every_event_that_it_has(kind: str, status: str, outcome: str) -> None:
    heard = await told(kind, REFUND | {"status": status, "metadata": {"refund_id": "rf-1"}})
    assert (heard.kind, heard.result.outcome) == ("refund", outcome)
    assert (heard.result.gateway_ref, heard.result.amount, heard.charge_ref) == ("re_1", 4000, "pi_1")
    assert (heard.our_id, heard.refunded_total) == ("rf-1", None)


async def test_stripe_tells_all_refunds_of_a_charge_so_far() -> None:
    about = {"id": "ch_1", "object": "charge", "amount": 12540, "currency": "usd", "refunded": False}
    heard = await told("charge.refunded", about | {"amount_refunded": 6540, "payment_intent": "pi_1"})
    assert (heard.kind, heard.charge_ref, heard.refunded_total) == ("refund", "pi_1", 6540)
    assert (heard.result.gateway_ref, heard.result.amount, heard.result.currency) == (None, None, "USD")
    older = await told("charge.refunded", about | {"amount_refunded": 6540})
    assert older.charge_ref == "ch_1"


async def test_what_is_of_no_interest_is_not_an_operation() -> None:
    assert (await told("customer.created", {"id": "cus_1"})).result.outcome == "ignored"
    assert (await told("refund.updated", {"id": "x", "object": "payout"})).result.outcome == "ignored"


SESSION = {
    "id": "cs_1",
    "object": "checkout.session",
    "amount_total": 12540,
    "client_reference_id": "a-1",
    "currency": "usd",
    "payment_intent": "pi_1",
    "payment_status": "paid",
    "status": "complete",
}


def whole(checks: dict[str, str | None], **more: Any) -> bytes:
    card = {"brand": "visa", "last4": "4242", "checks": checks}
    inside = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 12540,
        "amount_received": 12540,
        "currency": "usd",
        "latest_charge": {"payment_method_details": {"card": card}},
        "status": "succeeded",
    }
    return json.dumps(SESSION | {"payment_intent": inside | more}).encode()


@pytest.mark.parametrize(
    ("line", "code", "cvc", "checks"),
    [
        ("pass", "pass", "pass", ("match", "match")),
        ("fail", "fail", "fail", ("no_match", "no_match")),
        ("pass", "fail", "unavailable", ("address_only", "unavailable")),
        ("fail", "pass", "unchecked", ("zip_only", "unavailable")),
        (None, "fail", None, ("no_match", None)),
        ("unchecked", "unavailable", None, ("unavailable", None)),
        (None, None, None, (None, None)),
    ],
)
async def test_a_paid_session_is_read_whole(
    line: str | None, code: str | None, cvc: str | None, checks: tuple[str | None, str | None]
) -> None:
    shown = {"address_line1_check": line, "address_postal_code_check": code, "cvc_check": cvc}
    heard = await told("checkout.session.completed", SESSION, whole(shown), 200)
    assert (heard.result.outcome, heard.result.captured, heard.result.brand) == ("approved", True, "visa")
    assert (heard.result.avs, heard.result.cvv) == checks


async def test_a_session_that_is_only_held_is_no_money() -> None:
    held = whole({}, status="requires_capture", capture_method="manual", amount_received=0)
    unpaid = SESSION | {"payment_status": "unpaid"}
    answer = json.dumps(json.loads(held) | {"payment_status": "unpaid"}).encode()
    heard = await told("checkout.session.completed", unpaid, answer, 200)
    assert (heard.kind, heard.result.outcome, heard.result.captured) == ("hold", "approved", False)


@pytest.mark.parametrize(
    "then", [b"", b"{}", json.dumps(SESSION | {"amount_total": 1}).encode(), whole({}, status="canceled")]
)
async def test_a_session_that_cannot_be_read_counts_as_it_was_told(then: bytes) -> None:
    heard = await told("checkout.session.completed", SESSION, then, 200)
    assert (heard.result.outcome, heard.result.amount, heard.result.cvv) == ("approved", 12540, None)


async def test_stripe_says_that_it_reviews_a_payment() -> None:
    risky = {"outcome": {"type": "manual_review", "seller_message": "Look at it."}}
    heard = await told("checkout.session.completed", SESSION, whole({}, latest_charge=risky), 200)
    assert (heard.result.outcome, heard.result.warning) == ("approved", "Look at it.")
    assert stripe_charge({"status": "succeeded", "review": "prv_1"}).result.warning
    assert stripe_charge({"status": "failed", "review": "prv_1"}).result.warning is None


MOVED = {"object": "balance_transaction", "created": int(NOW.timestamp()), "currency": "usd"}
CHARGED = {"id": "ch_1", "object": "charge", "amount": 12540, "amount_captured": 10000, "captured": True}
CHARGED |= {"created": 1, "currency": "usd", "payment_intent": "pi_1", "status": "succeeded"}
CHARGED |= {"metadata": {"attempt_id": "a-1"}}


async def listed(*rows: dict[str, Any], name: str = "stripe") -> Findings:
    answer = json.dumps({"object": "list", "data": [MOVED | row for row in rows], "has_more": False})
    found = await gateway(name, answering(200, answer.encode())).list_transactions(*DAY)
    assert isinstance(found, Findings)
    return found


def brief(row: Finding) -> tuple[object, ...]:
    return (row.kind, row.result.outcome, row.result.gateway_ref, row.result.amount, row.at)


async def test_stripe_lists_money_on_the_day_on_which_it_moved() -> None:
    """The charge was made on another day than it was captured on."""
    found = await listed(
        {"type": "charge", "amount": 10000, "source": CHARGED},
        {"type": "refund", "amount": -4000, "source": REFUND | {"status": "succeeded", "created": 1}},
        {"type": "adjustment", "amount": -3000, "source": CASE | {"created": 1}},
        {"type": "adjustment", "amount": 3000, "source": CASE | {"created": 1, "status": "won"}},
        {"type": "payout", "amount": -9000, "source": "po_1"},
        {"type": "stripe_fee", "amount": -30},
        {"type": "adjustment", "amount": -5, "source": None},
    )
    assert found.complete
    assert [brief(row) for row in found.rows] == [
        ("sale", "approved", "pi_1", 10000, NOW),
        ("refund", "approved", "re_1", 4000, NOW),
        ("dispute", "approved", "du_1", 3000, NOW),
        ("dispute", "approved", "du_1", 3000, NOW),
    ]
    cases = [(row.dispute.stage, row.dispute.withdrawn) for row in found.rows if row.dispute]
    assert cases == [("withdrawn", 3000), ("reinstated", 0)]
    assert found.rows[0].our_id == "a-1"


@pytest.mark.parametrize(
    "row",
    [
        {"type": "charge", "source": "ch_1"},
        {"type": "charge", "source": {"object": "gift"}},
        {"source": CHARGED},
        {"type": "charge", "source": CHARGED, "created": "x"},
    ],
)
async def test_a_movement_that_is_not_understood_makes_the_list_not_whole(row: dict[str, Any]) -> None:
    assert not (await listed(row)).complete


async def test_all_pages_of_a_list_are_read_and_one_that_fails_is_no_list() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("starting_after", ""))
        row = MOVED | {"id": f"txn_{len(asked)}", "type": "charge", "source": CHARGED}
        if len(asked) == 4:
            return httpx.Response(500)
        return httpx.Response(200, json={"data": [row], "has_more": len(asked) != 3})

    adapter = gateway("stripe", answer)
    found = await adapter.list_transactions(*DAY)
    assert isinstance(found, Findings)
    assert (len(found.rows), asked) == (3, ["", "txn_1", "txn_2"])
    failed = await adapter.list_transactions(*DAY)
    assert not isinstance(failed, Findings)
    assert failed.outcome == "unknown"


def case(**more: Any) -> dict[str, Any]:
    about = {
        "dispute_id": "PP-D-0001",
        "disputed_transactions": [{"seller_transaction_id": "7CX", "custom": "a-1"}],
        "dispute_amount": {"currency_code": "USD", "value": "30.00"},
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": "OPEN",
    }
    return {"id": "WH-1", "event_type": "CUSTOMER.DISPUTE.UPDATED", "resource": about | more}


def movement(kind: str, value: str, reason: str = "DISPUTE_SETTLEMENT", party: str = "SELLER") -> Any:
    amount = {"currency_code": "USD", "value": value}
    return {"affected_party": party, "type": kind, "reason": reason, "amount": amount}


def resolved(code: str, **more: Any) -> dict[str, Any]:
    return {"status": "RESOLVED", "dispute_outcome": {"outcome_code": code, **more}}


TAKEN = movement("DEBIT", "30.00")
PAID_BACK = {"currency_code": "USD", "value": "20.00"}


@pytest.mark.parametrize(
    ("more", "stage", "withdrawn", "fee"),
    [
        ({}, "opened", None, None),
        ({"status": "WAITING_FOR_SELLER_RESPONSE"}, "opened", None, None),
        ({"money_movements": [TAKEN]}, "withdrawn", 3000, None),
        ({"money_movements": [TAKEN, movement("DEBIT", "20.00", "DISPUTE_FEE")]}, "withdrawn", 3000, 2000),
        ({"money_movements": [TAKEN, movement("CREDIT", "30.00")]}, "reinstated", 0, None),
        ({"money_movements": [movement("CREDIT", "30.00", party="BUYER")]}, "opened", None, None),
        (resolved("RESOLVED_SELLER_FAVOUR"), "won", 0, None),
        (resolved("CANCELED_BY_BUYER"), "won", 0, None),
        (resolved("RESOLVED_BUYER_FAVOUR"), "lost", 3000, None),
        (resolved("RESOLVED_BUYER_FAVOUR", amount_refunded=PAID_BACK), "lost", 2000, None),
        (resolved("ACCEPTED") | {"money_movements": [TAKEN]}, "lost", 3000, None),
        (resolved("NONE"), "opened", None, None),
    ],
)
def test_paypal_tells_a_dispute(
    more: dict[str, Any], stage: Stage, withdrawn: int | None, fee: int | None
) -> None:
    heard = paypal_heard(case(**more))
    assert (heard.kind, heard.result.outcome, heard.charge_ref) == ("dispute", "approved", "7CX")
    assert (heard.our_id, heard.result.gateway_ref) == ("a-1", "PP-D-0001")
    assert heard.dispute is not None
    assert (heard.dispute.stage, heard.dispute.withdrawn, heard.dispute.fee) == (stage, withdrawn, fee)
    assert (heard.dispute.amount, heard.dispute.currency) == (3000, "USD")


def test_a_case_that_names_no_payment_is_nobodys() -> None:
    assert paypal_heard(case(disputed_transactions=[])).result.outcome == "ignored"


def test_paypal_takes_a_part_back() -> None:
    up = {"rel": "up", "href": "https://api-m.paypal.com/v2/payments/captures/7CX"}
    about = {"id": "9RV", "amount": {"currency_code": "USD", "value": "30.00"}, "links": [up]}
    event = {"id": "WH-2", "event_type": "PAYMENT.CAPTURE.REVERSED", "resource": about}
    heard = paypal_heard(event)
    assert (heard.kind, heard.charge_ref, heard.result.gateway_ref) == ("dispute", "7CX", "9RV")
    assert heard.dispute is not None
    assert (heard.dispute.stage, heard.dispute.amount, heard.dispute.withdrawn) == ("withdrawn", 3000, 3000)
    bare = paypal_heard(event | {"resource": about | {"links": []}})
    assert bare.charge_ref == "9RV"


def reported(code: str | None, value: str = "30.00", status: str = "S") -> dict[str, Any]:
    row = {
        "transaction_id": "7CX",
        "paypal_reference_id": "7C0",
        "transaction_event_code": code,
        "transaction_initiation_date": "2025-11-18T22:00:00Z",
        "transaction_amount": {"currency_code": "USD", "value": value},
        "transaction_status": status,
    }
    return {"transaction_info": {name: each for name, each in row.items() if each is not None}}


async def report(*rows: dict[str, Any]) -> Findings:
    answer = json.dumps({"transaction_details": rows, "total_pages": 1}).encode()
    found = await gateway("paypal", answering(200, answer)).list_transactions(*DAY)
    assert isinstance(found, Findings)
    return found


async def test_paypals_report_knows_payments_refunds_and_disputes() -> None:
    found = await report(
        reported("T0006"),
        reported("T1107", "-30.00"),
        reported("T1106", "-30.00"),
        reported("T1201", "-30.00"),
        reported("T1202"),
        reported("T1108"),
        reported("T0400", "-99.00"),
        reported("T0006", status="V"),
        reported("T0006", status="P"),
        reported("T0006", status="X"),
    )
    assert found.complete
    told = [(row.kind, row.result.outcome, row.result.amount, row.of) for row in found.rows]
    assert told == [
        ("sale", "approved", 3000, None),
        ("refund", "approved", 3000, "7C0"),
        ("dispute", "approved", 3000, "7C0"),
        ("dispute", "approved", 3000, "7C0"),
        ("dispute", "approved", 3000, "7C0"),
        ("dispute", "approved", 3000, "7C0"),
        ("sale", "approved", 3000, None),
        ("sale", "pending", 3000, None),
        ("sale", "unknown", 3000, None),
    ]
    cases = [(row.dispute.stage, row.dispute.withdrawn) for row in found.rows if row.dispute]
    assert cases == [("withdrawn", 3000), ("withdrawn", 3000), ("reinstated", 0), ("reinstated", 0)]
    assert {row.at for row in found.rows} == {NOW}
    assert not (await report(reported(None))).complete


async def test_a_report_that_is_none_is_a_failure() -> None:
    found = await gateway("paypal", answering(200, b"{}")).list_transactions(*DAY)
    assert not isinstance(found, Findings)
    assert (found.outcome, found.kind) == ("unknown", "unreadable")


def test_paypals_words_for_checks() -> None:
    assert [avs(code) for code in ("X", "y", "A", "Z", "N", "1", "U", None)] == [
        "match",
        "match",
        "address_only",
        "zip_only",
        "no_match",
        "no_match",
        "unavailable",
        None,
    ]
    assert [cvv(code) for code in ("M", "N", "1", "P", None)] == [
        "match",
        "no_match",
        "no_match",
        "unavailable",
        None,
    ]
