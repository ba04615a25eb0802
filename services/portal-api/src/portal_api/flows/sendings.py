"""Webhooks on their way: lease → send (no transaction is open) → settle."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import SecretStr
from shared.db import uuid7
from shared.secrets import unseal
from shared.settings import Settings
from shared.work import Work
from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from portal_api.attempts import Answer, pause
from portal_api.flows.webhooks import disable, secret_place
from portal_api.models.webhooks import webhook_attempt, webhook_delivery, webhook_event, webhook_subscription
from portal_api.queries.webhooks import is_due

AT_ONCE = 8


class Leased(NamedTuple):
    """Deliveries that are ours until their `due_at`, each with `type` and `body`, and where they go."""

    subscription: RowMapping
    deliveries: Sequence[RowMapping]


class Sent(NamedTuple):
    """`lease` names the lease: an answer that comes after its lease was lost settles nothing."""

    id: UUID
    lease: int
    attempts: int
    seconds: float
    answer: Answer


async def lease(work: Work[Any], subscription_id: UUID) -> Leased | None:
    """Takes what is due of one subscription, some of it at once; None where nothing is."""
    where = webhook_subscription.c.id == subscription_id, webhook_subscription.c.enabled
    target = (await work.session.execute(select(webhook_subscription).where(*where))).mappings().one_or_none()
    if target is None:
        return None
    due = (
        select(webhook_delivery.c.id)
        .where(webhook_delivery.c.subscription_id == subscription_id, is_due(work.now))
        .order_by(webhook_delivery.c.due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(webhook_delivery)
        .where(webhook_delivery.c.id.in_(due))
        .values(
            attempts=webhook_delivery.c.attempts + 1,
            lease=webhook_delivery.c.lease + 1,
            due_at=work.now + timedelta(seconds=2 * work.settings.webhook_seconds + 10),
        )
        .returning(webhook_delivery.c.id)
    )
    ids = (await work.session.execute(taken)).scalars().all()
    body = (webhook_event.c.type, webhook_event.c.body)
    full = select(webhook_delivery, *body).join_from(webhook_delivery, webhook_event)
    rows = (await work.session.execute(full.where(webhook_delivery.c.id.in_(ids)))).mappings().all()
    return Leased(target, rows) if rows else None


def secrets_of(settings: Settings, subscription: RowMapping, now: datetime) -> list[SecretStr]:
    """Those that sign now, the newest first. Raises SecretUnreadable where the deployment's key changed."""
    sealed = [subscription["secret"]]
    if subscription["previous_secret"] and subscription["previous_ends_at"] > now:
        sealed.append(subscription["previous_secret"])
    return [unseal(settings, each, secret_place(subscription["id"])) for each in sealed]


async def settle(work: Work[Any], subscription_id: UUID, sent: Sequence[Sent]) -> None:
    """Writes down what the target said, and what follows for it: a pause that it asked for, or its end."""
    mine = select(webhook_subscription).where(webhook_subscription.c.id == subscription_id)
    target = (await work.session.execute(mine.with_for_update(key_share=True))).mappings().one_or_none()
    if target is None:
        return
    await work.session.execute(
        insert(webhook_attempt),
        [
            {
                "id": uuid7(),
                "delivery_id": one.id,
                "at": work.now,
                "seconds": one.seconds,
                "status": one.answer.status,
                "answer": one.answer.text,
            }
            for one in sent
        ],
    )
    held = (webhook_delivery.c.id == bindparam("_id")) & (webhook_delivery.c.lease == bindparam("_lease"))
    statement = update(webhook_delivery).where(held, webhook_delivery.c.state == "waiting")
    connection = await work.session.connection()
    names = ("state", "due_at", "settled_at")
    await connection.execute(
        statement.values({name: bindparam(name) for name in names}), [_settled(work, one) for one in sent]
    )
    await _judge(work, target, [one.answer for one in sent])


def _settled(work: Work[Any], one: Sent) -> dict[str, Any]:
    value = {"_id": one.id, "_lease": one.lease, "due_at": work.now, "settled_at": work.now}
    if one.answer.accepted:
        return {**value, "state": "delivered"}
    until = pause(one.attempts, work.settings.webhook_pauses, one.answer.wait)
    if until is None:
        return {**value, "state": "failed"}
    return {**value, "state": "waiting", "due_at": work.now + until, "settled_at": None}


async def _judge(work: Work[Any], target: RowMapping, answers: Sequence[Answer]) -> None:
    failed = [answer for answer in answers if not answer.accepted]
    since = (target["failing_since"] or work.now) if len(failed) == len(answers) else None
    waits = [answer.wait for answer in failed if answer.wait and answer.status in (429, 503)]
    paused = work.now + max(waits) if waits else target["paused_until"]
    if (since, paused) != (target["failing_since"], target["paused_until"]):
        mine = update(webhook_subscription).where(webhook_subscription.c.id == target["id"])
        await work.session.execute(mine.values(failing_since=since, paused_until=paused))
    if not target["enabled"]:
        return
    if any(answer.gone for answer in failed):
        await disable(work, dict(target), "The target answered 410 Gone.")
    elif since and work.now - since >= timedelta(days=work.settings.webhook_failing_days):
        last = f"{failed[-1].status or ''} {failed[-1].text}".strip()[:200]
        await disable(work, dict(target), f"Nothing was taken since {since:%Y-%m-%d %H:%M} UTC. Last: {last}")


async def forget(work: Work[Any]) -> None:
    """What is older than is kept, with its deliveries and tries."""
    old = work.now - timedelta(days=work.settings.webhook_keep_days)
    await work.session.execute(delete(webhook_event).where(webhook_event.c.at < old))
