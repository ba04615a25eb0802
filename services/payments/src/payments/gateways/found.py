"""What a gateway has in its own books, and what it tells by itself: one row for each operation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from payments.gateways.base import Kind, Result, What

Stage = Literal[
    "opened",  # the payer's bank asks; the money is still ours
    "withdrawn",  # it was taken from us while the case is open
    "reinstated",  # it is ours again, the case may be open
    "won",  # the case is over, the money stays or comes back
    "lost",  # the case is over, the money is gone
]


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A payer's dispute of a charge. Amounts are minor units of `currency`, None where the gateway does not
    say. `amount` is what is disputed, which may be a part of the charge. `withdrawn` is how much of it is out
    of our hands after this, 0 when all of it has come back. `fee` is what the gateway has charged for the
    case so far, and not part of either. `reference` is the gateway's id of the case."""

    reference: str | None
    stage: Stage
    amount: int | None = None
    withdrawn: int | None = None
    fee: int | None = None
    currency: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One operation as the gateway keeps it, and what became of it (`result.outcome`: approved, declined,
    pending, requires_action, canceled, unknown). A hold that was captured is two of them, so is a charge that
    was voided. `of` is the reference of the charge that a capture, void, refund or dispute belongs to. `at`
    is when this operation happened. `can_void`, `can_refund` and `refund_max` (minor units) are None where
    the gateway does not say."""

    result: Result
    kind: What = "sale"
    our_id: str | None = None
    of: str | None = None
    at: datetime | None = None
    settled: bool | None = None
    can_void: bool | None = None
    can_refund: bool | None = None
    refund_max: int | None = None
    dispute: Dispute | None = None


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a look-up or a list yielded. `complete`: it was answered wholly, and of every row it is understood
    which operation it is, so that what is not among `rows` is surely not in the gateway's books."""

    rows: tuple[Finding, ...] = ()
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A call from the gateway, about one operation (`kind`). `result.outcome` is "rejected" where the
    signature proves nothing: answer 400 and keep nothing; "ignored": keep, answer 200. For a refund
    "approved" says that it happened, perhaps without us, and "declined" that it failed or came back.
    `external_id` is the gateway's id of the event, `charge_ref` its reference of the charge.
    `refunded_total`: all refunds of the charge so far, in minor units; a refund without an amount of its own
    is told by this sum alone."""

    result: Result
    kind: What = "sale"
    external_id: str | None = None
    type: str | None = None
    our_id: str | None = None
    order_ref: str | None = None
    charge_ref: str | None = None
    refunded_total: int | None = None
    dispute: Dispute | None = None


def all_of(rows: Iterable[Finding | None]) -> Findings:
    """The rows whose operation is understood (None: one that is not)."""
    listed = list(rows)
    known = tuple(row for row in listed if row is not None)
    return Findings(rows=known, complete=len(known) == len(listed))


def failed(result: Result, kind: Kind = "refused") -> Result:
    """A look-up that did not succeed. Whatever it says of itself, it says nothing about money."""
    return Result(
        outcome="unknown",
        kind=result.kind or kind,
        code=result.code,
        message=result.message,
        retry="lookup",
    )
