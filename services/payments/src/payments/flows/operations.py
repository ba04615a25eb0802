"""Captures, voids and refunds: reserved before the call, settled once."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from shared.db import Row
from shared.problems import conflict, not_found
from shared.work import Work
from sqlalchemy import select, update

from payments import schedule, totals
from payments.flows import books
from payments.flows.booking import book
from payments.flows.outcomes import locked, set_attempt
from payments.flows.traces import Heard, answer_alerts, insert_operation, named, note, raise_alert
from payments.gateways.base import Result
from payments.gateways.money import with_currency
from payments.models import operation, payment
from payments.queries import sandbox_money
from payments.queries.balances import left_of
from payments.settling import settle


async def operations_of(work: Work[Any], attempt_id: UUID) -> list[Row]:
    query = select(operation).where(operation.c.attempt_id == attempt_id).order_by(operation.c.id)
    return list((await work.session.execute(query)).all())


def money_of(rows: list[Row]) -> totals.Money:
    return totals.money((row.kind, row.state, row.amount) for row in rows)


async def begin(
    work: Work[Any], row: Row, *, kind: str, amount: int | None, reason: str | None, who: str, **once: Any
) -> UUID:
    """Reserves a capture, void or refund of the locked attempt; None: all of it. Raises 409 where it does not
    fit its state or what is left."""
    rows = await operations_of(work, row.id)
    left = money_of(rows)
    if kind == "capture":
        await sandbox_money.refuse(work.session, row.gateway)
    _all_settled(row, rows)
    check = {"capture": _may_capture, "void": _may_void, "refund": _may_refund}[kind]
    asked = check(row, left, amount)
    due = work.now + schedule.SUBMITTED
    id = await insert_operation(work, row.id, kind, asked, due=due, reason=reason, **once)
    after = {"amount": asked, "reason": reason, "operation": str(id)}
    work.audit(who=who, action=f"attempt.{kind}", subject=row.id, after=after)
    return id


def _all_settled(row: Row, rows: list[Row]) -> None:
    if row.state == "needs_review":
        raise conflict("This payment waits for a decision", f"Decide: POST {decision_path(row)}")
    for each in rows:
        if each.kind in ("sale", "authorize"):
            continue
        if each.state == "needs_review":
            how = f"Look it up at the card service, then decide: POST {decision_path(row, each)}"
            raise conflict(f"An earlier {each.kind} of this payment waits for a decision", how)
        if each.state in ("submitting", "unknown"):
            raise conflict(f"An earlier {each.kind} of this payment is not settled", "Wait until it is.")


def decision_path(row: Row, op: Row | None = None) -> str:
    of = f"/operations/{op.id}" if op is not None else ""
    return f"/v1/payment-attempts/{row.id}{of}/decision"


def _may_capture(row: Row, left: totals.Money, amount: int | None) -> int:
    if row.state != "authorized":
        raise conflict("There is nothing held that could be captured")
    if amount is not None and amount > row.amount:
        raise conflict("This is more than was authorised", "Capture less.", left=row.amount)
    return row.amount if amount is None else amount


def _may_void(row: Row, left: totals.Money, amount: int | None) -> int:
    if row.state == "authorized":
        return row.amount
    if row.state != "succeeded" or left.refundable != left.captured or not left.captured:
        raise conflict("There is nothing that could be voided", "Refund it instead.")
    return left.captured


def _may_refund(row: Row, left: totals.Money, amount: int | None) -> int:
    if row.state != "succeeded" or not left.refundable:
        raise conflict("There is nothing to refund")
    if amount is not None and amount > left.refundable:
        raise conflict("This is more than is left of the payment", "Refund less.", left=left.refundable)
    return left.refundable if amount is None else amount


async def apply_operation(work: Work[Any], *, operation_id: UUID, heard: Heard) -> str:
    """What was heard of a capture, void or refund; its state then. Repeats change nothing."""
    query = select(operation).where(operation.c.id == operation_id)
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise not_found("operation")
    row = await locked(work, found.attempt_id)
    op = (await work.session.execute(query)).one()
    result = _agreed(op, row, heard)
    state = settle(op.state, result, heard.asked, not_found=op.not_found, age=work.now - op.created_at)
    if state is None:
        if result.outcome == "not_found":
            await _set(work, op, not_found=op.not_found + 1)
        return op.state
    details = {"kind": op.kind, "code": result.code, "message": result.message}
    await note(work, row, state, heard, amount=op.amount, operation_id=op.id, details=details)
    names = ("gateway_ref", "code", "message")
    values = {name: value for name in names if (value := getattr(result, name)) is not None}
    due = schedule.next_check(state, 0, work.now)
    await _set(work, op, state=state, checks=0, not_found=0, next_check_at=due, **values)
    if state == "succeeded":
        await {"capture": _captured, "void": _voided, "refund": _refunded}[op.kind](work, row, op, heard)
    elif state in ("declined", "failed") and row.state == "void_pending":
        await _not_undone(work, row, op)
    elif state in ("declined", "failed") and row.state == "authorized" and op.kind == "void":
        why = result.message or result.code or state
        text = f"A hold could not be voided: {named(row)}. {why} Try again, capture it, or decide `voided`: "
        await raise_alert(work, row, "hold_kept", f"{text}POST {decision_path(row)}")
    elif state == "needs_review":
        what = f"Whether a {op.kind} of {with_currency(op.amount, row.currency)} happened is not known"
        why = f" {result.message}" if result.message else ""
        text = f"{what} ({named(row)}).{why} Look it up at the card service, then decide: "
        await raise_alert(work, row, "needs_review", f"{text}POST {decision_path(row, op)}")
    if op.state == "needs_review" and state != "pending" and heard.asked != "person":
        await answer_alerts(work, row, "callboard", "needs_review", "look_failed")
    return state


def _agreed(op: Row, row: Row, heard: Heard) -> Result:
    """What the gateway did is another amount than was asked for: a person decides, and is told of both."""
    result = heard.result
    differs = result.amount not in (None, op.amount) or result.currency not in (None, row.currency)
    if heard.asked == "person" or op.kind == "void" or result.outcome != "approved" or not differs:
        return result
    theirs = with_currency(result.amount or op.amount, result.currency or row.currency)
    ours = with_currency(op.amount, row.currency)
    both = f"The gateway has {theirs}, asked for were {ours}."
    return replace(result, outcome="needs_review", message=both)


async def _set(work: Work[Any], op: Row, **values: Any) -> None:
    values |= {"version": op.version + 1, "updated_at": work.now}
    await work.session.execute(update(operation).where(operation.c.id == op.id).values(values))


async def _captured(work: Work[Any], row: Row, op: Row, heard: Heard) -> None:
    await set_attempt(work, row, state="succeeded", next_check_at=None)
    await book(work, row, op.id, op.amount, heard.result, heard.who)


async def _voided(work: Work[Any], row: Row, op: Row, heard: Heard) -> None:
    if row.state == "void_pending":
        await set_attempt(work, row, state=row.extra.get("void_to", "voided"), next_check_at=None)
    elif row.state == "authorized":
        await set_attempt(work, row, state="voided", next_check_at=None)
    else:
        await _refunded(work, row, op, heard)


async def _refunded(work: Work[Any], row: Row, op: Row, heard: Heard) -> None:
    query = (
        select(payment.c.id)
        .join_from(payment, operation, payment.c.operation_id == operation.c.id)
        .where(operation.c.attempt_id == row.id)
    )
    paid = (await work.session.execute(query)).scalar_one_or_none()
    if row.state == "void_pending":
        await set_attempt(work, row, state=row.extra.get("void_to", "voided"), next_check_at=None)
    elif paid is not None:
        left = max(sum((await left_of(work.session, paid)).values()), 0)
        beyond = max(op.amount - left, 0)  # somebody else gave it back meanwhile
        if op.amount > beyond:
            about: dict[str, Any] = {"kind": "refund", "operation_id": op.id, "who": heard.who}
            await books.give_back(work, payment_id=paid, amount=op.amount - beyond, **about)
        await tell_beyond(work, row, beyond)


async def tell_beyond(work: Work[Any], row: Row, beyond: int) -> None:
    """What went back and was not there any more, where there is such a sum."""
    if beyond:
        text = f"The gateway has given back {with_currency(beyond, row.currency)} more than was left of the"
        await raise_alert(work, row, "refund", f"{text} payment: our books do not show it.")


async def _not_undone(work: Work[Any], row: Row, op: Row) -> None:
    """A payment that our rule refuses could not be voided: then it is refunded, and if that fails too, a
    person must decide."""
    if op.kind == "void" and row.kind == "sale":
        await insert_operation(work, row.id, "refund", op.amount, due=work.now, reason=op.reason)
        work.wake("janitor")
    else:
        await set_attempt(work, row, state="needs_review", next_check_at=None)
        text = f"A payment that should be taken back could not be: {named(row)}. Decide: "
        await raise_alert(work, row, "needs_review", f"{text}POST {decision_path(row)}")
