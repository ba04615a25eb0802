"""Captures, voids and refunds sent to the gateway, and looked up there."""

from collections.abc import Awaitable
from uuid import UUID

from shared.db import Row
from shared.fault import fault
from shared.service import Running
from sqlalchemy import select

from payments import ledger
from payments.flows.calls import Case, age_of, open_case
from payments.flows.operations import apply_operation
from payments.flows.traces import Heard, Source
from payments.gateways.base import Expected, Result
from payments.gateways.findings import meant
from payments.models import operation
from payments.tools import Tools, guarded


async def perform(
    running: Running[Tools], operation_id: UUID, *, asked: ledger.Asked = "call", source: Source = "api"
) -> str:
    """Sends a capture, void or refund and books what came of it."""
    async with running.database.read() as read:
        op = (await read.execute(select(operation).where(operation.c.id == operation_id))).one()
    case = await open_case(running, op.attempt_id)
    fault("payments_before_call")
    result = await guarded(running.settings, _operate(case, op, await _reference(running, case.row)))
    fault("payments_after_call")
    async with running.work() as work:
        who = op.caller or source
        state = await apply_operation(
            work, operation_id=operation_id, heard=Heard(result, asked, source, who)
        )
    fault("payments_after_commit")
    return state


async def look_at_operation(running: Running[Tools], operation_id: UUID, source: Source) -> str:
    """Sends it again where that is safe, and looks it up otherwise. A void is safe always: the second moves
    nothing."""
    async with running.database.read() as read:
        op = (await read.execute(select(operation).where(operation.c.id == operation_id))).one()
    case = await open_case(running, op.attempt_id)
    resend = case.gateway.capabilities.resend
    if op.state == "unknown" and resend is not None and age_of(op) < resend:
        return await perform(running, operation_id, asked="resend", source=source)
    expected = await expected_of(running, case.row, op, gateway_ref=op.gateway_ref)
    found = await guarded(running.settings, case.gateway.lookup(expected))
    result = found if isinstance(found, Result) else meant(found, expected)
    if op.kind == "void" and result.outcome == "not_found":
        return await perform(running, operation_id, asked="resend", source=source)
    async with running.work() as work:
        return await apply_operation(
            work, operation_id=operation_id, heard=Heard(result, "look", source, source)
        )


async def expected_of(running: Running[Tools], row: Row, op: Row, *, gateway_ref: str | None) -> Expected:
    """What a look-up for this capture, void or refund is held against."""
    return Expected(
        our_id=op.request_id,
        amount=op.amount,
        currency=row.currency,
        kind=op.kind,
        order_ref=row.order_ref,
        gateway_ref=gateway_ref,
        charge_ref=await _reference(running, row) if op.kind == "refund" else row.gateway_ref,
    )


def _operate(case: Case, op: Row, reference: str) -> Awaitable[Result]:
    currency, gateway = case.row.currency, case.gateway
    if op.kind == "capture":
        return gateway.capture(reference, op.amount, currency, request_id=op.request_id)
    if op.kind == "void":
        held = case.charge.kind == "authorize" and reference == case.row.gateway_ref
        charged_by = case.charge.request_id
        return gateway.void(reference, request_id=op.request_id, held=held, charged_by=charged_by)
    short = case.row.short_ref
    return gateway.refund(reference, op.amount, currency, request_id=op.request_id, short_ref=short)


async def _reference(running: Running[Tools], row: Row) -> str:
    """What the money is known by at the gateway: the capture's own reference where it has one."""
    query = select(operation.c.gateway_ref).where(
        operation.c.attempt_id == row.id, operation.c.kind == "capture", operation.c.state == "succeeded"
    )
    async with running.database.read() as read:
        captured = (await read.execute(query)).scalar_one_or_none()
    return captured or row.gateway_ref or ""
