"""The objects that the simulated Stripe answers with."""

from typing import Any

from simulators.gateways.books import Books
from simulators.gateways.house import House
from simulators.gateways.rows import Order, Transaction

TOOK = ("approved", "review")
INTENT = {"approved": "succeeded", "review": "succeeded", "pending": "processing", "voided": "canceled"}


def session_shape(here: House, order: Order, *, wrong: bool = False) -> dict[str, Any]:
    begun = [row for row in here.books.of(order.our_id) if row.order == order.id and row.charge is None]
    rows = [row for row in begun if row.status != "declined"]
    paid = rows[-1] if rows else None
    now = here.books.orders[order.id]
    amount = paid.amount if paid else order.amount
    done = paid is not None and paid.kind == "sale" and paid.status in ("approved", "review", "voided")
    status = "complete" if paid else "expired" if now.status == "canceled" else "open"
    return {
        "id": order.id,
        "object": "checkout.session",
        "amount_total": amount // 10 if wrong else amount,
        "client_reference_id": order.our_id,
        "created": int(order.created.timestamp()),
        "currency": order.currency.lower(),
        "expires_at": int(order.created.timestamp()) + 86400,
        "metadata": {"attempt_id": order.our_id},
        "payment_intent": paid.id if paid else None,
        "payment_status": "paid" if done else "unpaid",
        "status": status,
        "url": order.secret if status == "open" else None,
    }


def intent_shape(here: House, row: Transaction) -> dict[str, Any]:
    taken = next((each for each in here.books.children(row.id) if each.kind == "capture"), None)
    held = row.kind == "authorization" and taken is None and row.status in TOOK
    status = "requires_payment_method" if row.status == "declined" else INTENT.get(row.status, "processing")
    body: dict[str, Any] = {
        "id": row.id,
        "object": "payment_intent",
        "amount": row.amount,
        "amount_received": taken.amount if taken else 0 if held or row.status not in TOOK else row.amount,
        "capture_method": "manual" if row.kind == "authorization" else "automatic_async",
        "created": int(row.at.timestamp()),
        "currency": row.currency.lower(),
        "status": "requires_capture" if held else status,
        "metadata": {"attempt_id": row.our_id},
        "latest_charge": {"payment_method_details": {"card": _card(row)}},
    }
    if row.status == "declined":
        error = {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}
        body["last_payment_error"] = {**error, "message": "Your card was declined."}
    return body


CHECK = {"match": "pass", "no_match": "fail"}


def _card(row: Transaction) -> dict[str, Any]:
    avs, cvv = CHECK.get(row.avs or ""), CHECK.get(row.cvv or "")
    checks = {"address_line1_check": avs, "address_postal_code_check": avs, "cvc_check": cvv}
    return {"brand": row.brand, "last4": row.last4, "checks": checks}


def intent_of(books: Books, row: Transaction) -> Transaction:
    """What all began with: at Stripe the capture of a hold has no number of its own."""
    while row.charge is not None:
        row = books.transactions[row.charge]
    return row


def taken_of(books: Books, intent: Transaction) -> Transaction:
    """What of an intent can be given back."""
    captures = (row for row in books.children(intent.id) if row.kind == "capture")
    return next(captures, intent)


def refund_shape(books: Books, row: Transaction) -> dict[str, Any]:
    failed = {"failure_reason": "expired_or_canceled_card"} if row.status == "failed" else {}
    return {
        "id": row.id,
        "object": "refund",
        "amount": row.amount,
        "created": int(row.at.timestamp()),
        "currency": row.currency.lower(),
        "metadata": {"refund_id": row.our_id} if row.request_id else {},
        "payment_intent": intent_of(books, row).id,
        "status": "failed" if failed else "succeeded",
        **failed,
    }


def charge_shape(books: Books, intent: Transaction) -> dict[str, Any]:
    paid = taken_of(books, intent)
    given = [row for row in books.children(paid.id) if row.kind == "refund" and row.status != "failed"]
    refunded = sum(row.amount for row in given)
    return {
        "id": f"ch_{intent.id}",
        "object": "charge",
        "amount": intent.amount,
        "amount_captured": paid.amount,
        "amount_refunded": refunded,
        "captured": True,
        "created": int(intent.at.timestamp()),
        "currency": paid.currency.lower(),
        "metadata": {"attempt_id": intent.our_id},
        "payment_intent": intent.id,
        "payment_method_details": {"card": _card(intent)},
        "status": "succeeded",
        "refunded": refunded == paid.amount,
    }


def dispute_shape(books: Books, row: Transaction) -> dict[str, Any]:
    """Its movements of money, as Stripe lists them."""
    moved = [{"amount": -row.amount, "fee": 1500}]
    if row.stage == "won":
        moved.append({"amount": row.amount, "fee": -1500})
    intent = intent_of(books, row).id
    return {
        "id": row.id.replace("pi_", "du_"),
        "object": "dispute",
        "amount": row.amount,
        "balance_transactions": moved,
        "charge": f"ch_{intent}",
        "created": int(row.at.timestamp()),
        "currency": row.currency.lower(),
        "payment_intent": intent,
        "reason": "fraudulent",
        "status": row.stage if row.stage in ("won", "lost") else "needs_response",
    }
