"""The states of a payment attempt, and what a gateway's word makes of them.

An attempt is one try to have money; its operations are the calls that can move money. What a gateway
says comes by many ways (the answer to a call, the payer's return, a webhook, the janitor's look-up, a
person), more than once: `charge` and `settle` decide what it changes, so that repeats and late news change
nothing twice and nothing leads back from `succeeded`.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, NamedTuple

from payments.gateways.base import Result
from payments.gateways.money import with_currency

State = Literal[
    "submitting",
    "requires_action",
    "pending",
    "authorized",
    "succeeded",
    "declined",
    "failed",
    "unknown",
    "canceled",
    "expired",
    "voided",
    "void_pending",
    "needs_review",
]
Asked = Literal["call", "resend", "look", "webhook", "person"]
"""Of what a result is: the first answer to a call that can move money; the answer to the same call sent
again; a look-up; news from the gateway; a person's decision."""

OPEN: frozenset[State] = frozenset(
    ("submitting", "requires_action", "pending", "authorized", "unknown", "needs_review")
)
"""While an attempt is in one of these, no other may be made for its invoices."""
OVER: frozenset[State] = frozenset(("canceled", "expired", "failed", "declined", "voided"))
"""Left only by money that is proven to have come."""
_AFTER_A_HOLD = frozenset(("succeeded", "voided", "canceled", "expired", "needs_review"))
_WHILE_SUBMITTING = frozenset(("succeeded", "authorized", "needs_review"))
"""What other news than the call's own answer may end a call: money. A page that was closed or left, or an
earlier card's decline, says nothing about the call that is on its way; its answer or a look-up will."""
NOT_FOUND_TIMES, NOT_FOUND_AFTER = 2, timedelta(minutes=30)
"""What a gateway does not know twice, the second time after this long, has surely not happened."""


class Attempt(NamedTuple):
    """What of an attempt decides."""

    state: State
    amount: int
    currency: str
    authorize: bool
    gateway_ref: str | None
    duplicate: bool
    not_found: int
    age: timedelta
    references: frozenset[str] = frozenset()
    """All that the gateway has named of it so far, its captures' and refunds' too."""


@dataclass(frozen=True)
class Change:
    """`state` to go to; `money` is what came in now (to be booked), `reason` is for a person. `not_found`:
    the gateway did not know it, once more. `second`: this is another charge than the one that is booked."""

    state: State
    money: int = 0
    reason: str | None = None
    alert: str | None = None
    not_found: bool = False
    second: bool = False


def charge(attempt: Attempt, result: Result, asked: Asked) -> Change | None:
    """What `result` makes of an attempt; None: nothing."""
    if attempt.state == "succeeded":
        return _second(attempt, result)
    target = _target(attempt, result, asked)
    if target is None or target.not_found:
        return target
    if attempt.state == target.state and not target.money:
        return None
    if attempt.state == "submitting" and asked != "call" and target.state not in _WHILE_SUBMITTING:
        return None
    if attempt.state in OVER:
        return _late(attempt, target)
    if attempt.state == "void_pending":
        return target if target.state in ("voided", "declined") else None
    if attempt.state == "authorized" and target.state not in _AFTER_A_HOLD:
        return None
    if attempt.state == "needs_review" and asked != "person" and target.state != "succeeded":
        return None
    return target


def _target(attempt: Attempt, result: Result, asked: Asked) -> Change | None:
    plain = _PLAIN.get(result.outcome)
    if plain is not None:
        return Change(plain)
    match result.outcome:
        case "approved":
            return _approved(attempt, result, asked)
        case "needs_review":
            return Change("needs_review", reason=_differs(attempt, result), alert="needs_review")
        case "duplicate":
            reason = "the gateway calls it a duplicate"
            if asked == "look":  # and knows no payment of ours beside it
                return Change("needs_review", reason=reason, alert="needs_review")
            return Change("unknown", reason=reason)
        case "requires_action":
            return _waiting(attempt, asked)
        case "error":
            # An error says that this call moved nothing. Of an earlier one, it says nothing.
            return Change("failed") if asked in ("call", "person") else None
        case "unknown":
            # A look-up or a repeat that fails changes nothing.
            return Change("unknown") if asked == "call" else None
        case "not_found":
            return _absent(attempt) if asked in ("look", "resend") else None
        case _:
            return None


