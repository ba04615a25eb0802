"""Every day since the last one that succeeded, the gateway's own list is held against our operations; what
differs is kept for a person. Closed accounts too: money that came through them can still go back."""

import re
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import structlog
from shared.db import Row, utcnow
from shared.failures import is_outage
from shared.service import Running
from sqlalchemy import select, update

from payments.flows import calls
from payments.flows.comparison import apply_told, compare, keep, unexplained
from payments.flows.tokens import gateway_of
from payments.flows.traces import raise_alert
from payments.gateways.base import Result
from payments.gateways.found import Findings
from payments.ledger import OVER
from payments.models import alert, attempt, gateway_account
from payments.tools import Tools, guarded

log = structlog.get_logger()
LAG = timedelta(hours=40)
"""A day is compared when it is over in every zone (12 hours after UTC's) and lists had time to follow."""
MARGIN = timedelta(days=1)
"""A gateway's times may be of any zone, and it may file a payment by another moment than we do."""
FIRST = timedelta(days=30)
"""How far back an account is compared that never was."""
LATE = timedelta(days=3)
_ID = re.compile("[0-9a-f]{32}")


async def compare_due(running: Running[Tools]) -> int:
    """All days of all accounts that are due, each account from its last compared day on; how many new
    differences there are. One account that fails holds up no other."""
    found, last = 0, day_to_compare()
    for account in await _accounts(running):
        day = (account.compared_on or last - FIRST) + timedelta(days=1)
        day = max(day, account.created_at.date() - MARGIN) if account.compared_on is None else day
        while day <= last:
            new = await _guarded(running, account, day)
            if new is None:
                await _warn(running, account, day, last)
                break
            found += new
            async with running.work() as work:
                mine = update(gateway_account).where(gateway_account.c.id == account.id)
                await work.session.execute(mine.values(compared_on=day))
            day += timedelta(days=1)
    return found


async def compare_day(running: Running[Tools], day: date) -> int:
    """One day of every account; how many new differences there are. A list that cannot be had says
    nothing."""
    return sum([await _guarded(running, each, day) or 0 for each in await _accounts(running)])


async def _accounts(running: Running[Tools]) -> list[Row]:
    async with running.database.read() as read:
        return list((await read.execute(select(gateway_account).order_by(gateway_account.c.id))).all())


async def _guarded(running: Running[Tools], account: Row, day: date) -> int | None:
    try:
        return await _compare_account(running, account, day)
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("comparison_failed", account=str(account.id), error=type(error).__name__)
        return None


async def _compare_account(running: Running[Tools], account: Row, day: date) -> int | None:
    """None: the list, or the answer to a question about it, cannot be had."""
    gateway = gateway_of(running, account)
    if not gateway.capabilities.list_transactions:
        return 0
    start = datetime.combine(day, time(), UTC)
    call = gateway.list_transactions(start - MARGIN, start + timedelta(days=1) + MARGIN)
    listed = await guarded(running.settings, call)
    if isinstance(listed, Result):
        return None
    for id in await _given_up(running, account, listed):
        await calls.look(running, id, "books")
    async with running.work() as work:
        await apply_told(work, account, listed)
    async with running.work() as work:
        wrong, missing = await compare(work, account, day, listed)
    absent = await unexplained(running, missing)
    if absent is None:
        return None
    async with running.work() as work:
        return await keep(work, account, day, [*wrong, *absent])


async def _given_up(running: Running[Tools], account: Row, listed: Findings) -> list[UUID]:
    """Attempts that are over for us, and that the gateway was paid for after all."""
    paid = {each.our_id for each in listed.rows if each.kind == "sale" and each.result.outcome == "approved"}
    query = select(attempt.c.id).where(
        attempt.c.account_id == account.id,
        attempt.c.state.in_(OVER),
        attempt.c.id.in_([UUID(each) for each in paid if each and _ID.fullmatch(each)]),
    )
    async with running.database.read() as read:
        return list((await read.execute(query)).scalars())


async def _warn(running: Running[Tools], account: Row, day: date, last: date) -> None:
    """Once, until a person has settled it."""
    if last - day < LATE:
        return
    async with running.work() as work:
        open_ = select(alert.c.id).where(alert.c.subject_id == account.id, alert.c.settled_at.is_(None))
        if (await work.session.execute(open_.limit(1))).first() is None:
            text = f"{account.name}: its payments since {day} could not be compared with our books."
            await raise_alert(work, None, "not_compared", text, subject_id=account.id)


def day_to_compare() -> date:
    """The last day that can be compared now."""
    return (utcnow() - LAG).date()
