"""What gateways told is applied: to which attempt it belongs, and what it changes.

News come in any order. What is about money that has not come yet is kept until it has, and the gateway is
asked meanwhile. Each call is applied by itself: one that fails holds up no other.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from shared.db import Row, utcnow
from shared.failures import is_outage
from shared.service import Running
from shared.work import Work
from sqlalchemy import ColumnElement, or_, select, update

from payments.flows import calls
from payments.flows.believing import FINDING
from payments.flows.disputed import hear_dispute
from payments.flows.outcomes import apply_charge, locked, references
from payments.flows.reversals import hear_own, hear_refund, hear_void
from payments.flows.traces import Heard, Source, raise_alert, settle_alerts
from payments.gateways.found import Webhook
from payments.gateways.money import with_currency
from payments.models import attempt, operation, payment, webhook
from payments.tools import Tools

log = structlog.get_logger()
PAUSES = (1, 5, 30, 120, 600, 3600)
"""Seconds until what could not be applied is tried again; after the last a person is told."""
_BACK = ("refund", "void", "dispute")


async def apply_waiting(running: Running[Tools]) -> int:
    """Applies what has come; how many calls that were."""
    query = select(webhook.c.id).where(webhook.c.due_at <= utcnow()).order_by(webhook.c.received_at).limit(50)
    async with running.database.read() as read:
        ids = (await read.execute(query)).scalars().all()
    for id in ids:
        try:
            await apply_one(running, id)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("webhook_failed", id=str(id), error=type(error).__name__)
            await _failed(running, id, error)
    return len(ids)


async def apply_one(running: Running[Tools], id: UUID) -> None:
    asks: UUID | None = None
    takes = False
    async with running.work() as work:
        query = select(webhook).where(webhook.c.id == id, webhook.c.due_at.is_not(None))
        row = (await work.session.execute(query.with_for_update(skip_locked=True))).one_or_none()
        if row is None:
            return
        found = FINDING.validate_python(row.finding)
        attempt_id = await _attempt_of(work, row.account_id, found)
        if attempt_id is None:
            await _not_ours_yet(work, row, found)
            return
        takes = found.result.outcome == "requires_action"
        if takes or await hear(work, attempt_id, found, "webhook"):
            values = {"state": "applied", "attempt_id": attempt_id, "due_at": None, "tries": row.tries + 1}
            await work.session.execute(update(webhook).where(webhook.c.id == id).values(values))
            await settle_alerts(work, id, who="gateway", note="It was applied.")
            asks = attempt_id if takes else None
        else:
            asks = attempt_id
            await _keep_waiting(work, row, attempt_id, found)
    if asks is not None:
        await (calls.complete if takes else calls.look)(running, asks, "webhook")


async def hear(work: Work[Any], attempt_id: UUID, found: Webhook, source: Source) -> bool:
    """Applies one piece of news; False where it is about money that has not come (yet)."""
    heard = Heard(found.result, "webhook", source, "gateway")
    voided = found.result.outcome == "voided"
    if found.kind not in _BACK:
        ref = found.charge_ref if found.kind == "capture" else found.result.gateway_ref
        about_charge = replace(heard, result=replace(found.result, gateway_ref=ref))
        state = await apply_charge(work, attempt_id=attempt_id, heard=about_charge)
        if not voided:
            return True
        if state != "succeeded":
            return False
    row = await locked(work, attempt_id)
    if row.state == "succeeded" and await _of_another(work, row, found):
        return False
    if found.kind in ("refund", "void") and await hear_own(work, row, found, heard):
        return True
    payment_id = await _payment_of(work, attempt_id)
    if row.state != "succeeded" or payment_id is None:
        return await _known(work, row, found)
    if found.kind == "refund":
        await hear_refund(work, row=row, payment_id=payment_id, said=found, heard=heard)
    elif found.kind == "dispute" and found.dispute:
        await hear_dispute(work, row=row, payment_id=payment_id, said=found.dispute, heard=heard)
    elif (found.kind == "void" and found.result.outcome == "approved") or voided:
        await hear_void(work, row=row, payment_id=payment_id, heard=heard)
    return True


async def _of_another(work: Work[Any], row: Row, found: Webhook) -> bool:
    """Whether it is about a charge beside the one that is booked, which nobody has told of yet."""
    known = await references(work, row)
    return found.kind in _BACK and bool(known and found.charge_ref) and found.charge_ref not in known


async def _known(work: Work[Any], row: Row, found: Webhook) -> bool:
    """Whether it tells of an operation that our own rules made and settled already."""
    ref = found.result.gateway_ref
    query = select(operation.c.id).where(
        operation.c.attempt_id == row.id,
        operation.c.kind.in_(("refund", "void")),
        or_(operation.c.gateway_ref == ref, operation.c.request_id == found.our_id),
    )
    mine = (ref or found.our_id) and (await work.session.execute(query.limit(1))).first() is not None
    return bool(mine) or (found.kind == "void" and row.state in ("voided", "declined"))


async def _payment_of(work: Work[Any], attempt_id: UUID) -> UUID | None:
    query = select(payment.c.id).join_from(payment, operation, payment.c.operation_id == operation.c.id)
    query = query.where(operation.c.attempt_id == attempt_id).order_by(payment.c.id).limit(1)
    return (await work.session.execute(query)).scalar_one_or_none()


async def _attempt_of(work: Work[Any], account_id: UUID, found: Webhook) -> UUID | None:
    """Whose charge it names, and where none is known by that name, whose order or id: two charges may have
    been made under one of those, and what is told of one belongs to that one."""
    for named in (_by_charge(found), _by_order(found)):
        if named:
            query = select(attempt.c.id).where(attempt.c.account_id == account_id, or_(*named))
            known = (await work.session.execute(query.order_by(attempt.c.id).limit(1))).scalar_one_or_none()
            if known is not None:
                return known
    return None


def _by_charge(found: Webhook) -> list[ColumnElement[bool]]:
    if not found.charge_ref:
        return []
    named = select(operation.c.attempt_id).where(operation.c.gateway_ref == found.charge_ref)
    return [attempt.c.gateway_ref == found.charge_ref, attempt.c.id.in_(named)]


def _by_order(found: Webhook) -> list[ColumnElement[bool]]:
    named = [attempt.c.order_ref == found.order_ref] if found.order_ref else []
    if found.our_id:
        try:
            named.append(attempt.c.id == UUID(found.our_id))
        except ValueError:
            named.append(attempt.c.short_ref == found.our_id)
        ours = select(operation.c.attempt_id).where(operation.c.request_id == found.our_id)
        named.append(attempt.c.id.in_(ours))
    return named


async def _keep_waiting(work: Work[Any], row: Row, attempt_id: UUID, found: Webhook) -> None:
    if found.kind not in _BACK:  # a charge that was voided: nothing is missing, unless it turns out paid
        values: dict[str, Any] = {"state": "kept", "due_at": None}
    elif row.tries < len(PAUSES):
        values = {"due_at": work.now + timedelta(seconds=PAUSES[row.tries])}
    else:
        values = {"state": "kept", "due_at": None, "reason": "the payment that it is about has not come"}
        about = await locked(work, attempt_id)
        text = f"{_amount(found)} went back at the gateway of a payment that is not in our books."
        await raise_alert(work, about, "unmatched", text, subject_id=row.id)
    values |= {"attempt_id": attempt_id, "tries": row.tries + 1}
    await work.session.execute(update(webhook).where(webhook.c.id == row.id).values(values))


async def _not_ours_yet(work: Work[Any], row: Row, found: Webhook) -> None:
    values: dict[str, Any] = {"tries": row.tries + 1, "due_at": None}
    if row.tries < len(PAUSES):
        values["due_at"] = work.now + timedelta(seconds=PAUSES[row.tries])
    else:
        values |= {"state": "unmatched", "reason": "no payment attempt of ours has these references"}
        log.warning("webhook_unmatched", kind=row.kind)
        if found.result.outcome in ("approved", "pending"):
            text = f"A gateway told of money that is not ours: {row.kind}, {_amount(found)}"
            await raise_alert(work, None, "unmatched", f"{text}, {row.charge_ref}.", subject_id=row.id)
    await work.session.execute(update(webhook).where(webhook.c.id == row.id).values(values))


def _amount(found: Webhook) -> str:
    said, about = found.result, found.dispute
    amount = said.amount or found.refunded_total or (about.amount if about else None)
    currency = said.currency or (about.currency if about else None) or "USD"
    return "an unknown amount" if amount is None else with_currency(amount, currency)


async def _failed(running: Running[Tools], id: UUID, error: Exception) -> None:
    """Counted outside of the transaction that failed. After the last try a person is told, and may have it
    tried again."""
    async with running.work() as work:
        row = (await work.session.execute(select(webhook).where(webhook.c.id == id).with_for_update())).one()
        values: dict[str, Any] = {"state": "received", "tries": row.tries + 1, "due_at": None}
        if row.tries < len(PAUSES):
            values["due_at"] = work.now + timedelta(seconds=PAUSES[row.tries])
        else:
            values |= {"state": "failed", "reason": f"applying it failed ({type(error).__name__})"}
            text = f"What a gateway told could not be applied: {row.kind}. Have it tried again."
            await raise_alert(work, None, "webhook_failed", text, subject_id=id)
        await work.session.execute(update(webhook).where(webhook.c.id == id).values(values))
