"""The one place where an attempt's state changes: under a lock on its row, whoever brings the news."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Row
from shared.problems import not_found
from shared.work import Work
from sqlalchemy import and_, select, update

from payments import ledger, schedule
from payments.flows.booking import book
from payments.flows.seconds import second_charge
from payments.flows.traces import Heard, answer_alerts, insert_operation, named, note, raise_alert
from payments.gateways.base import Result
from payments.gateways.scrub import scrub
from payments.models import (
    attempt,
    attempt_invoice,
    gateway_account,
    operation,
)
from payments.policy import policy
from payments.queries import sandbox_money

SETTLED = ("succeeded", "authorized", "declined", "failed", "canceled", "voided")


async def locked(work: Work[Any], attempt_id: UUID) -> Row:
    query = select(attempt).where(attempt.c.id == attempt_id).with_for_update()
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise not_found("payment attempt")
    return found


async def apply_charge(work: Work[Any], *, attempt_id: UUID, heard: Heard) -> ledger.State:
    """What was heard of an attempt's charge; the state it is in then. Repeats change nothing."""
    row = await locked(work, attempt_id)
    result = await _own(work, row, _clean(heard.result))
    change = ledger.charge(facts(row, work.now, await references(work, row)), result, heard.asked)
    if change is not None and change.second:
        await second_charge(work, row, change, heard)
        return row.state
    if change is None:
        if heard.asked == "webhook":
            await note(work, row, "heard", heard, details=_said(result))
        return row.state
    if row.state == "authorized" and await _capturing(work, row):
        return row.state  # the capture on its way books the money, when its own answer is known
    change = await _checked(work, row, result, change)
    await note(work, row, change.state, heard, amount=change.money or None, details=_said(result))
    await _write(work, row, result, change)
    values: dict[str, Any] = {"gateway_ref": result.gateway_ref} if result.gateway_ref else {}
    if change.state == "authorized":
        values["kind"] = "authorize"  # also where a sale was asked for: a hold is no money
    elif change.money:
        values |= {"kind": "sale", "amount": change.money}
    operation_id = await mirror(work, attempt_id, change.state, **values)
    if change.money:
        await book(work, row, operation_id, change.money, result, heard.who)
    if change.state in SETTLED and row.state != change.state and heard.asked != "person":
        await answer_alerts(work, row, "callboard", "needs_review", "look_failed")
    if change.alert:
        await raise_alert(work, row, change.alert, f"{change.reason or change.alert} ({named(row)})")
    return change.state


async def _capturing(work: Work[Any], row: Row) -> bool:
    on_its_way = operation.c.state.in_(("submitting", "unknown", "pending", "needs_review"))
    query = select(operation.c.id).where(
        operation.c.attempt_id == row.id, operation.c.kind == "capture", on_its_way
    )
    return (await work.session.execute(query.limit(1))).first() is not None


_MIRROR: dict[ledger.State, str] = {
    "submitting": "submitting",
    "requires_action": "submitting",
    "pending": "pending",
    "authorized": "succeeded",
    "succeeded": "succeeded",
    "declined": "declined",
    "failed": "failed",
    "unknown": "unknown",
    "canceled": "failed",
    "expired": "failed",
    "voided": "failed",
    "void_pending": "succeeded",
    "needs_review": "needs_review",
}


async def mirror(work: Work[Any], attempt_id: UUID, state: ledger.State, **values: Any) -> UUID:
    """Writes the attempt's state to the operation that takes (or holds) its money; that operation's id."""
    query = select(operation.c.id, operation.c.version).where(
        operation.c.attempt_id == attempt_id, operation.c.kind.in_(("sale", "authorize"))
    )
    found = (await work.session.execute(query)).one()
    values |= {"state": _MIRROR[state], "version": found.version + 1, "updated_at": work.now}
    await work.session.execute(update(operation).where(operation.c.id == found.id).values(values))
    return found.id


async def references(work: Work[Any], row: Row) -> frozenset[str]:
    query = select(operation.c.gateway_ref).where(operation.c.attempt_id == row.id)
    known = (await work.session.execute(query)).scalars().all()
    return frozenset(ref for ref in (row.gateway_ref, *known) if ref)


