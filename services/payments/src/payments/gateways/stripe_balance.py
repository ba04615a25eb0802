"""Stripe's balance transactions: money as it moved, on the day on which it did."""

from collections.abc import Sequence
from dataclasses import replace

from payments.gateways.found import Dispute, Finding
from payments.gateways.nested import child, epoch, text, whole
from payments.gateways.stripe_objects import operations

OURS = frozenset(
    (
        "charge",
        "payment",
        "refund",
        "payment_refund",
        "refund_failure",
        "payment_failure_refund",
        "adjustment",
    )
)


def moved(row: object) -> Sequence[Finding | None]:
    """The operation behind a movement, at the movement's own time; nothing for fees, payouts and whatever
    else no payer did. `source` is expanded. None: money of a payer's, and no word of what it was for."""
    kind, source = text(row, "type"), child(row, "source")
    if kind is None or (kind in OURS and kind != "adjustment" and not isinstance(source, dict)):
        return [None]
    if kind not in OURS or not isinstance(source, dict):
        return []
    found = next(iter(operations(source)), None)
    at = epoch(whole(row, "created"))
    if found is None or at is None:
        return [None]
    if found.kind == "dispute":
        found = _of_dispute(found, whole(row, "amount"))
    return [replace(found, at=at)]


def _of_dispute(found: Finding, amount: int | None) -> Finding:
    """Of a case, what this movement took or gave back."""
    if amount is None or found.dispute is None:
        return found
    taken = amount < 0
    case: Dispute = replace(
        found.dispute,
        stage="withdrawn" if taken else "reinstated",
        withdrawn=abs(amount) if taken else 0,
    )
    return replace(found, dispute=case, result=replace(found.result, amount=abs(amount)))
