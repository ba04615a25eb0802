"""One day's list of a gateway held against our operations, each by its reference at whatever time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from shared.db import Row, insert_ignore, uuid7
from shared.service import Running
from shared.work import Work
from sqlalchemy import and_, or_, select

from payments.flows import calls
from payments.flows.traces import raise_alert
from payments.flows.webhooks import hear
from payments.gateways import findings
from payments.gateways.base import Expected, Result
from payments.gateways.found import Finding, Findings, Webhook
from payments.gateways.money import with_currency
from payments.models import attempt, difference, operation
from payments.tools import Tools, guarded

_CHARGES, _BACK = ("sale", "capture"), ("refund", "void", "dispute")
Wrong = dict[str, Any]


async def apply_told(work: Work[Any], account: Row, listed: Findings) -> None:
    """What went back of a payment of ours is news, as if the gateway had called: it is booked, and a person
    told."""
    for each in listed.rows:
        if each.kind not in _BACK or each.result.outcome != "approved" or each.of is None:
            continue
        query = select(attempt.c.id).where(attempt.c.account_id == account.id, _is_charge(each.of))
        id = (await work.session.execute(query.limit(1))).scalar_one_or_none()
        if id is not None:
            said = Webhook(
                result=each.result,
                kind=each.kind,
                our_id=each.our_id,
                charge_ref=each.of,
                dispute=each.dispute,
            )
            await hear(work, id, said, "books")


def _is_charge(reference: str) -> Any:
    captured = select(operation.c.attempt_id).where(operation.c.gateway_ref == reference)
    return or_(attempt.c.gateway_ref == reference, attempt.c.id.in_(captured))


async def compare(
    work: Work[Any], account: Row, day: date, listed: Findings
) -> tuple[list[Wrong], list[Row]]:
    """What differs for sure, and our operations of the day that the list does not have."""
    ours = await _ours(work, account, day, listed)
    wrong: list[Wrong] = []
    if not listed.complete:
        wrong.append({"kind": "unread", "reference": "rows of the list that were not understood"})
    seen: set[UUID] = set()
    for each in listed.rows:
        if each.kind not in (*_CHARGES, "refund") or each.result.outcome != "approved":
            continue
        same = [op for op in ours if _same(op, each)]
        seen |= {op.id for op in same}
        done = next((op for op in same if op.state == "succeeded" and op.kind != "authorize"), None)
        amount = each.result.amount
        about = {"reference": each.result.gateway_ref or "", "theirs": amount}
        about |= {"currency": each.result.currency}
        if done is not None and amount is not None and done.amount != amount:
            wrong.append({**about, "kind": "amount", "ours": done.amount, "attempt_id": done.attempt_id})
        elif done is None and _on(each, day) and not _taken_back(each, listed):
            of = next((op.attempt_id for op in same), None)
            wrong.append({**about, "kind": "missing_here", "attempt_id": of})
    missing = [
        op
        for op in ours
        if op.id not in seen
        and op.kind in (*_CHARGES, "refund")
        and op.state == "succeeded"
        and op.created_at.date() == day
        and (op.gateway_ref or op.kind != "refund")  # told by a sum alone, it has no reference
    ]
    return wrong, missing


async def _ours(work: Work[Any], account: Row, day: date, listed: Findings) -> list[Row]:
    """Our operations of the days around, and all that the list names, of whatever day."""
    start = datetime.combine(day, time(), UTC)
    references = [ref for each in listed.rows if (ref := each.result.gateway_ref)]
    ids = [each.our_id for each in listed.rows if each.our_id]
    around = and_(
        operation.c.created_at >= start - timedelta(days=1),
        operation.c.created_at < start + timedelta(days=2),
    )
    named = or_(
        operation.c.gateway_ref.in_(references),
        attempt.c.gateway_ref.in_(references),
        operation.c.request_id.in_(ids),
    )
    query = (
        select(operation, attempt.c.gateway_ref.label("charge_ref"), attempt.c.currency)
        .join_from(operation, attempt, operation.c.attempt_id == attempt.c.id)
        .where(attempt.c.account_id == account.id, or_(around, named))
    )
    return list((await work.session.execute(query)).all())


def _same(op: Row, each: Finding) -> bool:
    """A charge is known by its own reference, its capture's, or the attempt's id."""
    reference = each.result.gateway_ref
    if (each.kind == "refund") != (op.kind == "refund") or op.kind in ("void", "dispute", "reinstate"):
        return False
    if reference and reference in (op.gateway_ref, op.charge_ref if op.kind != "refund" else None):
        return True
    return bool(each.our_id) and each.our_id == op.request_id


def _on(each: Finding, day: date) -> bool:
    """By the gateway's own day, as it writes it. A row without a time is of the day that it is listed."""
    return each.at is None or each.at.date() == day


def _taken_back(each: Finding, listed: Findings) -> bool:
    """Voided before it counted, and never ours: no money moved in the end."""
    reference = each.result.gateway_ref
    return any(row.kind == "void" and row.of == reference and row.of is not None for row in listed.rows)


async def unexplained(running: Running[Tools], missing: list[Row]) -> list[Wrong] | None:
    """Which of our operations the gateway does not have, asked one by one: a list may file them by another
    moment. None: it did not answer."""
    wrong: list[Wrong] = []
    for op in missing:
        case = await calls.open_case(running, op.attempt_id)
        expected = case.expected
        if op.kind != "sale":
            expected = Expected(
                our_id=op.request_id,
                amount=op.amount,
                currency=op.currency,
                kind=op.kind,
                order_ref=case.row.order_ref,
                gateway_ref=op.gateway_ref,
                charge_ref=case.row.gateway_ref,
            )
        found = await guarded(running.settings, case.gateway.lookup(expected))
        if isinstance(found, Result):
            said = found
        else:
            said = (findings.compare if op.kind == "sale" else findings.meant)(found, expected)
        if said.outcome == "unknown" and said.kind != "unsupported":
            return None
        if said.outcome in ("approved", "voided", "pending"):
            continue
        about = {"reference": op.gateway_ref or op.charge_ref or op.request_id, "currency": op.currency}
        wrong.append({**about, "kind": "missing_there", "ours": op.amount, "attempt_id": op.attempt_id})
    return wrong


_SAID = {
    "missing_here": "the gateway has it, our books do not",
    "missing_there": "our books have it, the gateway does not",
    "amount": "the amounts differ",
    "unread": "not all of the gateway's list could be read",
}


async def keep(work: Work[Any], account: Row, day: date, wrong: list[Wrong]) -> int:
    """Each difference once; how many are new."""
    found, keys = 0, ["account_id", "day", "kind", "reference"]
    row: Wrong
    for each in wrong:
        row = {"id": uuid7(), "version": 1, "account_id": account.id, "day": day, "found_at": work.now}
        row |= {"attempt_id": None, "ours": None, "theirs": None, "currency": None, **each}
        statement = insert_ignore(work.session, difference, keys, returning=["id"])
        if (await work.session.execute(statement, [row])).first() is not None:
            found += 1
            sums = [
                f"{whose} {with_currency(row[whose], row['currency'] or 'USD')}"
                for whose in ("ours", "theirs")
                if row[whose] is not None
            ]
            text = f"{account.name}, {day}: {_SAID[row['kind']]} ({', '.join([row['reference'], *sums])})."
            await raise_alert(work, None, "difference", text, subject_id=row["id"])
    return found
