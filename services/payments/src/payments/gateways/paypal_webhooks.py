"""PayPal's calls to us. Its signature is over the exact bytes, so those are what is sent back to be
verified."""

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from payments.gateways.base import Result, Webhook
from payments.gateways.nested import child, read_json, text
from payments.gateways.paypal_answers import amount_of, capture, good, link, opened, refunded
from payments.gateways.transport import UNREADABLE, Answer

REJECTED = Webhook(result=Result(outcome="rejected"))
HEADERS = {
    "auth_algo": "paypal-auth-algo",
    "cert_url": "paypal-cert-url",
    "transmission_id": "paypal-transmission-id",
    "transmission_sig": "paypal-transmission-sig",
    "transmission_time": "paypal-transmission-time",
}


def verification(body: bytes, headers: Mapping[str, str], webhook_id: str, api: SplitResult) -> bytes | None:
    """The question to PayPal whether it sent `body`; None where that is plain already: no webhook id, a
    header is missing, the certificate is not PayPal's, or the body is no JSON."""
    sent = {name.lower(): value for name, value in headers.items()}
    said = {name: sent.get(header, "") for name, header in HEADERS.items()}
    if not webhook_id or not all(said.values()) or any(len(value) > 4000 for value in said.values()):
        return None
    if not _of_paypal(said["cert_url"], api) or not isinstance(read_json(body), dict):
        return None
    question = json.dumps({**said, "webhook_id": webhook_id})
    return question.removesuffix("}").encode() + b', "webhook_event": ' + body.strip() + b"}"


def _of_paypal(url: str, api: SplitResult) -> bool:
    try:
        where = urlsplit(url)
        host = where.hostname or ""
    except ValueError:
        return False
    theirs = where.scheme == "https" and host.endswith(".paypal.com") and "@" not in where.netloc
    return theirs or (where.scheme, where.netloc) == (api.scheme, api.netloc)


def verified(answer: Answer) -> Result:
    """FAILURE comes with HTTP 200 as well."""
    status = text(good(answer), "verification_status")
    if status == "SUCCESS":
        return Result(outcome="approved")
    return Result(outcome="rejected") if status == "FAILURE" else UNREADABLE


def webhook(event: object) -> Webhook:
    """A verified event. A refund is told by its own amount, and by all refunds of the capture so far."""
    kind, about = text(event, "event_type") or "", child(event, "resource")
    heard = Webhook(result=Result(outcome="ignored"), external_id=text(event, "id"), type=kind)
    if kind == "CHECKOUT.ORDER.APPROVED":
        unit = child(about, "purchase_units")
        our_id = text(unit[0], "custom_id") if isinstance(unit, list) and unit else None
        return replace(heard, result=opened(about), our_id=our_id, order_ref=text(about, "id"))
    if kind in ("PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DENIED"):
        found = capture(about)
        ref = text(about, "supplementary_data", "related_ids", "order_id")
        return replace(
            heard,
            result=found.result,
            our_id=found.our_id,
            order_ref=ref,
            charge_ref=found.result.gateway_ref,
        )
    if kind == "PAYMENT.CAPTURE.REFUNDED":
        found = refunded(about)
        done = found.result.outcome == "approved"
        result = replace(found.result, outcome="refund_approved") if done else found.result
        total = amount_of(child(about, "seller_payable_breakdown", "total_refunded_amount"))["amount"]
        return replace(
            heard,
            result=result,
            our_id=found.our_id,
            charge_ref=result.refs.get("charge"),
            refunded_total=total,
        )
    if kind == "PAYMENT.CAPTURE.REVERSED":
        charge = (link(about, "up") or "").rpartition("/")[2] or text(about, "id")
        money = amount_of(child(about, "amount"))
        result = Result(outcome="reversed", gateway_ref=text(about, "id"), **money)
        return replace(heard, result=result, our_id=text(about, "custom_id"), charge_ref=charge)
    return heard
