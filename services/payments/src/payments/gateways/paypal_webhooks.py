"""PayPal's calls to us. Its signature is over the exact bytes, so those are what is sent back to be
verified."""

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from payments.gateways.base import Result
from payments.gateways.found import Dispute, Stage, Webhook
from payments.gateways.nested import child, children, read_json, text
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
        total = amount_of(child(about, "seller_payable_breakdown", "total_refunded_amount"))["amount"]
        return replace(
            heard,
            result=found.result,
            kind="refund",
            our_id=found.our_id,
            charge_ref=found.of,
            refunded_total=total,
        )
    if kind == "PAYMENT.CAPTURE.REVERSED":
        return _reversed(heard, about)
    return _case(heard, about) if kind.startswith("CUSTOMER.DISPUTE.") else heard


def _reversed(heard: Webhook, about: object) -> Webhook:
    """PayPal has taken this much back, mostly for a dispute; it does not say for which."""
    ref, money = text(about, "id"), amount_of(child(about, "amount"))
    charge = (link(about, "up") or "").rpartition("/")[2] or ref
    amount, currency = money["amount"], money["currency"]
    case = Dispute(reference=None, stage="withdrawn", amount=amount, withdrawn=amount, currency=currency)
    result = Result(outcome="approved", gateway_ref=ref, **money)
    our_id = text(about, "custom_id")
    return replace(heard, result=result, kind="dispute", our_id=our_id, charge_ref=charge, dispute=case)


OUTCOME: dict[str | None, Stage] = {
    "RESOLVED_SELLER_FAVOUR": "won",
    "RESOLVED_SELLER_FAVOR": "won",
    "CANCELED_BY_BUYER": "won",
    "DENIED": "won",
    "RESOLVED_WITH_PAYOUT": "won",
    "RESOLVED_BUYER_FAVOUR": "lost",
    "RESOLVED_BUYER_FAVOR": "lost",
    "ACCEPTED": "lost",
}


def _case(heard: Webhook, about: object) -> Webhook:
    """The case itself. How much is withdrawn for it stands in its money movements, where PayPal lists them;
    else only its end says that."""
    disputed = child(about, "disputed_transactions")
    of = disputed[0] if isinstance(disputed, list) and disputed else None
    money = amount_of(child(about, "dispute_amount"))
    stage: Stage = "opened"
    if text(about, "status") == "RESOLVED":
        stage = OUTCOME.get(text(about, "dispute_outcome", "outcome_code"), "opened")
    withdrawn, fee = _moved(children(about, "money_movements"))
    if withdrawn is None and stage in ("won", "lost"):
        given = amount_of(child(about, "dispute_outcome", "amount_refunded"))["amount"]
        withdrawn = 0 if stage == "won" else money["amount"] if given is None else given
    if stage == "opened" and withdrawn is not None:
        stage = "withdrawn" if withdrawn else "reinstated"
    ref, charge = text(about, "dispute_id"), text(of, "seller_transaction_id")
    if charge is None:
        return heard  # of which payment, nobody can say
    case = Dispute(
        reference=ref,
        stage=stage,
        withdrawn=withdrawn,
        fee=fee,
        reason=text(about, "reason"),
        **money,
    )
    result = Result(outcome="approved" if ref else "unknown", gateway_ref=ref, **money)
    return replace(
        heard,
        result=result,
        kind="dispute",
        our_id=text(of, "custom"),
        charge_ref=charge,
        dispute=case,
    )


def _moved(movements: list[object]) -> tuple[int | None, int | None]:
    """What was taken from the seller for the case so far, and its fee; None where nothing is said."""
    taken: list[int] = []
    fees: list[int] = []
    for each in movements:
        amount = amount_of(child(each, "amount"))["amount"]
        if text(each, "affected_party") != "SELLER" or amount is None:
            continue
        back = text(each, "type") == "CREDIT"
        sums = fees if "FEE" in (text(each, "reason") or "") else taken
        sums.append(-abs(amount) if back else abs(amount))
    return sum(taken) if taken else None, sum(fees) if fees else None
