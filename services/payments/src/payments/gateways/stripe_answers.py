"""What Stripe's answers and webhooks say."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import SecretStr

from payments.gateways.base import Result
from payments.gateways.found import Finding, Findings, Webhook, all_of
from payments.gateways.nested import child, children, epoch, read_json, text, whole
from payments.gateways.stripe_disputes import currency_of, dispute
from payments.gateways.stripe_objects import UNKNOWN, operations, refund, refused, session
from payments.gateways.transport import Answer

Read = Callable[[object], Sequence[Finding | None]]
TOLERANCE = 300  # seconds that a webhook's signature is good for
REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
REJECTED = Webhook(result=Result(outcome="rejected"))


def judge(answer: Answer) -> object:
    """The object that was asked for, or what the error means."""
    body = read_json(answer.body)
    if isinstance(body, dict) and 200 <= answer.status < 300:
        return body
    wrong = child(body, "error")
    if not isinstance(wrong, dict):
        return UNKNOWN
    kind, code = text(wrong, "type"), text(wrong, "code")
    said = Result(outcome="error", code=code, message=text(wrong, "message"), retry="after_fix")
    if answer.status >= 500:
        return replace(said, outcome="unknown", code=code or kind, retry="same_key")
    if kind == "idempotency_error" or answer.status == 409:
        return replace(said, outcome="unknown", code=code or kind, retry="lookup")
    if kind == "card_error":
        return refused(said, wrong)
    if answer.status == 429:
        return replace(said, kind="busy", retry="same_key")
    if answer.status == 404 or code == "resource_missing":
        return replace(said, outcome="not_found")
    return replace(said, kind="configuration") if answer.status in (401, 403) else said


def finding(body: object) -> Finding:
    """The charge, refund or dispute that the object is; unknown where it is none of Stripe's."""
    return operations(body)[0] or Finding(result=UNKNOWN)


def findings(body: object) -> Findings:
    return all_of(operations(body))


def page(body: object, read: Read = operations) -> tuple[list[Finding | None], str | None]:
    """The rows of a list, and the id to go on after. What is no list has no rows that are understood."""
    if not isinstance(child(body, "data"), list):
        return [None], None
    rows = children(body, "data")
    more = child(body, "has_more") is True and rows
    return [each for row in rows for each in read(row)], text(rows[-1], "id") if more else None


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
        total, charge = whole(about, "amount_refunded"), text(about, "payment_intent") or text(about, "id")
        result = Result(outcome="approved", currency=currency_of(about))
        return replace(heard, result=result, kind="refund", charge_ref=charge, refunded_total=total)
    if kind in REFUNDS and text(about, "object") == "refund":
        found = refund(about)
        return replace(heard, result=found.result, kind="refund", our_id=found.our_id, charge_ref=found.of)
    if kind.startswith("charge.dispute."):
        found = dispute(about, event=kind)
        return replace(heard, result=found.result, kind="dispute", charge_ref=found.of, dispute=found.dispute)
    return heard


def _session_heard(heard: Webhook, kind: str, about: object) -> Webhook:
    found = session(about)[0]
    result = found.result
    if kind.endswith("async_payment_failed"):
        result = replace(result, outcome="declined", retry="no")
    ref = result.refs.get("session_id")
    return replace(
        heard,
        result=result,
        kind=found.kind,
        our_id=found.our_id,
        order_ref=ref,
        charge_ref=text(about, "payment_intent"),
    )
