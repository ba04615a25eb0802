"""Gateways' calls: kept once, then applied. What is not ours yet is tried again."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from pydantic import TypeAdapter
from shared.db import Row, insert_ignore, utcnow, uuid7
from shared.service import Running
from shared.work import Work
from sqlalchemy import bindparam, or_, select, update

from payments.flows import calls
from payments.flows.outcomes import apply_charge
from payments.flows.reversals import give_back_outside, refund_came_back
from payments.flows.tokens import gateway_of
from payments.flows.traces import Heard, raise_alert
from payments.gateways.found import Webhook
from payments.models import attempt, gateway_account, operation, webhook
from payments.tools import Tools

log = structlog.get_logger()
_FINDING = TypeAdapter(Webhook)
_KNOWN_SECONDS = 2.0
_ACCOUNTS = select(gateway_account).where(
    gateway_account.c.gateway == bindparam("gateway"), ~gateway_account.c.closed
)
_PAUSES = (1, 5, 30, 120, 600, 3600)
MONEY = ("approved", "pending")


async def believed(
    running: Running[Tools], gateway: str, body: bytes, headers: Mapping[str, str]
) -> tuple[UUID, Webhook] | None:
    """What a call says and which account's signature it has; None: nobody's. Accounts are known for two
    seconds, but none is refused that is newer than that."""
    tried: Sequence[Row] = ()
    for anew in (False, True):
        accounts = await _accounts(running, gateway, anew=anew)
        for row in accounts:
            if row in tried:
                continue
            heard = await gateway_of(running, row).parse_webhook(body, headers, utcnow())
            if heard.result.outcome != "rejected":
                return row.id, heard
        tried = accounts
    return None


async def _accounts(running: Running[Tools], gateway: str, *, anew: bool) -> Sequence[Row]:
    until, rows = running.tools.listening.get(gateway, (0.0, ()))
    if anew or time.monotonic() > until:
        async with running.database.read() as read:
            rows = (await read.execute(_ACCOUNTS, {"gateway": gateway})).all()
        running.tools.listening[gateway] = (time.monotonic() + _KNOWN_SECONDS, rows)
    return rows


async def keep(running: Running[Tools], *, account_id: UUID, heard: Webhook, body: bytes) -> None:
    """Commits the call, once; a repeat changes nothing. `body` is scrubbed."""
    now = utcnow()
    ignored = heard.result.outcome == "ignored"
    row = {
        "id": uuid7(),
        "account_id": account_id,
        "external_id": (heard.external_id or uuid7().hex)[:200],
        "kind": (heard.type or "")[:100],
        "state": "ignored" if ignored else "received",
        "body": body,
        "finding": _FINDING.dump_python(heard, mode="json"),
        "tries": 0,
        "due_at": None if ignored else now,
        "received_at": now,
    }
    async with running.database.alone() as connection:
        await connection.execute(insert_ignore(connection, webhook, ("account_id", "external_id")), [row])
    if not ignored:
        running.wake("webhooks")


async def apply_waiting(running: Running[Tools]) -> int:
    """Applies what has come; how many calls that were."""
    query = select(webhook.c.id).where(webhook.c.due_at <= utcnow()).order_by(webhook.c.received_at).limit(50)
    async with running.database.read() as read:
        ids = (await read.execute(query)).scalars().all()
    for id in ids:
        await apply_one(running, id)
    return len(ids)


async def apply_one(running: Running[Tools], id: UUID) -> None:
    wants_money: UUID | None = None
    async with running.work() as work:
        query = select(webhook).where(webhook.c.id == id, webhook.c.state == "received")
        row = (await work.session.execute(query.with_for_update(skip_locked=True))).one_or_none()
        if row is None:
            return
        found = _FINDING.validate_python(row.finding)
        attempt_id = await _attempt_of(work, row.account_id, found)
        if attempt_id is None:
            await _not_ours_yet(work, row, found)
            return
        if found.result.outcome == "requires_action":
            wants_money = attempt_id
        else:
            await _apply(work, attempt_id, found)
        values = {"state": "applied", "attempt_id": attempt_id, "due_at": None, "tries": row.tries + 1}
        await work.session.execute(update(webhook).where(webhook.c.id == id).values(values))
    if wants_money is not None:
        await calls.complete(running, wants_money, "webhook")


async def _apply(work: Work[Any], attempt_id: UUID, found: Webhook) -> None:
    heard = Heard(found.result, "webhook", "webhook", "gateway")
    match found.kind:
        case "refund" if found.result.outcome == "approved":
            await give_back_outside(
                work, attempt_id=attempt_id, total=found.refunded_total, heard=heard, kind="refund"
            )
        case "refund" if found.result.outcome == "declined":
            await refund_came_back(work, attempt_id=attempt_id, heard=heard)
        case "dispute" if found.dispute and found.dispute.withdrawn:
            await give_back_outside(work, attempt_id=attempt_id, total=None, heard=heard, kind="reversal")
        case "sale" | "hold" | "capture":
            ref = found.charge_ref if found.kind == "capture" else found.result.gateway_ref
            heard = replace(heard, result=replace(found.result, gateway_ref=ref))
            state = await apply_charge(work, attempt_id=attempt_id, heard=heard)
            if found.result.outcome == "voided" and state == "succeeded":
                await give_back_outside(work, attempt_id=attempt_id, total=None, heard=heard, kind="reversal")
        case _:
            pass


async def _attempt_of(work: Work[Any], account_id: UUID, found: Webhook) -> UUID | None:
    named = [attempt.c.order_ref == found.order_ref] if found.order_ref else []
    if found.charge_ref:
        named.append(attempt.c.gateway_ref == found.charge_ref)
        captured = select(operation.c.attempt_id).where(operation.c.gateway_ref == found.charge_ref)
        named.append(attempt.c.id.in_(captured))
    if found.our_id:
        try:
            named.append(attempt.c.id == UUID(found.our_id))
        except ValueError:
            named.append(attempt.c.short_ref == found.our_id)
    if not named:
        return None
    query = select(attempt.c.id).where(attempt.c.account_id == account_id, or_(*named)).limit(1)
    return (await work.session.execute(query)).scalar_one_or_none()


async def _not_ours_yet(work: Work[Any], row: Row, found: Webhook) -> None:
    last = row.tries >= len(_PAUSES)
    values: dict[str, Any] = {"tries": row.tries + 1, "due_at": None}
    if last:
        values |= {"state": "unmatched", "reason": "no payment attempt of ours has these references"}
        log.warning("webhook_unmatched", kind=row.kind)
        if found.result.outcome in MONEY:
            await raise_alert(
                work, None, "unmatched", f"A gateway told of money that is not ours: {row.kind}"
            )
    else:
        values["due_at"] = work.now + timedelta(seconds=_PAUSES[row.tries])
    await work.session.execute(update(webhook).where(webhook.c.id == row.id).values(values))
