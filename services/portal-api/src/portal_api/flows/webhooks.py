"""Webhooks: who is told, what is written for them, and sending again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from shared.batches import insert_rows
from shared.db import uuid7
from shared.etag import check_version
from shared.events import Event
from shared.problems import conflict, not_found
from shared.secrets import seal
from shared.work import Work
from sqlalchemy import delete, func, insert, select, update

from portal_api.attempts import new_secret
from portal_api.models.webhooks import webhook_delivery, webhook_event, webhook_subscription
from portal_api.public import payload, public_id, public_name

OVERLAP = timedelta(hours=24)
MOST = 100
"""Subscriptions: each has its own sockets, so that none waits for another."""
Row = dict[str, Any]


async def note(work: Work[Any], events: Sequence[Event]) -> None:
    """Writes a delivery for each subscription to this type of events, in the transaction that heard them."""
    name = public_name(events[0])
    if name is None:
        return
    found = select(webhook_subscription.c.id, webhook_subscription.c.events)
    # held, so that nobody deletes the subscription under its new deliveries
    held = found.where(webhook_subscription.c.enabled).with_for_update(read=True, key_share=True)
    asking = [row.id for row in await work.session.execute(held) if name in row.events]
    if not asking:
        return
    bodies = {public_id(event): payload(name, work.now, event) for event in events}
    await _write(work, name, bodies, asking)


async def _write(
    work: Work[Any], name: str, bodies: Mapping[UUID, str], asking: Sequence[UUID]
) -> list[UUID]:
    told = [{"id": id, "type": name, "body": body, "at": work.now} for id, body in bodies.items()]
    await insert_rows(work.session, webhook_event, told, ignore=["id"])
    rows = [_delivery(work, asker, id) for id in bodies for asker in asking]
    key = ["subscription_id", "event_id"]
    new = await insert_rows(work.session, webhook_delivery, rows, ignore=key, returning=["id"])
    work.wake("deliver_webhooks")
    return [row.id for row in new]


def _delivery(work: Work[Any], subscription_id: UUID, event_id: UUID) -> Row:
    return {
        "id": uuid7(),
        "subscription_id": subscription_id,
        "event_id": event_id,
        "state": "waiting",
        "attempts": 0,
        "lease": 0,
        "due_at": work.now,
        "created_at": work.now,
    }


async def subscribe(work: Work[Any], values: Mapping[str, Any], *, who: str) -> tuple[Row, SecretStr]:
    """The subscription and its secret, which nobody can read again."""
    count = await work.session.scalar(select(func.count()).select_from(webhook_subscription))
    if (count or 0) >= MOST:
        raise conflict(f"There are {MOST} subscriptions already", "Delete one that nobody needs.")
    id, secret = uuid7(), new_secret()
    row = {
        **values,
        "id": id,
        "version": 1,
        "secret": seal(work.settings, secret, secret_place(id)),
        "created_by": who,
        "created_at": work.now,
        "updated_at": work.now,
    }
    statement = insert(webhook_subscription).values(row).returning(webhook_subscription)
    made = dict((await work.session.execute(statement)).mappings().one())
    work.audit(who=who, action="webhook_subscription.created", subject=id, after=dict(values))
    return made, secret


async def edit(work: Work[Any], id: UUID, values: Mapping[str, Any], *, based_on: int, who: str) -> Row:
    was = await locked(work, id, based_on)
    changed = {name: value for name, value in values.items() if was[name] != value}
    if not changed:
        return was
    work.audit(
        who=who,
        action="webhook_subscription.changed",
        subject=id,
        before={name: was[name] for name in changed},
        after=changed,
    )
    if changed.get("enabled"):
        changed |= {"disabled_because": None}
    if changed.get("enabled") or "url" in changed:
        changed |= {"failing_since": None, "paused_until": None}
        work.wake("deliver_webhooks")
    return await _change(work, was, changed)


async def unsubscribe(work: Work[Any], id: UUID, *, based_on: int, who: str) -> None:
    """Its deliveries go with it."""
    was = await locked(work, id, based_on)
    await work.session.execute(delete(webhook_subscription).where(webhook_subscription.c.id == id))
    before = {name: was[name] for name in ("url", "events", "description", "enabled")}
    work.audit(who=who, action="webhook_subscription.deleted", subject=id, before=before)


async def rotate(work: Work[Any], id: UUID, *, who: str) -> tuple[Row, SecretStr]:
    """A new secret; the one before signs too for 24 hours. Of three, the oldest ends at once."""
    was, secret = await locked(work, id), new_secret()
    changed: Row = {
        "secret": seal(work.settings, secret, secret_place(id)),
        "previous_secret": was["secret"],
        "previous_ends_at": work.now + OVERLAP,
    }
    work.audit(who=who, action="webhook_subscription.secret_rotated", subject=id)
    return await _change(work, was, changed), secret


async def disable(work: Work[Any], was: Mapping[str, Any], because: str) -> None:
    """Callboard itself stops telling a target. What waits stays, and goes out once somebody enables it."""
    after = {"enabled": False, "disabled_because": because}
    work.audit(who="callboard", action="webhook_subscription.disabled", subject=was["id"], after=after)
    await _change(work, was, after)


async def send_test(work: Work[Any], id: UUID) -> UUID:
    """The delivery's id. A test has an id of its own: it is never a repeat."""
    await _enabled(work, id)
    about = {"subscription_id": id, "message": "This is a test. Nothing happened."}
    return (await _write(work, "webhook.test", {uuid7(): payload("webhook.test", work.now, about)}, [id]))[0]


