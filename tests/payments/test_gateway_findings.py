"""What rows of a gateway's books say of a charge, and of what was done to one."""

from dataclasses import replace
from typing import Any

import pytest
from payments.gateways.base import Expected, Outcome, Result, Return, What
from payments.gateways.findings import after_return, agreed, approved, compare, meant
from payments.gateways.found import Dispute, Finding, Findings, Webhook, all_of, failed

ASKED = Expected(our_id="a-1", amount=12540)
TAKEN: dict[What, bool] = {"sale": True, "capture": True, "hold": False}


def row(kind: What = "sale", outcome: Outcome = "approved", ref: str | None = "1", **more: Any) -> Finding:
    said = Result(outcome=outcome, gateway_ref=ref, captured=TAKEN.get(kind), amount=12540, currency="USD")
    about = {name: more.pop(name) for name in ("our_id", "of") if name in more}
    return Finding(result=replace(said, auth_code="OK1", **more), kind=kind, **about)


def of(*rows: Finding, complete: bool = True) -> Findings:
    return Findings(rows=rows, complete=complete)


SALE, OTHER = row(our_id="a-1"), row(ref="2", our_id="a-1")
HOLD = row("hold")
DECLINE = row(outcome="declined", ref="9", our_id="a-1")
VOID_OF_1 = row("void", ref="5", of="1")
UNNAMED_VOID = row("void", ref="5")


@pytest.mark.parametrize(
    ("found", "outcome", "ref"),
    [
        (of(), "not_found", None),
        (of(complete=False), "unknown", None),
        (of(SALE), "approved", "1"),
        (of(SALE, complete=False), "unknown", None),
        (of(DECLINE), "declined", "9"),
        (of(DECLINE, complete=False), "unknown", None),
        (of(DECLINE, SALE), "approved", "1"),
        (of(SALE, DECLINE), "approved", "1"),
        (of(DECLINE, row(outcome="pending", ref="3")), "pending", "3"),
        (of(row(outcome="pending", ref="3"), DECLINE), "pending", "3"),
        (of(row(outcome="unknown", ref="3"), DECLINE, row(outcome="pending")), "unknown", "3"),
        (of(row(outcome="requires_action", ref="3"), DECLINE), "requires_action", "3"),
        (of(DECLINE, row(outcome="requires_action", ref="3")), "requires_action", "3"),
        (of(row(outcome="requires_action", ref="4"), row(outcome="pending", ref="3")), "pending", "3"),
        (of(row(outcome="pending", ref="3"), row(outcome="unknown", ref="4")), "unknown", "4"),
        (of(row(outcome="unknown", ref="3"), SALE), "approved", "1"),
        (of(row("refund", ref="7", of="1")), "not_found", None),
        (of(SALE, row("refund", ref="7", of="1")), "approved", "1"),
        (of(SALE, row("refund", "unknown", ref="7", of="1")), "approved", "1"),
        (of(SALE, row("dispute", ref="7", of="1")), "approved", "1"),
        (of(SALE, OTHER), "needs_review", None),
        (of(SALE, OTHER, complete=False), "needs_review", None),
        (of(SALE, OTHER, VOID_OF_1), "approved", "2"),
        (of(SALE, OTHER, UNNAMED_VOID), "needs_review", None),
        (of(SALE, VOID_OF_1), "voided", "1"),
        (of(SALE, UNNAMED_VOID), "voided", "1"),
        (of(SALE, row("void", ref="5", of="2")), "approved", "1"),
        (of(SALE, row("void", "declined", ref="5", of="1")), "approved", "1"),
        (of(SALE, row("void", "unknown", ref="5", of="1")), "unknown", None),
        (of(HOLD, VOID_OF_1), "voided", "1"),
        (of(HOLD, row("capture", ref="4", of="1"), VOID_OF_1), "approved", "1"),
        (of(row("capture", ref="4", of="1")), "approved", "4"),
        (of(HOLD, row("capture", ref="4", of="8")), "needs_review", None),
        (of(row(our_id="a-2")), "needs_review", "1"),
        (of(row(outcome="declined", our_id="a-2")), "not_found", None),
        (of(row(amount=1)), "needs_review", "1"),
        (of(row(currency="CAD")), "needs_review", "1"),
        (of(row(outcome="pending", amount=1)), "needs_review", "1"),
        (of(row(outcome="declined", amount=1)), "declined", "1"),
        (of(row(amount=None, currency=None)), "approved", "1"),
    ],
)
def test_a_charge(found: Findings, outcome: str, ref: str | None) -> None:
    result = compare(found, ASKED)
    assert (result.outcome, result.gateway_ref) == (outcome, ref)