_PLAIN: dict[str, State] = {
    "declined": "declined",
    "canceled": "canceled",
    "voided": "voided",
    "pending": "pending",
}


def _second(attempt: Attempt, result: Result) -> Change | None:
    """A charge beside the one that is booked; what we know of already is nothing new."""
    ref = result.gateway_ref
    if result.outcome != "approved" or not ref or ref in attempt.references:
        return None
    if result.amount is None or result.amount <= 0:
        why = f"The gateway tells of a second charge, reference {ref}, and not of how much: it is not booked."
        return Change("succeeded", reason=f"{why} Look for it there.", alert="second_charge", second=True)
    if result.captured is False:
        amount = with_currency(result.amount, result.currency or attempt.currency)
        why = f"The gateway holds {amount} beside what was paid, reference {ref}: release it there."
        return Change("succeeded", reason=why, alert="second_hold", second=True)
    return Change("succeeded", money=result.amount, second=True, alert="second_charge")


def _approved(attempt: Attempt, result: Result, asked: Asked) -> Change | None:
    if not result.gateway_ref and not attempt.gateway_ref:
        return Change("unknown", reason="approved without a reference")
    if asked == "person":
        held = result.captured is False or (attempt.authorize and result.captured is not True)
        return Change("authorized") if held else Change("succeeded", money=result.amount or attempt.amount)
    if attempt.gateway_ref and result.gateway_ref and attempt.gateway_ref != result.gateway_ref:
        return Change("needs_review", reason=_differs(attempt, result), alert="needs_review")
    if attempt.state == "needs_review" and None in (result.amount, result.currency):
        return None  # it was another amount before: only the right one in so many words ends the review
    if result.currency not in (None, attempt.currency) or result.amount not in (None, attempt.amount):
        return Change("needs_review", reason=_differs(attempt, result), alert="needs_review")
    if result.captured is False or (attempt.authorize and result.captured is not True):
        return Change("authorized")
    return Change("succeeded", money=attempt.amount)


def _differs(attempt: Attempt, result: Result) -> str:
    """What the gateway says beside what we asked for, for a person."""
    if result.amount is None:
        return result.message or "the gateway's answers disagree"
    theirs = with_currency(result.amount, result.currency or attempt.currency)
    named = result.gateway_ref or result.refs.get("charges")
    under = f", reference {named}" if named else ""
    return (
        f"the gateway has {theirs}{under}; asked for were {with_currency(attempt.amount, attempt.currency)}"
    )


def _waiting(attempt: Attempt, asked: Asked) -> Change | None:
    if attempt.state == "submitting":
        return Change("requires_action")
    if attempt.state == "unknown" and asked in ("look", "resend"):
        return _absent(attempt)
    return None


def _absent(attempt: Attempt) -> Change | None:
    if attempt.state != "unknown":
        return None
    if attempt.duplicate:
        return Change("needs_review", reason="a duplicate, but of another payment", alert="needs_review")
    if attempt.not_found + 1 >= NOT_FOUND_TIMES and attempt.age >= NOT_FOUND_AFTER:
        return Change("failed")
    return Change("unknown", not_found=True)


def _late(attempt: Attempt, target: Change) -> Change | None:
    if target.state == "succeeded":
        return Change("succeeded", target.money, f"paid although it was {attempt.state}", "late_success")
    if target.state == "needs_review" and target.reason is not None:
        return replace(target, reason=f"{target.reason}; the payment was {attempt.state}")
    if target.state == "authorized":
        return Change("void_pending", reason=f"authorised although it was {attempt.state}", alert="late_hold")
    return None
