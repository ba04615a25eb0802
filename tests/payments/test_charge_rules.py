"""What a gateway's word makes of a charge, from every state and by every way that it can come."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from payments import ledger
from payments.gateways.base import Outcome, Result
from payments.ledger import OVER, Asked, Attempt, Change, State, charge

STATES: tuple[State, ...] = get_args(State)
WAYS: tuple[Asked, ...] = get_args(Asked)
WAITING: tuple[State, ...] = ("requires_action", "pending", "unknown")
"""What any word about the charge may end."""
BOTH = "the gateway has {}; asked for were 10.00 USD"


def an(state: State, **more: Any) -> Attempt:
    facts: dict[str, Any] = {"amount": 1000, "currency": "USD", "authorize": False, "gateway_ref": None}
    facts |= {"duplicate": False, "not_found": 0, "age": timedelta()}
    return Attempt(**{"state": state, **facts, **more})


def told(outcome: Outcome, **more: Any) -> Result:
    return Result(outcome=outcome, **more)


def paid(**more: Any) -> Result:
    return told("approved", **{"gateway_ref": "r1", "amount": 1000, "currency": "USD", **more})


def test_every_state_is_open_or_over_but_two() -> None:
    """Of these two, one has its money, and the other has let its invoices go and waits for a void."""
    assert {*ledger.OPEN, *ledger.OVER, "succeeded", "void_pending"} == set(STATES)
    assert len(ledger.OPEN) + len(ledger.OVER) + 2 == len(STATES)


PLAIN: tuple[Outcome, ...] = ("declined", "canceled", "voided", "pending")


def leads(state: State, outcome: Outcome, asked: Asked) -> bool:
    match state:
        case "succeeded" | "canceled" | "expired" | "failed" | "declined" | "voided":
            return False
        case "authorized":
            return outcome in ("canceled", "voided")
        case "void_pending":
            return outcome in ("declined", "voided")
        case "submitting":
            return asked == "call"
        case "needs_review":
            return asked == "person"
        case _:
            return state != outcome


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("outcome", PLAIN)
@pytest.mark.parametrize("state", STATES)
def test_a_plain_word(state: Any, outcome: Any, asked: Asked) -> None:
    expected = Change(outcome) if leads(state, outcome, asked) else None
    assert charge(an(state), told(outcome), asked) == expected


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outcome", ["rejected", "ignored"])
def test_what_proves_nothing_changes_nothing(state: State, outcome: Any, asked: Asked) -> None:
    assert charge(an(state), told(outcome), asked) is None


@pytest.mark.parametrize("authorize", [False, True])
@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("state", STATES)
def test_money(state: State, asked: Asked, authorize: bool) -> None:
    """Also where a hold was asked for, and the gateway took the money at once."""
    result = paid(captured=True) if authorize else paid()
    change = charge(an(state, authorize=authorize, references=frozenset(("r1",))), result, asked)
    if state in OVER:
        assert change == Change("succeeded", 1000, f"paid although it was {state}", "late_success")
    elif state in ("succeeded", "void_pending"):
        assert change is None
    else:
        assert change == Change("succeeded", money=1000)


@pytest.mark.parametrize("captured", [False, None])
@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("state", STATES)
def test_a_hold(state: State, asked: Asked, captured: bool | None) -> None:
    """Also where a sale was asked for, and the gateway says that the money is only held."""
    attempt = an(state, authorize=captured is None, references=frozenset(("r1",)))
    change = charge(attempt, paid(captured=captured), asked)
    if state in OVER:
        why = f"authorised although it was {state}"
        assert change == Change("void_pending", reason=why, alert="late_hold")
    elif state in ("succeeded", "void_pending", "authorized"):
        assert change is None
    elif state == "needs_review":
        assert change == (Change("authorized") if asked == "person" else None)
    else:
        assert change == Change("authorized")


@pytest.mark.parametrize("asked", WAYS)
def test_approved_without_any_reference_is_not_believed(asked: Asked) -> None:
    change = charge(an("pending"), paid(gateway_ref=None), asked)
    assert change == Change("unknown", reason="approved without a reference")
    known = charge(an("pending", gateway_ref="r1"), paid(gateway_ref=None), asked)
    assert known == Change("succeeded", money=1000)
    assert charge(an("pending", gateway_ref="r1"), paid(), asked) == known
    for state in OVER:
        assert charge(an(state), paid(gateway_ref=None), asked) is None


DIFFERENT = [
    (paid(amount=1200), "12.00 USD, reference r1"),
    (paid(amount=999), "9.99 USD, reference r1"),
    (paid(currency="EUR"), "10.00 EUR, reference r1"),
    (paid(amount=1200, gateway_ref=None), "12.00 USD"),
    (paid(amount=1200, currency=None), "12.00 USD, reference r1"),
    (paid(amount=1200, gateway_ref=None, refs={"charges": "a, b"}), "12.00 USD, reference a, b"),
]


@pytest.mark.parametrize(("result", "theirs"), DIFFERENT)
@pytest.mark.parametrize("asked", [each for each in WAYS if each != "person"])
def test_another_amount_is_for_a_person(result: Result, theirs: str, asked: Asked) -> None:
    why = BOTH.format(theirs)
    review = Change("needs_review", reason=why, alert="needs_review")
    for state in ("submitting", *WAITING, "authorized"):
        assert charge(an(state, gateway_ref=result.gateway_ref or "r1"), result, asked) == review
    for state in OVER:
        late = Change("needs_review", reason=f"{why}; the payment was {state}", alert="needs_review")
        assert charge(an(state, gateway_ref="r1"), result, asked) == late
    for state in ("needs_review", "void_pending"):
        assert charge(an(state, gateway_ref="r1"), result, asked) is None


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_what_is_not_named_does_not_differ_but_ends_no_review(missing: str) -> None:
    result = paid(**{missing: None})
    for asked in WAYS:
        assert charge(an("pending"), result, asked) == Change("succeeded", money=1000)
        decided = Change("succeeded", money=1000) if asked == "person" else None
        assert charge(an("needs_review"), result, asked) == decided


def test_another_charge_than_the_one_known_is_for_a_person() -> None:
    known = an("pending", gateway_ref="r1")
    change = charge(known, paid(gateway_ref="r2"), "webhook")
    why = BOTH.format("10.00 USD, reference r2")
    assert change == Change("needs_review", reason=why, alert="needs_review")
    assert charge(known, paid(gateway_ref="r2"), "person") == Change("succeeded", money=1000)


def test_what_a_person_saw_is_booked() -> None:
    assert charge(an("needs_review"), paid(amount=1200), "person") == Change("succeeded", money=1200)
    assert charge(an("needs_review"), paid(captured=False), "person") == Change("authorized")
    hold = an("needs_review", authorize=True)
    assert charge(hold, paid(), "person") == Change("authorized")
    assert charge(hold, paid(captured=True, amount=700), "person") == Change("succeeded", money=700)


def test_a_second_charge_under_a_paid_attempt() -> None:
    done = an("succeeded", gateway_ref="r1", references=frozenset(("r1", "c1")))
    for ref in ("r1", "c1", None):
        assert charge(done, paid(gateway_ref=ref), "webhook") is None
    assert charge(done, told("declined", gateway_ref="r2"), "webhook") is None
    second = Change("succeeded", money=1200, second=True, alert="second_charge")
    assert charge(done, paid(gateway_ref="r2", amount=1200), "webhook") == second
    for amount in (None, 0, -5):  # never our own amount
        untold = charge(done, told("approved", gateway_ref="r2", amount=amount), "webhook")
        assert untold is not None
        assert (untold.money, untold.second, untold.alert) == (0, True, "second_charge")
        assert "r2" in str(untold.reason)


@pytest.mark.parametrize(
    ("more", "theirs"), [({"amount": 1200, "currency": "EUR"}, "12.00 EUR"), ({"amount": 1000}, "10.00 USD")]
)
def test_a_second_hold_under_a_paid_attempt(more: dict[str, Any], theirs: str) -> None:
    done = an("succeeded", gateway_ref="r1", references=frozenset(("r1",)))
    change = charge(done, told("approved", gateway_ref="r2", captured=False, **more), "webhook")
    why = f"The gateway holds {theirs} beside what was paid, reference r2: release it there."
    assert change == Change("succeeded", reason=why, alert="second_hold", second=True)


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("state", STATES)
def test_an_error_and_an_unknown_answer_speak_of_this_call_alone(state: State, asked: Asked) -> None:
    error, unknown = (charge(an(state), told(outcome), asked) for outcome in ("error", "unknown"))
    fails = {"call": ("submitting", *WAITING), "person": (*WAITING, "needs_review")}.get(asked, ())
    assert error == (Change("failed") if state in fails else None)
    doubts = asked == "call" and state in ("submitting", "requires_action", "pending")
    assert unknown == (Change("unknown") if doubts else None)


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("state", STATES)
def test_a_page_that_waits(state: State, asked: Asked) -> None:
    change = charge(an(state), told("requires_action"), asked)
    if state == "submitting" and asked == "call":
        assert change == Change("requires_action")
    elif state == "unknown" and asked in ("look", "resend"):
        assert change == Change("unknown", not_found=True)
    else:
        assert change is None


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("state", STATES)
def test_what_the_gateway_does_not_know(state: State, asked: Asked) -> None:
    change = charge(an(state), told("not_found"), asked)
    counts = state == "unknown" and asked in ("look", "resend")
    assert change == (Change("unknown", not_found=True) if counts else None)


HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize("outcome", ["not_found", "requires_action"])
@pytest.mark.parametrize(
    ("before", "age", "over"),
    [
        (0, timedelta(days=1), False),
        (1, HALF_AN_HOUR - timedelta(seconds=1), False),
        (1, HALF_AN_HOUR, True),
        (2, HALF_AN_HOUR, True),
    ],
)
def test_twice_unknown_after_half_an_hour_did_not_happen(
    outcome: Any, before: int, age: timedelta, over: bool
) -> None:
    change = charge(an("unknown", not_found=before, age=age), told(outcome), "look")
    assert change == (Change("failed") if over else Change("unknown", not_found=True))


def test_a_duplicate_is_looked_up_and_never_taken_for_ours() -> None:
    called = Change("unknown", reason="the gateway calls it a duplicate")
    assert charge(an("submitting"), told("duplicate"), "call") == called
    review = Change("needs_review", reason="the gateway calls it a duplicate", alert="needs_review")
    assert charge(an("unknown"), told("duplicate"), "look") == review
    other = Change("needs_review", reason="a duplicate, but of another payment", alert="needs_review")
    assert charge(an("unknown", duplicate=True), told("not_found"), "look") == other


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize(
    ("result", "why"),
    [
        (told("needs_review"), "the gateway's answers disagree"),
        (told("needs_review", message="two payments"), "two payments"),
        (
            told("needs_review", amount=1200, currency="USD", message="no"),
            "the gateway has 12.00 USD; asked for were 10.00 USD",
        ),
    ],
)
def test_facts_that_disagree(result: Result, why: str, asked: Asked) -> None:
    review = Change("needs_review", reason=why, alert="needs_review")
    for state in ("submitting", *WAITING, "authorized"):
        assert charge(an(state), result, asked) == review
    for state in ("needs_review", "void_pending", "succeeded"):
        assert charge(an(state), result, asked) is None
    for state in OVER:
        late = Change("needs_review", reason=f"{why}; the payment was {state}", alert="needs_review")
        assert charge(an(state), result, asked) == late
