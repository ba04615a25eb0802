"""What a person decides, held against the gateway's own rows and what was heard before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from shared.db import Row
from shared.problems import Problem, conflict

from payments.gateways.base import Expected, Outcome, Result
from payments.gateways.findings import compare, meant
from payments.gateways.found import Finding, Findings
from payments.gateways.money import with_currency

Verdict = Literal["succeeded", "declined", "failed", "voided"]
_OUTCOME: dict[Verdict, Outcome] = {
    "succeeded": "approved",
    "declined": "declined",
    "failed": "error",
    "voided": "voided",
}
_TOOK = ("sale", "capture")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person found out. `amount` is minor units of `currency`; `gateway_ref` is the gateway's own
    reference."""

    outcome: Verdict
    amount: int | None = None
    currency: str | None = None
    gateway_ref: str | None = None
    note: str


def of_charge(row: Row, said: Decision, found: Findings | None, heard: Sequence[dict[str, Any]]) -> Result:
    """What is to be applied to an attempt. `found` is what the gateway has (None: it cannot be asked),
    `heard` the amounts that it told before, oldest first. Raises 409 where they contradict the person, 422
    where the decision does not say enough."""
    ours = Expected(our_id=row.id.hex, amount=row.amount, currency=row.currency, gateway_ref=row.gateway_ref)
    if said.outcome != "succeeded":
        _took_nothing(said, found, ours)
        return _result(said)
    ref = said.gateway_ref or row.gateway_ref
    if ref is None:
        raise Problem(422, "Name the gateway's reference of the payment", "It is in the gateway's own list.")
    amount, currency = _money(said)
    expected = replace(ours, amount=amount, currency=currency, gateway_ref=ref)
    there = _under(ref, found) if found is not None else None
    theirs = compare(there, expected) if there is not None else Result(outcome="unknown")
    if theirs.outcome == "unknown":
        _as_heard(ref, amount, currency, heard)
        return replace(_result(said), gateway_ref=ref, captured=row.kind == "sale" or None)
    if theirs.outcome == "needs_review" and there is not None:
        raise conflict("The card service says something else about this payment", _rows(there.rows))
    if theirs.outcome != "approved":
        known = _rows(found.rows) if found is not None and found.rows else "It has no payment of ours."
        raise conflict("The card service has no such payment under this reference", known, gateway_ref=ref)
    captured = row.kind == "sale" or None if theirs.captured is None else theirs.captured
    return replace(_result(said), gateway_ref=ref, captured=captured)


def of_operation(op: Row, row: Row, said: Decision, found: Findings | None, expected: Expected) -> Result:
    """What is to be applied to a capture, void or refund; the rest as for a charge."""
    if said.outcome == "voided":
        raise Problem(422, "Decide `succeeded`, `declined` or `failed` about a capture, void or refund")
    theirs = meant(found, expected) if found is not None else Result(outcome="unknown")
    if said.outcome != "succeeded":
        if theirs.outcome in ("approved", "pending"):
            raise conflict(f"The card service says that this {op.kind} was made", _rows([_row(op, theirs)]))
        return _result(said)
    amount, currency = (op.amount, row.currency) if op.kind == "void" else _money(said)
    if theirs.outcome in ("not_found", "declined"):
        raise conflict(f"The card service has no such {op.kind}", "Look for it in the gateway's own list.")
    if theirs.outcome in ("approved", "pending") and op.kind != "void":
        told = (theirs.amount or amount, theirs.currency or currency)
        if told != (amount, currency):
            raise conflict(
                "The card service says something else about this payment", _rows([_row(op, theirs)])
            )
    if currency != row.currency:
        raise Problem(422, f"This payment is in {row.currency}")
    ref = said.gateway_ref or theirs.gateway_ref or op.gateway_ref
    return replace(_result(said), amount=amount, currency=currency, gateway_ref=ref)


def _result(said: Decision) -> Result:
    return Result(
        outcome=_OUTCOME[said.outcome],
        amount=said.amount if said.outcome == "succeeded" else None,
        currency=said.currency if said.outcome == "succeeded" else None,
        message=said.note[:300],
    )


def _money(said: Decision) -> tuple[int, str]:
    if said.amount is None or said.currency is None:
        raise Problem(
            422, "Name the amount and the currency of the payment", "As the gateway's own list shows them."
        )
    return said.amount, said.currency


def _under(ref: str, found: Findings) -> Findings:
    """The rows about the charge that the person named."""
    return Findings(
        rows=tuple(row for row in found.rows if ref in (row.result.gateway_ref, row.of)),
        complete=found.complete,
    )


def _took_nothing(said: Decision, found: Findings | None, ours: Expected) -> None:
    """Raises 409 where the gateway has money of this payment, or (for all but `voided`) holds it."""
    if found is None:
        return
    theirs = compare(found, ours)
    approved = [row for row in found.rows if row.result.outcome == "approved"]
    taken = sum(row.result.amount or 0 for row in approved if row.kind in _TOOK)
    back = sum(row.result.amount or 0 for row in approved if row.kind == "refund")
    if theirs.outcome in ("approved", "needs_review") and taken > back:
        raise conflict("The card service has taken money for this payment", _rows(found.rows))
    if theirs.outcome == "approved" and theirs.captured is False and said.outcome != "voided":
        raise conflict("The card service still holds this money", "Decide `voided` to let it go.")
    if theirs.outcome == "pending":
        raise conflict("The card service says that this payment is still on its way", _rows(found.rows))


def _as_heard(ref: str, amount: int, currency: str, heard: Sequence[dict[str, Any]]) -> None:
    """Where the gateway cannot be asked now, what it said last counts."""
    for details in reversed(heard):
        if details.get("gateway_ref") not in (None, ref):
            continue
        told = (details["amount"], details.get("currency") or currency)
        if told != (amount, currency):
            raise conflict(
                "The card service said something else about this payment",
                f"It told of {with_currency(*told)}, you say {with_currency(amount, currency)}.",
            )
        return


def _row(op: Row, result: Result) -> Finding:
    return Finding(result=result, kind=op.kind)


def _rows(rows: Sequence[Finding]) -> str:
    said = [
        f"{row.kind} {row.result.outcome}"
        + (f", {with_currency(row.result.amount, row.result.currency or 'USD')}" if row.result.amount else "")
        + (f", reference {row.result.gateway_ref}" if row.result.gateway_ref else "")
        for row in rows
    ]
    return f"It has: {'; '.join(said)}." if said else "It has nothing."
