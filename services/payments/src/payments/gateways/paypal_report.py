"""PayPal's report of transactions."""

from payments.gateways.base import Finding, Outcome, Result
from payments.gateways.nested import child, children, moment, text, whole
from payments.gateways.paypal_answers import amount_of, good, refused
from payments.gateways.transport import Answer


def report(answer: Answer) -> tuple[list[Finding] | Result, int]:
    """Rows of the transaction report and the number of its pages. T11 codes are refunds, the rest that is
    ours are payments (T00)."""
    body = good(answer)
    if body is None:
        return refused(answer), 0
    rows = [child(each, "transaction_info") for each in children(body, "transaction_details")]
    return [_row(row) for row in rows], whole(body, "total_pages") or 0


def _row(row: object) -> Finding:
    code = text(row, "transaction_event_code") or ""
    status: dict[str | None, Outcome] = {"S": "approved", "P": "pending", "D": "declined", "V": "reversed"}
    money = amount_of(child(row, "transaction_amount"))
    result = Result(
        outcome=status.get(text(row, "transaction_status"), "unknown"),
        gateway_ref=text(row, "transaction_id"),
        amount=abs(money["amount"]) if isinstance(money["amount"], int) else None,
        currency=money["currency"],
    )
    kind = "sale" if code.startswith("T00") else "refund" if code.startswith("T11") else "other"
    at = moment(text(row, "transaction_initiation_date"))
    return Finding(result=result, kind=kind, our_id=text(row, "custom_field"), at=at)
