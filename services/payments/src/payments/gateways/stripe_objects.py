"""Stripe's objects, each as the operations that it stands for."""

from collections.abc import Sequence
from dataclasses import replace

from payments.gateways.base import Avs, Cvv, Outcome, Result
from payments.gateways.found import Finding
from payments.gateways.nested import child, epoch, text, whole
from payments.gateways.qbms_answers import avs as both
from payments.gateways.stripe_disputes import currency_of, dispute
from payments.gateways.transport import UNREADABLE

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
CHARGE: dict[str | None, Outcome] = {"succeeded": "approved", "pending": "pending", "failed": "declined"}
CHECK = {"pass": "Pass", "fail": "Fail"}
UNKNOWN = replace(UNREADABLE, retry="same_key")


def operations(body: object) -> Sequence[Finding | None]:
    """A session, a payment intent or a refund, told by `object`; the charge comes first. None: neither."""
    match text(body, "object"):
        case "checkout.session":
            return session(body)
        case "payment_intent":
            return intent(body)
        case "charge":
            return [charge(body)]
        case "refund":
            return [refund(body)]
        case "dispute":
            return [dispute(body)]
        case _:
            return [None]


def session(body: object) -> list[Finding]:
    """Paid counts, not complete: some methods pay days later. A decline on the page leaves the session
    open."""
    ref, status = text(body, "id"), text(body, "status")
    inside = child(body, "payment_intent")
    charge, *after = intent(inside) if isinstance(inside, dict) else [None]
    held = charge.result if charge and charge.result.outcome == "approved" else None
    payment = (charge.result.gateway_ref if charge else None) or text(body, "payment_intent")
    outcome: Outcome = "unknown"
    if text(body, "payment_status") == "paid" and payment:
        outcome = "approved"
    elif status == "complete":
        outcome = "approved" if held else "canceled" if _gone(charge) else "pending"
    elif status in ("open", "expired"):
        outcome = "requires_action" if status == "open" else "canceled"
    known = charge.result if charge else Result(outcome=outcome)
    result = replace(
        known,
        outcome=outcome,
        gateway_ref=payment or (ref if outcome == "requires_action" else None),
        amount=whole(body, "amount_total"),
        currency=currency_of(body),
        redirect_url=text(body, "url"),
        retry="lookup" if outcome == "unknown" else "wait" if outcome == "pending" else "no",
        refs={"session_id": ref} if ref else {},
    )
    if outcome != "approved":
        result = replace(result, code=None, message=None, cvv=None, captured=None)
    kind = charge.kind if charge else "sale"
    our_id, at = text(body, "client_reference_id"), epoch(whole(body, "created"))
    return [Finding(result=result, kind=kind, our_id=our_id, at=at), *(each for each in after if each)]


def _gone(charge: Finding | None) -> bool:
    return charge is not None and charge.result.outcome == "canceled"


def intent(body: object) -> list[Finding]:
    """A hold is one that is captured by hand; when it is captured or canceled, that is a row of its own."""
    status, charge = text(body, "status"), child(body, "latest_charge")
    card = child(charge, "payment_method_details", "card")
    ref, currency, amount = text(body, "id"), currency_of(body), whole(body, "amount")
    by_hand = text(body, "capture_method") == "manual"
    held = status == "requires_capture" or (by_hand and status == "succeeded")
    released = by_hand and status == "canceled" and isinstance(charge, dict)
    outcome = "approved" if released else INTENT.get(status, "unknown")
    received = whole(body, "amount_received") or None
    result = Result(
        outcome=outcome,
        gateway_ref=ref,
        amount=received if status == "succeeded" and not held else amount,
        currency=currency,
        last4=text(card, "last4"),
        brand=text(card, "brand"),
        avs=avs(child(card, "checks")),
        cvv=cvv(text(card, "checks", "cvc_check")),
        captured=False if held or released else True if status == "succeeded" else None,
        warning=_warning(charge) if outcome == "approved" else None,
    )
    failed = child(body, "last_payment_error")
    if status == "requires_payment_method" and isinstance(failed, dict):
        result = refused(result, failed)
    our_id, at = text(body, "metadata", "attempt_id"), epoch(whole(body, "created"))
    kind = "hold" if held or released else "sale"
    found = [Finding(result=result, kind=kind, our_id=our_id, at=at)]
    if held and status == "succeeded":
        taken = replace(result, amount=received, captured=True)
        found.append(Finding(result=taken, kind="capture", of=ref))
    if released:
        void = Result(outcome="approved", gateway_ref=ref, amount=amount, currency=currency)
        found.append(Finding(result=void, kind="void", of=ref, at=epoch(whole(body, "canceled_at"))))
    return found


def charge(body: object) -> Finding:
    """The payment that an intent led to, known by the intent's id."""
    outcome, card = CHARGE.get(text(body, "status"), "unknown"), child(body, "payment_method_details", "card")
    taken = child(body, "captured") is not False
    result = Result(
        outcome=outcome,
        code=text(body, "failure_code"),
        message=text(body, "failure_message"),
        gateway_ref=text(body, "payment_intent") or text(body, "id"),
        amount=(whole(body, "amount_captured") if taken else None) or whole(body, "amount"),
        currency=currency_of(body),
        last4=text(card, "last4"),
        brand=text(card, "brand"),
        avs=avs(child(card, "checks")),
        cvv=cvv(text(card, "checks", "cvc_check")),
        captured=taken if outcome == "approved" else None,
        warning=_warning(body) if outcome == "approved" else None,
    )
    our_id, at = text(body, "metadata", "attempt_id"), epoch(whole(body, "created"))
    return Finding(result=result, kind="sale" if taken else "hold", our_id=our_id, at=at)


def _warning(charge: object) -> str | None:
    """Stripe took it, and has put it before the merchant's own reviewers."""
    outcome = child(charge, "outcome")
    if text(outcome, "type") != "manual_review" and text(charge, "review") is None:
        return None
    return text(outcome, "seller_message") or "Stripe holds this payment for review."


def avs(checks: object) -> Avs | None:
    """Stripe checks the first line and the postal code apart: pass, fail, unavailable or unchecked."""
    line, code = text(checks, "address_line1_check"), text(checks, "address_postal_code_check")
    return both(CHECK.get(line or "", line), CHECK.get(code or "", code))


def cvv(check: str | None) -> Cvv | None:
    known: dict[str, Cvv] = {"pass": "match", "fail": "no_match"}
    return known.get(check, "unavailable") if check else None


def refused(result: Result, wrong: object) -> Result:
    code = text(wrong, "decline_code") or text(wrong, "code")
    cvv = "no_match" if code in ("incorrect_cvc", "invalid_cvc") else None
    return replace(result, outcome="declined", code=code, message=text(wrong, "message"), cvv=cvv, retry="no")


def refund(body: object) -> Finding:
    outcome, charge = REFUND.get(text(body, "status"), "unknown"), text(body, "payment_intent")
    result = Result(
        outcome=outcome,
        code=text(body, "failure_reason"),
        gateway_ref=text(body, "id"),
        amount=whole(body, "amount"),
        currency=currency_of(body),
        refs={"charge": charge} if charge else {},
    )
    our_id, at = text(body, "metadata", "refund_id"), epoch(whole(body, "created"))
    return Finding(result=result, kind="refund", our_id=our_id, of=charge, at=at)
