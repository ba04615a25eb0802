"""Decisions by a person: the gateway is asked first, and what would be booked can be seen before it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from shared.db import Row
from shared.etag import check_version
from shared.problems import Problem, conflict, not_found
from shared.service import Running
from shared.work import Work
from sqlalchemy import and_, or_, select, update

from payments.flows.calls import Case, open_case
from payments.flows.decisions import Decision, of_charge, of_operation
from payments.flows.operations import apply_operation
from payments.flows.outcomes import apply_charge, locked
from payments.flows.sending import expected_of
from payments.flows.traces import Heard, answer_alerts
from payments.gateways.base import Expected, Result
from payments.gateways.findings import approved
from payments.gateways.found import Findings
from payments.models import attempt, entry, operation, payment_event
from payments.tools import Tools, guarded

_UNDECIDED = ("needs_review", "unknown")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a decision books, or would. `found` is what the gateway said, None where it could not be asked."""

    state: str
    operation_state: str | None
    found: Findings | None
    entries: list[Row]


class _Asked(NamedTuple):
    """`found` is None where the gateway cannot be asked, or does not answer now; `charges` is all that it
    took for an attempt that is to be decided as paid."""

    found: Findings | None
    expected: Expected
    charges: Sequence[Result] = ()


class _OnlyShown(Exception):
    """Undoes the transaction of a preview."""


async def decide(
    running: Running[Tools],
    *,
    id: UUID,
    operation_id: UUID | None = None,
    said: Decision,
    who: str,
    based_on: int | None,
    keep: bool,
) -> Decided:
    """Ends a review of an attempt's charge, or of one of its operations. Without `keep` nothing stays of it:
    it only shows what would be booked. Raises 404, 412, 409 for what is in no review and for what the gateway
    contradicts, 422."""
    row, op = await _rows(running, id, operation_id)
    found, expected, charges = await _asked(running, row, op, said)
    shown: list[Decided] = []
    try:
        async with running.work() as work:
            row = await locked(work, id)
            if based_on is not None:
                check_version(based_on, row.version)
            before = {each.id for each in await _entries(work, row, charges)}
            if op is None:
                states = await _decide_charge(work, row, said, found, charges, who), None
            else:
                states = await _decide_operation(work, row, op.id, said, found, expected, who)
            entries = [each for each in await _entries(work, row, charges) if each.id not in before]
            shown.append(Decided(state=states[0], operation_state=states[1], found=found, entries=entries))
            if not keep:
                raise _OnlyShown
    except _OnlyShown:
        pass
    return shown[0]


async def _rows(running: Running[Tools], id: UUID, operation_id: UUID | None) -> tuple[Row, Row | None]:
    async with running.database.read() as read:
        row = (await read.execute(select(attempt).where(attempt.c.id == id))).one_or_none()
        query = select(operation).where(operation.c.id == operation_id, operation.c.attempt_id == id)
        op = (await read.execute(query)).one_or_none() if operation_id else None
    if row is None:
        raise not_found("payment attempt")
    if operation_id is not None and (op is None or op.kind in ("sale", "authorize")):
        raise not_found("capture, void or refund of this payment")
    return row, op


async def _asked(running: Running[Tools], row: Row, op: Row | None, said: Decision) -> _Asked:
    """What the gateway has, by the reference that the person names or what we know."""
    try:
        case: Case | None = await open_case(running, row.id)
    except Problem:
        case = None  # its secrets cannot be read any more
    if op is not None:
        expected = await expected_of(running, row, op, gateway_ref=said.gateway_ref or op.gateway_ref)
    else:
        expected = Expected(
            our_id=row.id.hex,
            amount=row.amount,
            currency=row.currency,
            order_ref=row.order_ref,
            gateway_ref=said.gateway_ref or row.gateway_ref,
        )
    if case is None:
        return _Asked(None, expected)
    found = await guarded(running.settings, case.gateway.lookup(expected))
    if not isinstance(found, Findings):
        return _Asked(None, expected)
    named = {row.result.gateway_ref for row in found.rows if row.result.outcome == "approved"}
    if op is None and expected.gateway_ref is None and len(named) == 1:
        # under our id alone some gateways do not show what was given back
        whole = await guarded(
            running.settings, case.gateway.lookup(replace(expected, gateway_ref=named.pop()))
        )
        found = whole if isinstance(whole, Findings) else found
    if op is not None or said.outcome != "succeeded":
        return _Asked(found, expected)
    if expected.gateway_ref is None:
        return _Asked(found, expected, approved(found, expected))
    # under the reference that was named a gateway does not show what else it charged for this payment
    there = await guarded(running.settings, case.gateway.lookup(replace(expected, gateway_ref=None)))
    return _Asked(found, expected, approved(there, expected) if isinstance(there, Findings) else ())