def test_what_else_is_said_of_a_charge() -> None:
    assert compare(of(), ASKED).retry == "wait"
    unread = compare(of(complete=False), ASKED)
    assert (unread.kind, unread.retry) == ("unreadable", "lookup")
    two = compare(of(SALE, OTHER), ASKED)
    assert (two.refs, two.auth_code, two.amount) == ({"charges": "1, 2"}, None, 12540)
    assert compare(of(row(amount=5), OTHER), ASKED).amount == 5
    assert compare(of(SALE, VOID_OF_1), ASKED).captured is None
    assert compare(of(SALE), ASKED).captured is True
    assert compare(of(row("hold", "declined", captured=None)), ASKED).captured is None
    assert compare(of(row(amount=1, currency="CAD", our_id="b")), ASKED).refs == {
        "differs": "amount, currency, our id"
    }


@pytest.mark.parametrize(
    ("capture", "captured", "amount", "currency", "refs"),
    [
        ([], False, 12540, "USD", {}),
        ([row("capture", ref="4", of="1")], True, 12540, "USD", {"capture": "4"}),
        ([row("capture", ref=None)], True, 12540, "USD", {}),
        ([row("capture", ref="4", amount=None, currency=None)], True, 12540, "USD", {"capture": "4"}),
        ([row("capture", "declined", ref="4", of="1")], False, 12540, "USD", {}),
        ([row("capture", "pending", ref="4", of="1")], False, 12540, "USD", {}),
        ([row("capture", ref="4", amount=9)], True, 9, "USD", {"capture": "4", "differs": "amount"}),
        (
            [row("capture", ref="4", currency="CAD")],
            True,
            12540,
            "CAD",
            {"capture": "4", "differs": "currency"},
        ),
    ],
)
def test_a_hold(
    capture: list[Finding], captured: bool, amount: int, currency: str, refs: dict[str, str]
) -> None:
    result = compare(of(replace(HOLD, result=replace(HOLD.result, captured=None)), *capture), ASKED)
    assert (result.captured, result.amount, result.currency) == (captured, amount, currency)
    assert (result.gateway_ref, dict(result.refs)) == ("1", refs)


@pytest.mark.parametrize(
    ("found", "refs"),
    [
        (of(), []),
        (of(SALE), ["1"]),
        (of(row()), ["1"]),
        (of(row(our_id="a-2")), []),
        (of(SALE, OTHER), ["1", "2"]),
        (of(SALE, DECLINE, row(outcome="pending", ref="3")), ["1"]),
        (of(SALE, VOID_OF_1), []),
        (of(SALE, UNNAMED_VOID), []),
        (of(SALE, OTHER, VOID_OF_1), ["2"]),
        (of(SALE, OTHER, UNNAMED_VOID), ["1", "2"]),
        (of(SALE, row("refund", ref="7", of="1")), ["1"]),
    ],
)
def test_every_charge_that_was_taken(found: Findings, refs: list[str]) -> None:
    assert [each.gateway_ref for each in approved(found, ASKED)] == refs


def test_a_charge_that_was_taken_by_a_capture_of_another_amount() -> None:
    (taken,) = approved(of(HOLD, row("capture", ref="4", of="1", amount=9)), ASKED)
    assert (taken.gateway_ref, taken.captured, taken.amount, taken.refs) == ("1", True, 9, {"capture": "4"})
    (held,) = approved(of(HOLD), ASKED)
    assert (held.captured, held.amount) == (False, 12540)


def asked(kind: What, **more: Any) -> Expected:
    return Expected(our_id="op-1", amount=4000, kind=kind, charge_ref="1", **more)


MINE = row("refund", ref="7", of="1", our_id="op-1", amount=4000)
ANOTHERS = row("refund", ref="8", of="1", our_id="op-2", amount=4000)
NAMELESS = row("refund", ref="8", of="1", amount=4000)
CAPTURE = row("capture", ref="4", of="1")


