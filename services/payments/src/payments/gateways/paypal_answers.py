"""What PayPal's answers and webhooks say."""

from dataclasses import replace
from typing import TypedDict

from payments.gateways.base import Outcome, Result
from payments.gateways.found import Finding, Findings, failed
from payments.gateways.money import from_text
from payments.gateways.nested import child, children, moment, read_json, text
from payments.gateways.paypal_checks import avs, cvv
from payments.gateways.transport import UNREADABLE, Answer

UNKNOWN = replace(UNREADABLE, retry="same_key")
CAPTURE: dict[str | None, Outcome] = {
    "COMPLETED": "approved",
    "DECLINED": "declined",
    "FAILED": "declined",
    "PENDING": "pending",
    "PARTIALLY_REFUNDED": "approved",
    "REFUNDED": "approved",
}
GIVEN_BACK = {"PARTIALLY_REFUNDED": "partly", "REFUNDED": "wholly"}
REFUND: dict[str | None, Outcome] = {
    "COMPLETED": "approved",
    "PENDING": "pending",
    "FAILED": "declined",
    "CANCELLED": "declined",
}
DECLINED = frozenset(
    (
        "TRANSACTION_REFUSED",
        "COMPLIANCE_VIOLATION",
        "PAYER_CANNOT_PAY",
        "PAYEE_BLOCKED_TRANSACTION",
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
        "PAYER_ACCOUNT_RESTRICTED",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
        "CARD_EXPIRED",
        "CAPTURE_FULLY_REFUNDED",
        "REFUND_AMOUNT_EXCEEDED",
        "REFUND_TIME_LIMIT_EXCEEDED",
        "PENDING_CAPTURE",
        "REFUND_FAILED_INSUFFICIENT_FUNDS",
        "TRANSACTION_DISPUTED",
        "MAX_NUMBER_OF_REFUNDS_EXCEEDED",
        "PARTIAL_REFUND_NOT_ALLOWED",
        "REFUND_NOT_ALLOWED",
    )
)


def good(answer: Answer) -> object:
    """The body of a success, else None."""
    body = read_json(answer.body)
    return body if 200 <= answer.status < 300 and isinstance(body, dict) else None


def refused(answer: Answer) -> Result:
    """What an answer that is no success means; a 500 may hide a charge."""
    body = read_json(answer.body)
    if not isinstance(body, dict):
        return UNKNOWN
    detail = next(iter(children(body, "details")), None)
    said = Result(
        outcome="error",
        code=text(detail, "issue") or text(body, "name") or text(body, "error"),
        message=text(detail, "description") or text(body, "message") or text(body, "error_description"),
        redirect_url=link(body, "redirect") or link(body, "payer-action"),
        retry="after_fix",
        refs={"debug_id": debug} if (debug := text(body, "debug_id")) else {},
    )
    if answer.status >= 500 or answer.status < 400:
        return replace(said, outcome="unknown", retry="same_key")
    if answer.status == 401:
        return replace(
            said, kind="configuration" if said.code == "invalid_client" else "token_expired", retry="same_key"
        )
    if answer.status == 403:
        return replace(said, kind="configuration")
    if answer.status == 409:
        return replace(said, outcome="pending", retry="same_key")
    if answer.status == 429:
        return replace(said, kind="busy", retry="same_key")
    return _by_issue(said) if answer.status == 422 else said


def _by_issue(said: Result) -> Result:
    code = said.code or ""
    if code == "INSTRUMENT_DECLINED":
        return replace(said, outcome="declined", retry="redirect_payer")
    if code in DECLINED:
        return replace(said, outcome="declined", retry="no")
    if code in ("ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"):
        return replace(said, outcome="requires_action", retry="redirect_payer")
    if code == "ORDER_ALREADY_CAPTURED":
        return replace(said, outcome="unknown", retry="lookup")
    if code == "ORDER_COMPLETION_IN_PROGRESS":
        return replace(said, outcome="pending", retry="wait")
    return replace(said, outcome="duplicate", retry="lookup") if code == "DUPLICATE_INVOICE_ID" else said


def order(answer: Answer) -> Result:
    body = good(answer)
    return refused(answer) if body is None else opened(body)