def facts(row: Row, now: datetime, references: frozenset[str]) -> ledger.Attempt:
    return ledger.Attempt(
        state=row.state,
        amount=row.amount,
        currency=row.currency,
        authorize=row.kind == "authorize",
        gateway_ref=row.gateway_ref,
        duplicate=bool(row.extra.get("duplicate")),
        not_found=row.not_found,
        age=now - row.created_at,
        references=references,
    )


def _clean(result: Result) -> Result:
    message, warning = (text and scrub(text) for text in (result.message, result.warning))
    return replace(result, message=message, warning=warning)


async def _own(work: Work[Any], row: Row, result: Result) -> Result:
    """A reference that another attempt has is never borrowed."""
    if result.gateway_ref is None:
        return result
    query = select(attempt.c.id).where(
        attempt.c.account_id == row.account_id,
        attempt.c.gateway_ref == result.gateway_ref,
        attempt.c.id != row.id,
    )
    if (await work.session.execute(query)).first() is None:
        return result
    message = f"The gateway names a payment of another attempt: {result.gateway_ref}"
    return replace(result, outcome="needs_review", gateway_ref=None, amount=None, message=message)


async def _checked(work: Work[Any], row: Row, result: Result, change: ledger.Change) -> ledger.Change:
    """The account's rule for failed address and security code checks. Test money counts for nothing once
    there is real money, also what a page or hold from before brings."""
    if change.state in ("authorized", "succeeded") and await sandbox_money.refused(work.session, row.gateway):
        return ledger.Change("void_pending", reason=sandbox_money.REFUSED)
    if change.state not in ("authorized", "succeeded") or row.state in ledger.OVER:
        return change
    query = select(gateway_account).where(gateway_account.c.id == row.account_id)
    account = (await work.session.execute(query)).one()
    rule = policy(
        avs=result.avs, cvv=result.cvv, avs_policy=account.avs_policy, cvv_policy=account.cvv_policy
    )
    why = f"address check: {result.avs}, security code: {result.cvv}"
    if rule == "void":
        return ledger.Change("void_pending", reason=why)
    if rule == "review" or result.warning:
        why = why if rule == "review" else f"the gateway warns: {result.warning}"
        return replace(change, reason=why, alert=change.alert or "review")
    return change


async def _write(work: Work[Any], row: Row, result: Result, change: ledger.Change) -> None:
    names = ("auth_code", "avs", "cvv", "last4", "brand", "code", "message")
    values = {name: value for name in names if (value := getattr(result, name)) is not None}
    if change.state in ("authorized", "succeeded", "void_pending", "pending") and result.gateway_ref:
        values["gateway_ref"] = result.gateway_ref
    extra = dict(row.extra)
    if result.outcome == "duplicate":
        extra["duplicate"] = True
    if change.alert == "review":
        values["review"] = change.reason
    if change.state == "void_pending":
        extra["void_to"] = "voided" if change.alert == "late_hold" else "declined"
        await insert_operation(work, row.id, "void", row.amount, due=work.now, reason=change.reason)
        work.wake("janitor")
    same = row.state == change.state
    checks = row.checks if same else 0
    values |= {"state": change.state, "extra": extra, "checks": checks}
    if change.money and result.currency not in (None, row.currency):
        values |= {"currency": result.currency, "amount": change.money}
    values["not_found"] = row.not_found + 1 if change.not_found else 0
    if not same:
        values["next_check_at"] = schedule.next_check(change.state, 0, work.now)
    await set_attempt(work, row, **values)


async def set_attempt(work: Work[Any], row: Row, **values: Any) -> None:
    """Writes the attempt. What is over lets its invoices go; they are never taken again."""
    values |= {"version": row.version + 1, "updated_at": work.now}
    await work.session.execute(update(attempt).where(attempt.c.id == row.id).values(values))
    if values.get("state", row.state) not in ledger.OPEN:
        mine = and_(attempt_invoice.c.attempt_id == row.id, attempt_invoice.c.open)
        await work.session.execute(update(attempt_invoice).where(mine).values(open=False))


def _said(result: Result) -> dict[str, Any]:
    names = ("outcome", "kind", "code", "message", "warning", "gateway_ref", "amount", "currency")
    names = (*names, "captured", "avs", "cvv")
    return {name: value for name in names if (value := getattr(result, name)) is not None}
