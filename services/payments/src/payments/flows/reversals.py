"""Money that went back without us: refunds and voids made at the gateway, refunds that came back.

Refunds are told by their reference, by the sum of all so far, or by both, in any order and more than once.
What a sum says beyond the refunds known by reference is a refund without one, until its reference is told.
"""

from typing import Any
from uuid import UUID

from shared.db import Row
from shared.work import Work
from sqlalchemy import update

from payments.flows import books
from payments.flows.operations import apply_operation, money_of, operations_of, tell_beyond
from payments.flows.regained import retell, take_back
from payments.flows.traces import Heard, insert_operation, note, raise_alert
from payments.gateways.found import Webhook
from payments.gateways.money import with_currency
from payments.models import operation

OUTSIDE = "refund at the gateway"
_UNSETTLED = ("unknown", "pending", "submitting", "needs_review")


async def hear_own(work: Work[Any], row: Row, said: Webhook, heard: Heard) -> bool:
    """News of a refund or void that we asked for and that is not settled yet: known by its reference, by our
    id, or, where neither was told, by its amount."""
    result = said.result
    for each in await operations_of(work, row.id):
        if each.kind not in ("refund", "void") or each.state not in _UNSETTLED:
            continue
        named = each.gateway_ref is not None and each.gateway_ref == result.gateway_ref
        ours = said.our_id in (each.request_id, each.id.hex)
        alike = said.our_id is None and each.gateway_ref is None and each.amount == result.amount
        if named or ours or alike:
            await apply_operation(work, operation_id=each.id, heard=heard)
            return True
    return False


async def hear_refund(work: Work[Any], *, row: Row, payment_id: UUID, said: Webhook, heard: Heard) -> None:
    """Of the locked attempt, whose money is booked."""
    result = said.result
    if result.currency not in (None, row.currency):
        sum_ = with_currency(result.amount or said.refunded_total or 0, result.currency)
        text = f"A refund at the gateway is in another currency than the payment: {sum_}. It is not booked."
        await raise_alert(work, row, "refund", text)
        return
    if result.gateway_ref and result.amount:
        await _named(work, row, payment_id, said, heard)
    if said.refunded_total and result.outcome == "approved":
        await _total(work, row, payment_id, said.refunded_total, heard)


async def _named(work: Work[Any], row: Row, payment_id: UUID, said: Webhook, heard: Heard) -> None:
    rows, result = await operations_of(work, row.id), said.result
    known = next((each for each in rows if _same(each, said)), None)
    if known is not None:
        if result.outcome == "declined" and known.state == "succeeded":
            await _came_back(work, row, payment_id, known, heard)
        return
    if result.outcome not in ("approved", "declined"):
        return
    wanted = amount = result.amount or 0
    without = [each for each in rows if _nameless(each)]
    told = rest = min(amount, sum(each.amount for each in without))
    if result.outcome == "approved":
        wanted = told + min(amount - told, max(money_of(rows).held, 0))
    id = await insert_operation(work, row.id, "refund", wanted, due=None, reason=OUTSIDE)
    await _set(work, id, gateway_ref=result.gateway_ref, state="declined")
    await note(work, row, "refund", heard, amount=amount, operation_id=id, details={"told": result.outcome})
    for each in without:
        part = min(rest, each.amount)
        rest -= part
        if not part:
            break
        await retell(work, payment_id=payment_id, from_id=each.id, to_id=id, amount=part, who=heard.who)
        await _set(work, each.id, **({"amount": each.amount - part} if part < each.amount else _RETOLD))
    if result.outcome == "declined":
        if told:
            about: dict[str, Any] = {
                "payment_id": payment_id,
                "operation_id": id,
                "kind": "refund",
                "who": heard.who,
            }
            await take_back(work, amount=told, **about)
            text = f"A refund of {with_currency(amount, row.currency)} at the gateway came back to us."
            await raise_alert(work, row, "refund_failed", text)
        return
    await _set(work, id, state="succeeded")
    await _give(work, row, payment_id, id, wanted - told, amount - wanted, heard)