async def replay_one(work: Work[Any], id: UUID, *, who: str) -> None:
    """Sends it again under the same webhook-id, with all its tries."""
    found = select(webhook_delivery.c.subscription_id).where(webhook_delivery.c.id == id)
    subscription = await work.session.scalar(found)
    if subscription is None:
        raise not_found("webhook delivery")
    await _enabled(work, subscription)
    await work.session.execute(_again(work).where(webhook_delivery.c.id == id))
    work.audit(who=who, action="webhook_delivery.replayed", subject=id)


async def replay_range(
    work: Work[Any], id: UUID, *, since: datetime, until: datetime | None, delivered: bool, who: str
) -> int:
    """Sends again what came up in that time and failed, with `delivered` what was taken too. How many."""
    await _enabled(work, id)
    states = ("failed", "delivered") if delivered else ("failed",)
    statement = (
        _again(work)
        .where(webhook_delivery.c.subscription_id == id, webhook_delivery.c.state.in_(states))
        .where(webhook_delivery.c.created_at >= since)
        .returning(webhook_delivery.c.id)
    )
    if until is not None:
        statement = statement.where(webhook_delivery.c.created_at < until)
    count = len((await work.session.execute(statement)).all())
    work.audit(who=who, action="webhook_subscription.replayed", subject=id, after={"deliveries": count})
    return count


def _again(work: Work[Any]) -> Any:
    work.wake("deliver_webhooks")
    return update(webhook_delivery).values(state="waiting", attempts=0, due_at=work.now, settled_at=None)


async def locked(work: Work[Any], id: UUID, based_on: int | None = None) -> Row:
    query = select(webhook_subscription).where(webhook_subscription.c.id == id)
    held = query.with_for_update(key_share=True)  # leaves `note` alone, which only asks that it stays
    found = (await work.session.execute(held)).mappings().one_or_none()
    if found is None:
        raise not_found("webhook subscription")
    if based_on is not None:
        check_version(based_on, found["version"])
    return dict(found)


async def _enabled(work: Work[Any], id: UUID) -> None:
    if not (await locked(work, id))["enabled"]:
        raise conflict("This subscription is disabled", "Enable it first, then send again.")


async def _change(work: Work[Any], was: Mapping[str, Any], changed: Mapping[str, Any]) -> Row:
    row = {**changed, "version": was["version"] + 1, "updated_at": work.now}
    mine = update(webhook_subscription).where(webhook_subscription.c.id == was["id"])
    found = await work.session.execute(mine.values(row).returning(webhook_subscription))
    return dict(found.mappings().one())


def secret_place(id: UUID) -> str:
    return f"webhook_subscription/{id}/secret"
