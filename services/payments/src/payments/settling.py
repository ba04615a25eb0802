"""The states of a capture, void or refund, and what a gateway's word makes of them."""

from datetime import timedelta
from typing import Literal

from payments.gateways.base import Result
from payments.ledger import NOT_FOUND_AFTER, NOT_FOUND_TIMES, Asked

OperationState = Literal[
    "submitting", "unknown", "pending", "succeeded", "declined", "failed", "needs_review"
]


def settle(
    state: OperationState, result: Result, asked: Asked, *, not_found: int, age: timedelta
) -> OperationState | None:
    """What `result` makes of a capture, void or refund; None: nothing. A warning is not its business: what
    the gateway did is done."""
    if state in ("succeeded", "declined", "failed"):
        return None
    match result.outcome:
        case "approved" | "voided":
            target: OperationState | None = "succeeded"
        case "pending":
            target = "pending"
        case "declined":
            target = "declined"
        case "error":
            target = "failed" if asked in ("call", "person") else None
        case "unknown" | "duplicate":
            target = "unknown" if asked == "call" else None
        case "needs_review":
            target = "needs_review"
        case "not_found":
            gone = not_found + 1 >= NOT_FOUND_TIMES and age >= NOT_FOUND_AFTER
            target = "failed" if asked == "call" or (gone and asked != "webhook") else None
        case _:
            target = None
    return target if target != state else None