_RETOLD = {"state": "failed", "reason": "told by its reference since"}


def _same(each: Row, said: Webhook) -> bool:
    """One that we gave up as never made, and the gateway tells of after all, is another."""
    if each.kind not in ("refund", "void") or each.state == "failed":
        return False
    return each.gateway_ref == said.result.gateway_ref or said.our_id in (each.request_id, each.id.hex)


def _nameless(each: Row) -> bool:
    return each.reason == OUTSIDE and each.gateway_ref is None and each.state == "succeeded"


async def _total(work: Work[Any], row: Row, payment_id: UUID, total: int, heard: Heard) -> None:
    """Refunds that were named count also when they came back: the sum may be older than that."""
    rows = await operations_of(work, row.id)
    explained = sum(
        each.amount
        for each in rows
        if each.kind == "refund"
        and (each.state in (*_UNSETTLED, "succeeded") or each.gateway_ref is not None)
    )
    missing = total - explained
    if missing <= 0:
        return
    wanted = min(missing, max(money_of(rows).held, 0))
    id = await insert_operation(work, row.id, "refund", wanted, due=None, reason=OUTSIDE)
    await _set(work, id, state="succeeded" if wanted else "failed")
    await note(work, row, "refund", heard, amount=wanted, operation_id=id, details={"total": total})
    await _give(work, row, payment_id, id, wanted, missing - wanted, heard)


async def _give(
    work: Work[Any], row: Row, payment_id: UUID, id: UUID, amount: int, beyond: int, heard: Heard
) -> None:
    if amount:
        about: dict[str, Any] = {
            "payment_id": payment_id,
            "kind": "refund",
            "operation_id": id,
            "who": heard.who,
        }
        await books.give_back(work, amount=amount, **about)
        text = f"Money went back at the gateway, not by us: {with_currency(amount, row.currency)}."
        await raise_alert(work, row, "refund", text)
    await tell_beyond(work, row, beyond)


async def _came_back(work: Work[Any], row: Row, payment_id: UUID, known: Row, heard: Heard) -> None:
    """A refund that was approved has failed after all: the money is ours again."""
    await _set(work, known.id, state="declined", version=known.version + 1)
    await note(work, row, "refund_failed", heard, amount=known.amount, operation_id=known.id, details={})
    about: dict[str, Any] = {
        "payment_id": payment_id,
        "operation_id": known.id,
        "kind": "refund",
        "who": heard.who,
    }
    excess = await take_back(work, amount=known.amount, **about)
    text = f"A refund of {with_currency(known.amount, row.currency)} came back to us."
    if excess:
        text += f" {with_currency(excess, row.currency)} of it is credit now: the invoice needs less."
    await raise_alert(work, row, "refund_failed", text)


async def hear_void(work: Work[Any], *, row: Row, payment_id: UUID, heard: Heard) -> None:
    """The whole charge was taken back at the gateway before it counted."""
    rows = await operations_of(work, row.id)
    left = money_of(rows).held
    if left <= 0 or any(each.kind == "void" and each.state == "succeeded" for each in rows):
        return
    id = await insert_operation(work, row.id, "void", left, due=None, reason="void at the gateway")
    await _set(work, id, state="succeeded")
    await note(work, row, "void", heard, amount=left, operation_id=id, details={})
    about: dict[str, Any] = {"payment_id": payment_id, "kind": "refund", "operation_id": id, "who": heard.who}
    await books.give_back(work, amount=left, **about)
    text = f"The payment of {with_currency(left, row.currency)} was voided at the gateway, not by us."
    await raise_alert(work, row, "refund", text)


async def _set(work: Work[Any], id: UUID, **values: Any) -> None:
    values["updated_at"] = work.now
    await work.session.execute(update(operation).where(operation.c.id == id).values(values))