@pytest.mark.parametrize(
    ("expected", "found", "outcome"),
    [
        (asked("capture"), of(), "not_found"),
        (asked("capture"), of(complete=False), "unknown"),
        (asked("capture"), of(HOLD), "not_found"),
        (asked("capture"), of(HOLD, complete=False), "unknown"),
        (asked("capture"), of(HOLD, CAPTURE), "approved"),
        (asked("capture"), of(HOLD, CAPTURE, complete=False), "approved"),
        (asked("capture"), of(row("capture", ref="4")), "approved"),
        (asked("capture"), of(row("capture", ref="4", of="2")), "not_found"),
        (asked("capture"), of(SALE), "approved"),
        (asked("capture"), of(row(captured=None)), "approved"),
        (asked("capture"), of(row(captured=False)), "not_found"),
        (asked("capture"), of(OTHER), "not_found"),
        (asked("capture"), of(row("capture", "declined", ref="3", of="1"), CAPTURE), "approved"),
        (asked("capture"), of(CAPTURE, row("capture", "declined", ref="3", of="1")), "approved"),
        (asked("capture"), of(row("capture", "declined", ref="3", of="1")), "declined"),
        (asked("capture"), of(row("capture", "pending", ref="3", of="1")), "pending"),
        (
            asked("capture"),
            of(row("capture", "pending", ref="3", of="1"), row("capture", "declined", ref="4", of="1")),
            "pending",
        ),
        (asked("capture"), of(row("capture", "unknown", ref="3", of="1")), "unknown"),
        (asked("void"), of(SALE, VOID_OF_1), "approved"),
        (asked("void"), of(SALE, UNNAMED_VOID), "approved"),
        (asked("void"), of(SALE, row("void", of="2")), "not_found"),
        (asked("void"), of(SALE), "not_found"),
        (asked("void"), of(SALE, complete=False), "unknown"),
        (asked("refund"), of(SALE), "not_found"),
        (asked("refund"), of(SALE, complete=False), "unknown"),
        (asked("refund"), of(SALE, MINE), "approved"),
        (asked("refund"), of(SALE, ANOTHERS, MINE), "approved"),
        (asked("refund"), of(SALE, ANOTHERS), "not_found"),
        (asked("refund"), of(SALE, NAMELESS), "unknown"),
        (asked("refund"), of(SALE, NAMELESS, MINE), "approved"),
        (asked("refund"), of(SALE, replace(NAMELESS, of=None)), "unknown"),
        (asked("refund"), of(SALE, replace(NAMELESS, of="2")), "not_found"),
        (asked("refund"), of(SALE, row("refund", ref="8", of="1", amount=None)), "unknown"),
        (asked("refund"), of(SALE, row("refund", ref="8", of="1", amount=3999)), "not_found"),
        (asked("refund", gateway_ref="8"), of(SALE, NAMELESS), "approved"),
        (asked("refund", gateway_ref="8"), of(SALE, MINE), "approved"),
        (asked("refund", gateway_ref="6"), of(SALE, NAMELESS), "not_found"),
    ],
)
def test_what_was_done_to_a_charge(expected: Expected, found: Findings, outcome: str) -> None:
    assert meant(found, expected).outcome == outcome


def test_of_several_the_one_that_was_done_is_named() -> None:
    no, later = row("capture", "declined", ref="3", of="1"), row("capture", "declined", ref="6", of="1")
    assert meant(of(no, CAPTURE), asked("capture")).gateway_ref == "4"
    assert meant(of(no, later), asked("capture")).gateway_ref == "6"
    assert meant(of(ANOTHERS, MINE), asked("refund")).gateway_ref == "7"


def test_whether_every_row_is_understood() -> None:
    assert all_of([SALE, DECLINE]) == of(SALE, DECLINE)
    assert all_of([SALE, None]) == of(SALE, complete=False)
    assert all_of([]) == of()


def test_what_a_gateway_leaves_unsaid() -> None:
    said = Result(outcome="approved")
    facts = ("our_id", "of", "at", "settled", "can_void", "can_refund", "refund_max", "dispute")
    assert vars(Finding(result=said)) == {"result": said, "kind": "sale", **dict.fromkeys(facts)}
    facts = ("external_id", "type", "our_id", "order_ref", "charge_ref", "refunded_total", "dispute")
    assert vars(Webhook(result=said)) == {"result": said, "kind": "sale", **dict.fromkeys(facts)}
    facts = ("amount", "withdrawn", "fee", "currency", "reason")
    case = Dispute(reference="1", stage="opened")
    assert vars(case) == {"reference": "1", "stage": "opened", **dict.fromkeys(facts)}
    assert vars(Findings()) == {"rows": (), "complete": True}


def test_a_look_up_that_failed_keeps_why() -> None:
    wrong = Result(outcome="error", kind="configuration", code="1001", message="No.", retry="after_fix")
    assert failed(wrong) == replace(wrong, outcome="unknown", retry="lookup")
    declined = Result(outcome="declined", code="5", gateway_ref="1", amount=4)
    assert failed(declined) == Result(outcome="unknown", kind="refused", code="5", retry="lookup")


@pytest.mark.parametrize(
    ("returned", "looked", "outcome"),
    [
        (Return(verified=False), "approved", "rejected"),
        (Return(verified=True), "approved", "approved"),
        (Return(verified=True, canceled=True), "approved", "approved"),
        (Return(verified=True), "not_found", "pending"),
        (Return(verified=True, canceled=True), "not_found", "canceled"),
    ],
)
def test_a_return(returned: Return, looked: Outcome, outcome: str) -> None:
    found = after_return(returned, Result(outcome=looked))
    assert found.outcome == outcome
    assert (outcome == "pending") == (found.retry == "wait")


def test_what_did_not_move_money_may_differ() -> None:
    for outcome in ("approved", "pending", "declined", "unknown", "voided"):
        result = agreed(Result(outcome=outcome, amount=1), None, ASKED)
        assert (result.outcome == "needs_review") == (outcome in ("approved", "pending"))
