"""Status updates on their way to partners: lease → send (no transaction is open) → settle."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.batches import update_rows
from shared.db import Row, uuid7
from shared.events.dispatch import PartnerUpdateSettled
from shared.secrets import unseal
from shared.settings import Settings
from shared.work import Work
from sqlalchemy import RowMapping, exists, insert, select, tuple_, update

from dispatch.models import alert, attempt, delivery, dispatch, partner_account
from dispatch.partners import PROTOCOLS, Account, Protocol, Verdict
from dispatch.queries import told_partners


class Leased(NamedTuple):
    """A delivery that is ours until `row["due_at"]`, and where it goes."""

    row: RowMapping
    account: RowMapping


class Sent(NamedTuple):
    """`attempts` names the lease: a verdict that comes after its lease was lost settles nothing."""

    id: UUID
    attempts: int
    seconds: float
    verdict: Verdict


async def lease(work: Work[Any], most: int) -> list[Leased]:
    """Takes due deliveries, at most one of a dispatch and never one whose predecessor is not settled."""
    partners = await told_partners(work.session)
    if not partners:
        return []
    before = delivery.alias()
    blocked = exists().where(
        before.c.dispatch_id == delivery.c.dispatch_id,
        before.c.settled_at.is_(None),
        tuple_(before.c.version, before.c.id) < tuple_(delivery.c.version, delivery.c.id),
    )
    due = (
        select(delivery.c.id)
        .where(delivery.c.settled_at.is_(None), delivery.c.due_at <= work.now)
        .where(delivery.c.partner.in_(partners), ~blocked)
        .order_by(delivery.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=delivery)
    )
    taken = (
        update(delivery)
        .where(delivery.c.id.in_(due))
        .values(
            state="sending",
            attempts=delivery.c.attempts + 1,
            due_at=work.now + timedelta(seconds=3 * work.settings.partner_seconds),
        )
        .returning(delivery)
    )
    rows = (await work.session.execute(taken)).mappings().all()
    accounts = (await work.session.execute(select(partner_account))).mappings()
    by_partner = {account["partner"]: account for account in accounts}
    return [Leased(row, by_partner[row["partner"]]) for row in rows]


def account_of(settings: Settings, row: RowMapping) -> tuple[Account, Protocol]:
    """Raises SecretUnreadable where the deployment's key is another one now."""
    password = unseal(settings, row["password"], f"partner_account/{row['partner']}/password")
    protocol = row["protocol"]
    account = Account(row["url"], row["company_id"], row["user_id"], password)
    return account, Protocol.model_validate(protocol) if protocol else PROTOCOLS[row["adapter"]]


async def settle(work: Work[Any], sent: Sequence[Sent]) -> None:
    """Writes down what the partners said. Refused and given up ones raise an alert; unknown ones are sent
    again later, under the same id."""
    attempts = [
        {
            "id": uuid7(),
            "delivery_id": one.id,
            "at": work.now,
            "seconds": one.seconds,
            **one.verdict._asdict(),
        }
        for one in sent
    ]
    await work.session.execute(insert(attempt), attempts)
    by_id = {one.id: one for one in sent}
    about = select(delivery.c.dispatch_id).where(delivery.c.id.in_(by_id))
    lock = select(dispatch.c.id).where(dispatch.c.id.in_(about)).order_by(dispatch.c.id).with_for_update()
    await work.session.execute(lock)
    held = select(delivery).where(delivery.c.id.in_(by_id), delivery.c.state == "sending").with_for_update()
    values: list[dict[str, Any]] = []
    for row in (await work.session.execute(held)).mappings():
        if row["attempts"] == by_id[row["id"]].attempts:
            values.append(_settled(work, row, by_id[row["id"]].verdict))
    if values:
        names = ("id", "state", "due_at", "settled_at", "answer")
        await update_rows(work.session, delivery, [{name: value[name] for name in names} for value in values])
        await _alert(work, [value for value in values if value["state"] in ("refused", "given_up")])


def _settled(work: Work[Any], row: RowMapping, verdict: Verdict) -> dict[str, Any]:
    state, answer = verdict
    value = {"id": row["id"], "answer": answer, "settled_at": None, "due_at": work.now, "row": row}
    if state == "unknown" and row["attempts"] < work.settings.delivery_attempts:
        return {**value, "state": "unknown", "due_at": work.now + _pause(work.settings, row["attempts"])}
    settled = PartnerUpdateSettled(
        delivery_id=row["id"],
        dispatch_id=row["dispatch_id"],
        partner=row["partner"],
        partner_code=row["partner_code"],
        state="given_up" if state == "unknown" else state,
        answer=answer,
        at=work.now,
    )
    work.emit(settled, row["dispatch_id"])
    return {**value, "state": settled.state, "settled_at": work.now}


def longest_pause(settings: Any, row: Row) -> float:
    """Seconds that a delivery may be due from now: its next try, or the end of its lease."""
    pause = settings.delivery_first_pause * 2.0 ** min(row.attempts, 30)
    return max(3.0 * settings.partner_seconds, min(settings.delivery_longest_pause, pause))


def _pause(settings: Any, attempts: int) -> timedelta:
    """Doubled with each try, and spread, so that an outage does not end in a stampede."""
    longest = min(
        settings.delivery_longest_pause, settings.delivery_first_pause * 2.0 ** min(attempts - 1, 30)
    )
    return timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311


async def _alert(work: Work[Any], failed: Sequence[dict[str, Any]]) -> None:
    if not failed:
        return
    words = {"refused": "The partner refused", "given_up": "No answer could be had to"}
    raised = [
        {
            "id": uuid7(),
            "dispatch_id": value["row"]["dispatch_id"],
            "kind": value["state"],
            "text": f"{words[value['state']]} the update to {value['row']['status']}"
            f" ({value['row']['partner_code']}): {value['answer'][:500]}",
            "at": work.now,
            "delivery_id": value["id"],
        }
        for value in failed
    ]
    await work.session.execute(insert(alert), raised)
    ids = {row["dispatch_id"] for row in raised}
    await work.session.execute(update(dispatch).where(dispatch.c.id.in_(ids)).values(needs_attention=True))
