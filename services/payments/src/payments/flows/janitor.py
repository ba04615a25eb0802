"""Payments that are not settled are looked at again, on the schedule of `ledger`, until a person must."""

from typing import Any, NamedTuple
from uuid import UUID

import structlog
from shared.db import Row, utcnow
from shared.service import Running
from shared.work import Work
from sqlalchemy import Table, select, update

from payments import schedule
from payments.flows import calls, sending
from payments.flows.operations import apply_operation
from payments.flows.outcomes import apply_charge, locked, mirror, set_attempt
from payments.flows.traces import Heard, note, raise_alert
from payments.gateways.base import Result
from payments.ledger import State
from payments.models import attempt, operation
from payments.tools import Tools

log = structlog.get_logger()
_BATCH = 20


class Due(NamedTuple):
    """`last`: the schedule ends with this look. `first`: an operation of our own rules, never sent yet."""

    id: UUID
    state: str
    last: bool
    first: bool = False


async def look_through(running: Running[Tools]) -> int:
    """Looks at what is due; how many that were."""
    if not await _any_due(running):
        return 0
    async with running.work() as work:
        attempts = [_due(row, row.state) for row in await _lease(work, attempt)]
        operations = [
            _due(row, row.state, first=row.state == "submitting" and row.caller is None and not row.checks)
            for row in await _lease(work, operation)
        ]
    for due in operations:
        await _guard(look_at_operation(running, due), due)
    for due in attempts:
        await _guard(look_at_attempt(running, due), due)
    return len(attempts) + len(operations)


async def _guard(look: Any, due: Due) -> None:
    """One that fails does not hold up the others; it is due again by its schedule."""
    try:
        await look
    except Exception as error:
        log.exception("janitor_failed", id=str(due.id), error=type(error).__name__)


async def _any_due(running: Running[Tools]) -> bool:
    async with running.database.read() as read:
        for table in (attempt, operation):
            query = select(table.c.id).where(table.c.next_check_at <= utcnow()).limit(1)
            if (await read.execute(query)).first() is not None:
                return True
    return False


async def _lease(work: Work[Any], table: Table) -> list[Row]:
    """What is due, its next look already written down: another janitor leaves it, a crash forgets none."""
    query = select(table).where(table.c.next_check_at <= work.now).order_by(table.c.next_check_at)
    rows = (await work.session.execute(query.limit(_BATCH).with_for_update(skip_locked=True))).all()
    for row in rows:
        later = schedule.next_check(row.state, row.checks + 1, work.now) or work.now + schedule.DAY
        values = {"next_check_at": later, "checks": row.checks + 1}
        await work.session.execute(update(table).where(table.c.id == row.id).values(values))
    return list(rows)


def _due(row: Row, state: str, *, first: bool = False) -> Due:
    expired = state == "requires_action" and row.expires_at is not None and row.expires_at <= utcnow()
    ends = schedule.next_check(state, row.checks + 1, utcnow()) is None and state != "submitting"
    return Due(row.id, state, expired or ends, first)


async def look_at_attempt(running: Running[Tools], due: Due) -> None:
    if due.state == "void_pending":
        return  # its void is an operation of its own
    if due.state == "submitting" and not await _woken(running, due.id):
        return
    state, answered = await calls.ask(running, due.id, "janitor")
    if due.last and state == due.state == "requires_action":
        state = await calls.close_page(running, due.id, "janitor", "janitor")
    if due.last and state == due.state:
        async with running.work() as work:
            if state == "requires_action" and not answered:
                await _unknown(work, due.id, "The gateway did not say what became of its page.")
            else:
                await _give_up(work, due.id)


async def _unknown(work: Work[Any], id: UUID, message: str) -> None:
    heard = Heard(Result(outcome="unknown", message=message), "call", "janitor", "janitor")
    await apply_charge(work, attempt_id=id, heard=heard)


async def _woken(running: Running[Tools], id: UUID) -> bool:
    """A process died in the middle of this attempt. Where no page was shown and no card charged, nothing
    happened; otherwise money may have moved, and the gateway must be asked."""
    async with running.work() as work:
        row = await locked(work, id)
        if row.state != "submitting":
            return False
        asked = row.order_ref is not None or "card" in row.extra or "token" in row.extra
        message = "We stopped while the gateway was asked."
        result = Result(outcome="unknown" if asked else "error", message=message)
        await apply_charge(work, attempt_id=id, heard=Heard(result, "call", "janitor", "janitor"))
    return asked


_GIVEN_UP: dict[str, State] = {
    "requires_action": "expired",
    "unknown": "needs_review",
    "pending": "needs_review",
}


async def _give_up(work: Work[Any], id: UUID) -> None:
    row = await locked(work, id)
    target = _GIVEN_UP.get(row.state)
    if target is None:
        return
    heard = Heard(Result(outcome="unknown"), "look", "janitor", "janitor")
    await note(work, row, target, heard, details={"because": "the schedule ended"})
    await set_attempt(work, row, state=target, next_check_at=None)
    await mirror(work, id, target)
    if target == "needs_review":
        await raise_alert(work, row, "needs_review", "The gateway never said whether this payment was made.")


async def look_at_operation(running: Running[Tools], due: Due) -> None:
    if due.first:
        await sending.perform(running, due.id, source="janitor")
        return
    if due.state == "submitting":
        async with running.work() as work:
            result = Result(outcome="unknown", message="We stopped while the gateway was asked.")
            heard = Heard(result, "call", "janitor", "janitor")
            if await apply_operation(work, operation_id=due.id, heard=heard) != "unknown":
                return
    state = await sending.look_at_operation(running, due.id, "janitor")
    if due.last and state in ("unknown", "pending"):
        async with running.work() as work:
            result = Result(outcome="needs_review", message="The gateway never said what became of it.")
            heard = Heard(result, "look", "janitor", "janitor")
            await apply_operation(work, operation_id=due.id, heard=heard)