async def _decide_charge(
    work: Work[Any],
    row: Row,
    said: Decision,
    found: Findings | None,
    charges: Sequence[Result],
    who: str,
) -> str:
    if row.state not in _UNDECIDED and (row.state, said.outcome) != ("authorized", "voided"):
        hold = row.state == "authorized"
        how = "Capture or void this hold, or decide `voided` where neither can be done." if hold else None
        raise conflict("There is nothing to decide about this payment", how)
    result = of_charge(row, said, found, await _heard(work, row.id))
    state = await apply_charge(work, attempt_id=row.id, heard=Heard(result, "person", "person", who))
    if state == "succeeded":
        for each in charges:  # what is booked of them is known by its reference
            await apply_charge(work, attempt_id=row.id, heard=Heard(each, "look", "person", who))
    if state == "authorized" == row.state:
        raise conflict("A capture of this hold is not settled", "Look it up, or decide about it first.")
    if state in _UNDECIDED:
        raise conflict("This reference belongs to another payment", "Look for the right one.")
    await _written(work, row, row.id, row.state, said, who)
    return state


async def _decide_operation(
    work: Work[Any],
    row: Row,
    operation_id: UUID,
    said: Decision,
    found: Findings | None,
    expected: Expected,
    who: str,
) -> tuple[str, str]:
    op = (await work.session.execute(select(operation).where(operation.c.id == operation_id))).one()
    if op.state not in _UNDECIDED:
        raise conflict(f"There is nothing to decide about this {op.kind}")
    result = of_operation(op, row, said, found, expected)
    if result.amount is not None:
        values = {"amount": result.amount}
        await work.session.execute(update(operation).where(operation.c.id == op.id).values(values))
    state = await apply_operation(work, operation_id=op.id, heard=Heard(result, "person", "person", who))
    await _written(work, row, op.id, op.state, said, who)
    after = (await work.session.execute(select(attempt.c.state).where(attempt.c.id == row.id))).scalar_one()
    return after, state


async def _written(work: Work[Any], row: Row, subject: UUID, before: str, said: Decision, who: str) -> None:
    after = {
        "outcome": said.outcome,
        "amount": said.amount,
        "currency": said.currency,
        "gateway_ref": said.gateway_ref,
        "note": said.note,
    }
    action = "attempt.decided" if subject == row.id else "operation.decided"
    work.audit(who=who, action=action, subject=subject, before={"state": before}, after=after)
    await answer_alerts(work, row, who, "needs_review", "look_failed", "hold_kept", "hold_open")


async def _entries(work: Work[Any], row: Row, charges: Sequence[Result]) -> list[Row]:
    """Also of what the gateway charged a second time, which is a payment of its own."""
    named = [each.gateway_ref for each in charges if each.gateway_ref]
    same = and_(attempt.c.account_id == row.account_id, attempt.c.gateway_ref.in_(named))
    mine = (
        select(operation.c.id)
        .join_from(operation, attempt, attempt.c.id == operation.c.attempt_id)
        .where(or_(attempt.c.id == row.id, same))
    )
    query = select(entry).where(entry.c.operation_id.in_(mine)).order_by(entry.c.id)
    return list((await work.session.execute(query)).all())


async def _heard(work: Work[Any], id: UUID) -> list[dict[str, Any]]:
    """What the gateway told of this charge with an amount, oldest first."""
    query = select(payment_event.c.details).where(
        payment_event.c.attempt_id == id,
        payment_event.c.operation_id.is_(None),
        payment_event.c.source != "person",
    )
    rows = (await work.session.execute(query.order_by(payment_event.c.seq))).scalars()
    return [details for details in rows if details.get("amount") is not None]
