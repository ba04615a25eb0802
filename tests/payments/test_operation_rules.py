"""What a gateway's word makes of a capture, void or refund, from every state and by every way; and what all
operations of a payment come to."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from payments.gateways.base import Outcome, Result
from payments.ledger import Asked
from payments.settling import OperationState, settle
from payments.totals import Money, money

STATES: tuple[OperationState, ...] = get_args(OperationState)
OVER = ("succeeded", "declined", "failed")
LONG = {"not_found": 1, "age": timedelta(minutes=30)}


def target(outcome: Outcome, asked: Asked) -> str | None:
    """Where a result leads, of which only the first answer to a call and a person know that nothing moved."""
    match outcome:
        case "approved" | "voided":
            return "succeeded"
        case "pending" | "declined" | "needs_review":
            return outcome
        case "error":
            return "failed" if asked in ("call", "person") else None
        case "unknown" | "duplicate":
            return "unknown" if asked == "call" else None
        case "not_found":
            return None if asked == "webhook" else "failed"
        case _:
            return None


@pytest.mark.parametrize("asked", get_args(Asked))
@pytest.mark.parametrize("outcome", get_args(Outcome))
@pytest.mark.parametrize("state", STATES)
def test_where_a_word_leads(state: OperationState, outcome: Outcome, asked: Asked) -> None:
    leads = None if state in OVER or target(outcome, asked) == state else target(outcome, asked)
    assert settle(state, Result(outcome=outcome), asked, **LONG) == leads


@pytest.mark.parametrize(
    ("before", "minutes", "gone"), [(0, 60, False), (1, 29, False), (1, 30, True), (2, 31, True)]
)
def test_twice_unknown_after_half_an_hour_was_not_made(before: int, minutes: int, gone: bool) -> None:
    about: Any = {"not_found": before, "age": timedelta(minutes=minutes)}
    missing = Result(outcome="not_found")
    for asked in ("look", "resend", "person"):
        assert settle("unknown", missing, asked, **about) == ("failed" if gone else None)
    assert settle("submitting", missing, "call", **about) == "failed"


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], Money(0, 0, 0, 0)),
        ([("sale", "succeeded", 1000)], Money(1000, 0, 0, 0)),
        ([("authorize", "succeeded", 1000)], Money(0, 0, 0, 0)),
        ([("authorize", "succeeded", 1000), ("void", "succeeded", 1000)], Money(0, 0, 0, 0)),
        ([("authorize", "succeeded", 1000), ("capture", "succeeded", 700)], Money(700, 0, 0, 0)),
        ([("sale", "pending", 1000)], Money(0, 0, 0, 0)),
        ([("sale", "succeeded", 1000), ("refund", "succeeded", 300)], Money(1000, 300, 0, 0)),
        ([("refund", "succeeded", 300), ("sale", "succeeded", 1000)], Money(1000, 300, 0, 0)),
        ([("sale", "succeeded", 1000), ("void", "succeeded", 1000)], Money(1000, 1000, 0, 0)),
        ([("sale", "succeeded", 1000), ("void", "pending", 1000)], Money(1000, 0, 1000, 0)),
        (
            [("sale", "succeeded", 1000), ("refund", "declined", 300), ("refund", "failed", 1)],
            Money(1000, 0, 0, 0),
        ),
        (
            [("sale", "succeeded", 1000), ("refund", "succeeded", 100), ("dispute", "succeeded", 500)],
            Money(1000, 600, 0, 500),
        ),
        (
            [("sale", "succeeded", 1000), ("dispute", "succeeded", 500), ("reinstate", "succeeded", 200)],
            Money(1000, 300, 0, 300),
        ),
    ],
)
def test_what_was_taken_and_given_back(operations: list[tuple[str, str, int]], expected: Money) -> None:
    assert money(operations) == expected


@pytest.mark.parametrize("state", ["submitting", "unknown", "pending", "needs_review"])
def test_what_may_have_gone_back_is_not_given_again(state: str) -> None:
    rows = [("sale", "succeeded", 1000), ("refund", "succeeded", 200)]
    rows += [("refund", state, 300), ("refund", state, 100)]
    assert money(rows) == Money(1000, 200, 400, 0)
    assert money(rows).refundable == 400
