"""What Stripe's answers and webhooks say."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pydantic import SecretStr

from payments.gateways.base import Finding, Outcome, Result, Webhook
from payments.gateways.nested import child, children, epoch, read_json, text, whole
from payments.gateways.transport import UNREADABLE, Answer

TOLERANCE = 300  # seconds that a webhook's signature is good for
REJECTED = Webhook(result=Result(outcome="rejected"))
INTENT: dict[str | None, Outcome] = {
    "succeeded": "approved",
    "requires_capture": "approved",
    "processing": "pending",
    "canceled": "canceled",
    "requires_action": "requires_action",
    "requires_confirmation": "requires_action",
    "requires_payment_method": "requires_action",
}
REFUND: dict[str | None, Outcome] = {
    "succeeded": "approved",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "declined",
    "canceled": "declined",
}


def judge(answer: Answer) -> object:
    """The object that was asked for, or what the error means."""
    body = read_json(answer.body)
    if isinstance(body, dict) and 200 <= answer.status < 300:
        return body
    wrong = child(body, "error")
    if not isinstance(wrong, dict):
        return replace(UNREADABLE, retry="same_key")
    kind, code = text(wrong, "type"), text(wrong, "code")
    said = Result(outcome="error", code=code, message=text(wrong, "message"), retry="after_fix")
    if answer.status >= 500:
        return replace(said, outcome="unknown", code=code or kind, retry="same_key")
    if kind == "idempotency_error" or answer.status == 409:
        return replace(said, outcome="unknown", code=code or kind, retry="lookup")
    if kind == "card_error":
        return _refused(said, wrong)
    if answer.status == 429:
        return replace(said, kind="busy", retry="same_key")
    if answer.status == 404 or code == "resource_missing":
        return replace(said, outcome="not_found")
    return replace(said, kind="configuration") if answer.status in (401, 403) else said


def _refused(result: Result, wrong: object) -> Result:
    code = text(wrong, "decline_code") or text(wrong, "code")
    cvv = "no_match" if code in ("incorrect_cvc", "invalid_cvc") else None
    return replace(result, outcome="declined", code=code, message=text(wrong, "message"), cvv=cvv, retry="no")


def finding(body: object) -> Finding:
    """A session, a payment intent or a refund, told by `object`."""
    known = {"checkout.session": session, "payment_intent": intent, "refund": refund}
    read = known.get(text(body, "object") or "")
    return read(body) if read else Finding(result=replace(UNREADABLE, retry="same_key"), kind="other")


def session(body: object) -> Finding:
    """Paid counts, not complete: some methods pay days later. A decline on the page leaves the session
    open."""
    ref, status = text(body, "id"), text(body, "status")
    inside = child(body, "payment_intent")
    held = intent(inside) if isinstance(inside, dict) else None
    payment = (held.result.gateway_ref if held else None) or text(body, "payment_intent")
    outcome: Outcome = "unknown"
    if text(body, "payment_status") == "paid" and payment:
        outcome = "approved"
    elif status == "complete":
        captured = held.result.captured if held and held.result.outcome == "approved" else None
        outcome = "approved" if captured is False else "pending"
    elif status in ("open", "expired"):
        outcome = "requires_action" if status == "open" else "canceled"
    return Finding(
        result=Result(
            outcome=outcome,
            gateway_ref=payment or (ref if outcome == "requires_action" else None),
            amount=whole(body, "amount_total"),
            currency=(text(body, "currency") or "").upper() or None,
            last4=held.result.last4 if held else None,
            brand=held.result.brand if held else None,
            captured=held.result.captured if held else None,
            redirect_url=text(body, "url"),
            retry="lookup" if outcome == "unknown" else "wait" if outcome == "pending" else "no",
            refs={"session_id": ref} if ref else {},
        ),
        our_id=text(body, "client_reference_id"),
        at=epoch(whole(body, "created")),
    )


def intent(body: object) -> Finding:
    status, card = text(body, "status"), child(body, "latest_charge", "payment_method_details", "card")
    result = Result(
        outcome=INTENT.get(status, "unknown"),
        gateway_ref=text(body, "id"),
        amount=(whole(body, "amount_received") or None) if status == "succeeded" else whole(body, "amount"),
        currency=(text(body, "currency") or "").upper() or None,
        last4=text(card, "last4"),
        brand=text(card, "brand"),
        captured={"succeeded": True, "requires_capture": False}.get(status or ""),
    )
    failed = child(body, "last_payment_error")
    if status == "requires_payment_method" and isinstance(failed, dict):
        result = _refused(result, failed)
    our_id, at = text(body, "metadata", "attempt_id"), epoch(whole(body, "created"))
    kind = "authorization" if status == "requires_capture" else "sale"
    return Finding(result=result, kind=kind, our_id=our_id, at=at)


def refund(body: object) -> Finding:
    outcome = REFUND.get(text(body, "status"), "unknown")
    result = Result(
        outcome=outcome,
        code=text(body, "failure_reason"),
        gateway_ref=text(body, "id"),
        amount=whole(body, "amount"),
        currency=(text(body, "currency") or "").upper() or None,
        refs={"charge": charge} if (charge := text(body, "payment_intent")) else {},
    )
    our_id, at = text(body, "metadata", "refund_id"), epoch(whole(body, "created"))
    return Finding(result=result, kind="refund", our_id=our_id, at=at)


def page(body: object) -> tuple[list[Finding], str | None]:
    """The rows of a list, and the id to go on after."""
    rows = children(body, "data")
    more = child(body, "has_more") is True and rows
    return [finding(row) for row in rows], text(rows[-1], "id") if more else None


def expiry(body: object) -> datetime | None:
    return epoch(whole(body, "expires_at"))


def signed(body: bytes, header: str, secret: SecretStr, now: datetime) -> bool:
    """Any v1 may match, as secrets roll; without a secret nothing does."""
    parts = [part.partition("=")[::2] for part in header[:2000].split(",")]
    time = next((value for name, value in parts if name.strip() == "t"), "")
    if not secret.get_secret_value() or not (time.isascii() and time.isdigit() and len(time) < 13):
        return False
    if abs(now.timestamp() - int(time)) > TOLERANCE:
        return False
    ours = hmac.new(
        secret.get_secret_value().encode(), time.encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    claimed = [value.encode() for name, value in parts if name.strip() == "v1"]
    return any(hmac.compare_digest(ours.encode(), value) for value in claimed)


def webhook(body: bytes, headers: Mapping[str, str], secret: SecretStr, now: datetime) -> Webhook:
    header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    event = read_json(body) if signed(body, header, secret, now) else None
    if not isinstance(event, dict):
        return REJECTED
    kind, about = text(event, "type") or "", child(event, "data", "object")
    heard = Webhook(result=Result(outcome="ignored"), external_id=text(event, "id"), type=kind)
    if kind.startswith("checkout.session."):
        return _session_heard(heard, kind, about)
    if kind == "charge.refunded":
        whole_sum = child(about, "refunded") is True
        result = Result(
            outcome="refunded" if whole_sum else "partially_refunded",
            gateway_ref=text(about, "id"),
            amount=whole(about, "amount"),
            currency=(text(about, "currency") or "").upper() or None,
        )
        total = whole(about, "amount_refunded")
        return replace(heard, result=result, charge_ref=text(about, "payment_intent"), refunded_total=total)
    if kind in ("refund.created", "refund.updated", "refund.failed"):
        found = refund(about)
        named: dict[str, Outcome] = {"approved": "refund_approved", "declined": "refund_failed"}
        result = replace(found.result, outcome=named.get(found.result.outcome, found.result.outcome))
        charge = text(about, "payment_intent")
        return replace(heard, result=result, our_id=found.our_id, charge_ref=charge)
    if kind == "charge.dispute.funds_withdrawn":
        result = Result(outcome="reversed", gateway_ref=text(about, "id"), amount=whole(about, "amount"))
        return replace(heard, result=result, charge_ref=text(about, "payment_intent"))
    return heard


def _session_heard(heard: Webhook, kind: str, about: object) -> Webhook:
    found = session(about)
    result = found.result
    if kind.endswith("async_payment_failed"):
        result = replace(result, outcome="declined", retry="no")
    ref = result.refs.get("session_id")
    return replace(
        heard, result=result, our_id=found.our_id, order_ref=ref, charge_ref=text(about, "payment_intent")
    )
