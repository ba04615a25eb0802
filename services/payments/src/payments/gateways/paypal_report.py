"""PayPal's report of transactions."""

from payments.gateways.base import Outcome, Result, What
from payments.gateways.found import Dispute, Finding
from payments.gateways.nested import child, children, moment, text, whole
from payments.gateways.paypal_answers import amount_of, good, refused
from payments.gateways.transport import UNREADABLE, Answer

STATUS: dict[str | None, Outcome] = {"S": "approved", "P": "pending", "D": "declined", "V": "approved"}
BACK = ("T1106", "T1201")
"""Money that PayPal took back of a payment: a reversal, a chargeback."""
AGAIN = ("T1108", "T1202", "T1110")
"""Such money that came back to us."""


def report(answer: Answer) -> tuple[list[Finding | None] | Result, int]:
    """Rows of the transaction report and the number of its pages. What is neither a payment, a refund nor a
    dispute (fees, transfers, conversions) is no operation of ours and left out; without a code it is None."""
    body = good(answer)
    if body is None:
        return refused(answer), 0
    if not isinstance(child(body, "transaction_details"), list):
        return UNREADABLE, 0
    rows = [child(each, "transaction_info") for each in children(body, "transaction_details")]
    ours = [row for row in rows if _kind(row) is not None or text(row, "transaction_event_code") is None]
    return [_row(row) for row in ours], whole(body, "total_pages") or 0


def _kind(row: object) -> What | None:
    code = text(row, "transaction_event_code") or ""
    if code in BACK or code in AGAIN:
        return "dispute"
    return "sale" if code.startswith("T00") else "refund" if code == "T1107" else None


def _row(row: object) -> Finding | None:
    kind, code = _kind(row), text(row, "transaction_event_code") or ""
    if kind is None:
        return None
    money = amount_of(child(row, "transaction_amount"))
    amount, currency = abs(money["amount"]) if isinstance(money["amount"], int) else None, money["currency"]
    status = text(row, "transaction_status")
    outcome = STATUS.get(status, "unknown")
    result = Result(
        outcome=outcome,
        gateway_ref=text(row, "transaction_id"),
        amount=amount,
        currency=currency,
        captured=True if kind == "sale" and outcome == "approved" else None,
        refs={"given_back": "wholly"} if kind == "sale" and status == "V" else {},
    )
    of = text(row, "paypal_reference_id") if kind != "sale" else None
    case = _case(code, result, of) if kind == "dispute" else None
    at = moment(text(row, "transaction_initiation_date"))
    return Finding(result=result, kind=kind, our_id=text(row, "custom_field"), of=of, at=at, dispute=case)


def _case(code: str, result: Result, of: str | None) -> Dispute:
    back = code in AGAIN
    return Dispute(
        reference=result.gateway_ref,
        stage="reinstated" if back else "withdrawn",
        amount=result.amount,
        withdrawn=0 if back else result.amount,
        currency=result.currency,
    )
