"""Money that went back without us: refunds made at the gateway, chargebacks, refunds that came back."""

from typing import Any
from uuid import UUID

from shared.db import Row
from shared.work import Work
from sqlalchemy import select, update

from payments.flows import books
from payments.flows.operations import apply_operation, money_of, operations_of
from payments.flows.outcomes import locked
from payments.flows.regained import take_back
from payments.flows.traces import Heard, insert_operation, note, raise_alert
from payments.gateways.money import with_currency
from payments.models import operation, payment


async def give_back_outside(
    work: Work[Any], *, attempt_id: UUID, total: int | None, heard: Heard, kind: str
) -> None:
    """`total`: all refunds of the charge so far, as the gateway counts them. What our own refunds explain is
    nothing new. A chargeback takes all that is left."""
    row = await locked(work, attempt_id)
    rows = await operations_of(work, attempt_id)
    ours = await _ours(work, rows, heard)
    if ours:
        return
    left = money_of(rows)
    known = left.refunded + left.reserved
    new = left.captured - known if kind == "reversal" or total is None else total - known
    if kind == "refund" and total is None:
        new = min(heard.result.amount or 0, left.captured - known)
    if new <= 0 or row.state != "succeeded":
        return
    new = min(new, left.captured - known)
    if not new:
        return
    id = await insert_operation(work, attempt_id, "refund", new, due=None, reason=f"{kind} at the gateway")
    done = {"state": "succeeded", "gateway_ref": heard.result.gateway_ref}
    await work.session.execute(update(operation).where(operation.c.id == id).values(done))
    await note(work, row, kind, heard, amount=new, operation_id=id, details={})
    paid = await _payment_of(work, attempt_id)
    await books.give_back(work, payment_id=paid, amount=new, who=heard.who, kind=kind, operation_id=id)
    sum_ = with_currency(new, row.currency)
    await raise_alert(work, row, kind, f"Money went back at the gateway, not by us: {sum_}.")


async def _ours(work: Work[Any], rows: list[Row], heard: Heard) -> bool:
    """A refund of ours that is not settled yet, or is known by this reference."""
    for each in rows:
        if each.kind not in ("refund", "void"):
            continue
        same = each.gateway_ref is not None and each.gateway_ref == heard.result.gateway_ref
        if same and each.state not in ("unknown", "pending", "submitting"):
            return True
        if each.state in ("unknown", "pending", "submitting") and each.amount == heard.result.amount:
            await apply_operation(work, operation_id=each.id, heard=heard)
            return True
    return False


async def refund_came_back(work: Work[Any], *, attempt_id: UUID, heard: Heard) -> None:
    """A refund that was approved has failed after all: the money is ours again."""
    row = await locked(work, attempt_id)
    for each in await operations_of(work, attempt_id):
        if each.kind != "refund" or each.gateway_ref != heard.result.gateway_ref:
            continue
        if each.state != "succeeded":
            await apply_operation(work, operation_id=each.id, heard=heard)
            return
        failed = {"state": "declined", "version": each.version + 1, "updated_at": work.now}
        await work.session.execute(update(operation).where(operation.c.id == each.id).values(failed))
        await note(work, row, "refund_failed", heard, amount=each.amount, operation_id=each.id, details={})
        excess = await take_back(
            work,
            payment_id=await _payment_of(work, attempt_id),
            kind="refund",
            amount=each.amount,
            operation_id=each.id,
            who=heard.who,
        )
        text = f"A refund of {with_currency(each.amount, row.currency)} came back to us."
        if excess:
            text += f" {with_currency(excess, row.currency)} of it is credit now: the invoice needs less."
        await raise_alert(work, row, "refund_failed", text)


async def _payment_of(work: Work[Any], attempt_id: UUID) -> UUID:
    query = (
        select(payment.c.id)
        .join_from(payment, operation, payment.c.operation_id == operation.c.id)
        .where(operation.c.attempt_id == attempt_id)
    )
    return (await work.session.execute(query)).scalar_one()