def opened(body: object) -> Result:
    """An order without captures: `refs["approved"]` says that the payer has agreed and we may take it."""
    status, ref = text(body, "status"), text(body, "id")
    action = status in ("CREATED", "SAVED", "APPROVED", "PAYER_ACTION_REQUIRED") and ref
    outcome: Outcome = "requires_action" if action else "canceled" if status == "VOIDED" else "unknown"
    return Result(
        outcome=outcome,
        gateway_ref=ref,
        redirect_url=link(body, "payer-action") or link(body, "approve"),
        retry="lookup" if outcome == "unknown" else "no",
        refs={"approved": "true"} if status == "APPROVED" else {},
    )


def captured(answer: Answer, order_id: str) -> Result:
    body = good(answer)
    if body is None:
        said = refused(answer)
        return replace(said, refs={**said.refs, "order_id": order_id})
    found = [each for each in _captures(body) if each.result.outcome != "declined"] or _captures(body)
    if len(found) != 1:
        return Result(outcome="unknown", retry="lookup", refs={"order_id": order_id})
    our_id = {"our_id": found[0].our_id} if found[0].our_id else {}
    return replace(found[0].result, refs={**found[0].result.refs, "order_id": order_id, **our_id})


def capture(body: object) -> Finding:
    """An order that is COMPLETED is not paid: its capture says so. `refs["given_back"]`: partly or wholly."""
    status = text(body, "status")
    outcome, back = CAPTURE.get(status, "unknown"), GIVEN_BACK.get(status or "")
    codes = child(body, "processor_response")
    result = Result(
        outcome=outcome,
        message=text(body, "status_details", "reason"),
        gateway_ref=text(body, "id"),
        **amount_of(child(body, "amount")),
        avs=avs(text(codes, "avs_code")),
        cvv=cvv(text(codes, "cvv_code")),
        captured=True if outcome == "approved" else None,
        retry="lookup" if outcome == "unknown" else "no",
        refs={"given_back": back} if back else {},
    )
    return Finding(result=result, our_id=text(body, "custom_id"), at=moment(text(body, "create_time")))


def capture_findings(answer: Answer) -> Findings | Result:
    body = good(answer)
    return failed(refused(answer)) if body is None else _rows(body, [capture(body)])


def order_findings(answer: Answer) -> Findings | Result:
    """The captures of an order and what was given back of them; the order itself while there is none."""
    body = good(answer)
    if body is None:
        return failed(refused(answer))
    units = children(body, "purchase_units")
    refunds = [refunded(each) for unit in units for each in children(unit, "payments", "refunds")]
    if found := _captures(body):
        return _rows(body, [*found, *refunds])
    unit = next(iter(units), None)
    result = replace(opened(body), **amount_of(child(unit, "amount")))
    if text(body, "status") == "COMPLETED":
        return UNKNOWN
    return _rows(body, [Finding(result=result, our_id=text(unit, "custom_id"))])


def _rows(body: object, rows: list[Finding]) -> Findings:
    """What has no id is no object of PayPal's."""
    return Findings(rows=tuple(rows), complete=text(body, "id") is not None)


def _captures(body: object) -> list[Finding]:
    units = children(body, "purchase_units")
    return [capture(each) for unit in units for each in children(unit, "payments", "captures")]


def refund(answer: Answer) -> Result:
    body = good(answer)
    return refused(answer) if body is None else refunded(body).result


def refunded(body: object) -> Finding:
    outcome = REFUND.get(text(body, "status"), "unknown")
    charge = (link(body, "up") or "").rpartition("/")[2]
    result = Result(
        outcome=outcome,
        message=text(body, "status_details", "reason"),
        gateway_ref=text(body, "id"),
        **amount_of(child(body, "amount")),
        retry="same_key" if outcome == "unknown" else "no",
        refs={"charge": charge} if charge else {},
    )
    at = moment(text(body, "create_time"))
    return Finding(result=result, kind="refund", our_id=text(body, "custom_id"), of=charge or None, at=at)


class Money(TypedDict):
    amount: int | None
    currency: str | None


def amount_of(node: object) -> Money:
    currency = text(node, "currency_code")
    return {"amount": from_text(text(node, "value"), currency or "USD"), "currency": currency}


def link(body: object, rel: str) -> str | None:
    return next((text(each, "href") for each in children(body, "links") if text(each, "rel") == rel), None)
