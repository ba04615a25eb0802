"""Every day the gateway's own list is held against our operations; what differs is kept for a person."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from shared.db import Row, insert_ignore, utcnow, uuid7
from shared.service import Running
from shared.work import Work
from sqlalchemy import select

from payments.flows import calls
from payments.flows.tokens import gateway_of
from payments.flows.traces import raise_alert
from payments.gateways.base import Result
from payments.gateways.found import Finding
from payments.ledger import OVER
from payments.models import attempt, difference, gateway_account, operation
from payments.tools import Tools, guarded

LAG = timedelta(hours=26)
"""Gateways' lists may be late by hours, so a day is looked at when the next is over for some time."""
_TOOK = ("approved",)
_CHARGES = ("sale", "capture")
_ID = re.compile("[0-9a-f]{32}")


async def compare_day(running: Running[Tools], day: date) -> int:
    """Holds one day (UTC) of every account against our books; how many new differences there are. A list
    that cannot be had says nothing."""
    start = datetime.combine(day, time(), UTC)
    async with running.database.read() as read:
        accounts = (await read.execute(select(gateway_account).where(~gateway_account.c.closed))).all()
    found = 0
    for account in accounts:
        gateway = gateway_of(running, account)
        if not gateway.capabilities.list_transactions:
            continue
        call = gateway.list_transactions(start - timedelta(hours=1), start + timedelta(hours=25))
        listed = await guarded(running.settings, call)
        if isinstance(listed, Result):
            continue
        for id in await _given_up(running, account, listed.rows):
            await calls.look(running, id, "books")
        async with running.work() as work:
            found += await _compare(work, account, day, listed.rows)
    return found


async def _given_up(running: Running[Tools], account: Row, listed: tuple[Finding, ...]) -> list[UUID]:
    """Attempts that are over for us, and that the gateway was paid for after all."""
    paid = {each.our_id for each in listed if each.kind == "sale" and each.result.outcome in _TOOK}
    query = select(attempt.c.id).where(
        attempt.c.account_id == account.id,
        attempt.c.state.in_(OVER),
        attempt.c.id.in_([UUID(each) for each in paid if each and _ID.fullmatch(each)]),
    )
    async with running.database.read() as read:
        return list((await read.execute(query)).scalars())


async def _compare(work: Work[Any], account: Row, day: date, listed: tuple[Finding, ...]) -> int:
    start = datetime.combine(day, time(), UTC)
    query = (
        select(operation, attempt.c.gateway_ref.label("charge_ref"))
        .join_from(operation, attempt, operation.c.attempt_id == attempt.c.id)
        .where(
            attempt.c.account_id == account.id,
            operation.c.state == "succeeded",
            operation.c.kind.in_((*_CHARGES, "refund")),
            operation.c.created_at >= start - timedelta(hours=2),
            operation.c.created_at < start + timedelta(hours=26),
        )
    )
    ours = {row.gateway_ref or row.charge_ref: row for row in await work.session.execute(query)}
    wrong: list[dict[str, Any]] = []
    theirs: set[str] = set()
    for each in listed:
        reference, amount = each.result.gateway_ref, each.result.amount
        if each.kind not in (*_CHARGES, "refund") or each.result.outcome not in _TOOK or not reference:
            continue
        theirs.add(reference)
        known = ours.get(reference)
        if known is None and each.at is not None and each.at.date() == day:
            wrong.append({"kind": "missing_here", "reference": reference, "theirs": amount, "ours": None})
        elif known is not None and amount is not None and known.amount != amount:
            row = {"kind": "amount", "reference": reference, "theirs": amount, "ours": known.amount}
            wrong.append({**row, "attempt_id": known.attempt_id})
    for reference, known in ours.items():
        if reference not in theirs and known.created_at.date() == day:
            row = {"kind": "missing_there", "reference": reference or known.request_id, "theirs": None}
            wrong.append({**row, "ours": known.amount, "attempt_id": known.attempt_id})
    return await _keep(work, account.id, day, wrong)


async def _keep(work: Work[Any], account_id: UUID, day: date, wrong: list[dict[str, Any]]) -> int:
    found = 0
    keys = ["account_id", "day", "kind", "reference"]
    for each in wrong:
        row = {"id": uuid7(), "version": 1, "account_id": account_id, "day": day, "found_at": work.now}
        row |= {"attempt_id": None, **each}
        statement = insert_ignore(work.session, difference, keys, returning=["id"])
        if (await work.session.execute(statement, [row])).first() is not None:
            found += 1
            await raise_alert(work, None, "difference", f"{each['kind']} on {day}: {each['reference']}")
    return found


def day_to_compare() -> date:
    return (utcnow() - LAG).date()
