"""Payments that are not settled are looked at again, on the schedule of `schedule`, until a person must.

Each gateway account is looked through on its own: one that answers slowly, or not at all, holds up no other.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import structlog
from shared.db import Row, utcnow
from shared.service import Running
from shared.work import Work
from sqlalchemy import Select, select, update

from payments import schedule
from payments.flows.looks import Due, look_at_attempt, look_at_operation, not_looked_at
from payments.flows.pages import mark_unneeded
from payments.models import attempt, operation
from payments.tools import Tools

log = structlog.get_logger()
_BATCH = 20
_AT_ONCE = 4
"""Calls to one account at the same time."""
_TRIES = 10
"""Looks at something that is about to be sent, before a person must see to it."""


async def look_through(running: Running[Tools]) -> int:
    """Looks at what is due; how many that were."""
    await mark_unneeded(running)
    accounts = await accounts_due(running)
    return sum(await asyncio.gather(*(look_through_account(running, id) for id in accounts)))


async def accounts_due(running: Running[Tools]) -> list[UUID]:
    attempts = select(attempt.c.account_id).where(attempt.c.next_check_at <= utcnow())
    operations = (
        select(attempt.c.account_id)
        .join_from(operation, attempt, attempt.c.id == operation.c.attempt_id)
        .where(operation.c.next_check_at <= utcnow())
    )
    async with running.database.read() as read:
        return list((await read.execute(attempts.union(operations))).scalars())


async def look_through_account(running: Running[Tools], account_id: UUID) -> int:
    """Looks at what is due at this account: refunds, voids and captures first."""
    mine = attempt.c.account_id == account_id
    due_attempts = select(attempt).where(mine)
    due_operations = select(operation).join(attempt, attempt.c.id == operation.c.attempt_id).where(mine)
    async with running.work() as work:
        attempts = [_due(row, row.id) for row in await _lease(work, attempt, due_attempts)]
        operations = [
            _due(row, row.attempt_id, operation_id=row.id)
            for row in await _lease(work, operation, due_operations)
        ]
    gate = asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(_guard(running, gate, look_at_operation(running, due), due) for due in operations))
    await asyncio.gather(*(_guard(running, gate, look_at_attempt(running, due), due) for due in attempts))
    return len(attempts) + len(operations)


async def _guard(running: Running[Tools], gate: asyncio.Semaphore, look: Awaitable[None], due: Due) -> None:
    """One that fails does not hold up the others: it is due again by its schedule, a person is told, and at
    the end of the schedule it is left to him."""
    async with gate:
        try:
            await look
        except Exception as error:
            log.exception("janitor_failed", id=str(due.id), error=type(error).__name__)
            await not_looked_at(running, due, error)


async def _lease(work: Work[Any], table: Any, query: Select[Any]) -> list[Row]:
    """What is due, its next look already written down: another janitor leaves it, a crash forgets none."""
    query = query.where(table.c.next_check_at <= work.now).order_by(table.c.next_check_at).limit(_BATCH)
    rows = (await work.session.execute(query.with_for_update(of=table, skip_locked=True))).all()
    for row in rows:
        later = schedule.next_check(row.state, row.checks + 1, work.now) or work.now + schedule.DAY
        values = {"next_check_at": later, "checks": row.checks + 1}
        await work.session.execute(update(table).where(table.c.id == row.id).values(values))
    return list(rows)


def _due(row: Row, attempt_id: UUID, *, operation_id: UUID | None = None) -> Due:
    found = row._mapping
    expires_at, extra = found.get("expires_at"), found.get("extra") or {}
    page = row.state == "requires_action"
    expired = page and expires_at is not None and expires_at <= utcnow()
    ends = schedule.next_check(row.state, row.checks + 1, utcnow()) is None
    if row.state == "submitting":
        ends = row.checks + 1 >= _TRIES
    return Due(
        id=operation_id or attempt_id,
        attempt_id=attempt_id,
        state=row.state,
        last=expired or ends,
        first=row.state == "submitting" and operation_id is not None and not row.caller and not row.checks,
        unneeded=page and "unneeded" in extra,
        checks=row.checks + 1,
    )
