"""/v1/webhook-subscriptions, /v1/webhook-deliveries, /v1/webhook-events"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import SecretStr
from shared.auth import ADMIN, Principal, allow
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem
from shared.service import Running
from sqlalchemy import select

from portal_api.api.depends import Here, Reading, Writing
from portal_api.flows import webhooks
from portal_api.models.webhooks import webhook_delivery, webhook_subscription
from portal_api.public import PUBLIC
from portal_api.queries import webhooks as queries
from portal_api.schemas.webhooks import (
    DeliveryDetail,
    DeliveryOut,
    EventOut,
    Range,
    Replayed,
    State,
    SubscriptionEdit,
    SubscriptionMade,
    SubscriptionNew,
    SubscriptionOut,
    Tested,
    shown,
)
from portal_api.tools.targets import check_target

router = APIRouter(tags=["webhooks"])

Admin = Annotated[Principal, Depends(allow(*ADMIN))]


async def _check(here: Running[Any], url: str | None) -> None:
    """Before the transaction: names are looked up while none is open."""
    try:
        if url is not None:
            await check_target(here.settings, url)
    except ValueError as error:
        errors = [{"pointer": "/body/url", "detail": str(error)}]
        raise Problem(422, "Webhooks cannot be sent there", errors=errors) from None


@router.get("/v1/webhook-events")
async def list_webhook_events(_who: Admin) -> list[EventOut]:
    """What can be subscribed to."""
    return [EventOut(name=name, description=public.description) for name, public in PUBLIC.items()]


@router.get("/v1/webhook-subscriptions")
async def list_webhook_subscriptions(
    _who: Admin, read: Reading, cursor: Cursor = None, limit: Limit = 50
) -> Page[SubscriptionOut]:
    rows, more = await queries.newest(
        read, select(webhook_subscription), webhook_subscription, cursor=cursor, limit=limit
    )
    return Page(items=[shown(row) for row in rows], next=more)


@router.post("/v1/webhook-subscriptions", status_code=201)
async def create_webhook_subscription(
    who: Admin, here: Here, response: Response, body: SubscriptionNew
) -> SubscriptionMade:
    """Shows the secret, once."""
    await _check(here, body.url)
    async with here.work() as work:
        row, secret = await webhooks.subscribe(work, body.model_dump(), who=who.subject)
    response.headers["Location"] = f"/v1/webhook-subscriptions/{row['id']}"
    return _with_secret(response, row, secret)


@router.get("/v1/webhook-subscriptions/{id}")
async def read_webhook_subscription(
    _who: Admin, read: Reading, response: Response, id: UUID
) -> SubscriptionOut:
    row = await queries.subscription(read, id)
    set_etag(response, row["version"])
    return shown(row)


@router.patch("/v1/webhook-subscriptions/{id}")
async def edit_webhook_subscription(
    who: Admin, here: Here, response: Response, id: UUID, based_on: BasedOn, body: SubscriptionEdit
) -> SubscriptionOut:
    """While it is disabled nothing is written for it. What waited before goes out once it is enabled."""
    await _check(here, body.url)
    values = body.model_dump(exclude_unset=True)
    async with here.work() as work:
        row = await webhooks.edit(work, id, values, based_on=based_on, who=who.subject)
    set_etag(response, row["version"])
    return shown(row)


@router.delete("/v1/webhook-subscriptions/{id}", status_code=204)
async def delete_webhook_subscription(who: Admin, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Its deliveries go with it."""
    await webhooks.unsubscribe(work, id, based_on=based_on, who=who.subject)


@router.post("/v1/webhook-subscriptions/{id}/secret")
async def rotate_webhook_secret(who: Admin, here: Here, response: Response, id: UUID) -> SubscriptionMade:
    """A new secret, shown once. For 24 hours each webhook carries two signatures, of the new and the old."""
    async with here.work() as work:
        row, secret = await webhooks.rotate(work, id, who=who.subject)
    return _with_secret(response, row, secret)


@router.post("/v1/webhook-subscriptions/{id}/test", status_code=202)
async def send_test_webhook(_who: Admin, work: Writing, id: UUID) -> Tested:
    """Sends an event `webhook.test`. What became of it stands at the delivery."""
    return Tested(delivery_id=await webhooks.send_test(work, id))


@router.post("/v1/webhook-subscriptions/{id}/replay", status_code=202)
async def replay_webhook_subscription(who: Admin, work: Writing, id: UUID, body: Range) -> Replayed:
    """Sends a time's deliveries again, each under its `webhook-id`."""
    count = await webhooks.replay_range(work, id, **body.model_dump(), who=who.subject)
    return Replayed(deliveries=count)


@router.get("/v1/webhook-deliveries")
async def list_webhook_deliveries(
    _who: Admin,
    read: Reading,
    subscription_id: UUID | None = None,
    state: Annotated[State | None, Query(description="`failed`: all tries are used up.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    """Newest first."""
    query = queries.deliveries(subscription_id, state)
    rows, more = await queries.newest(read, query, webhook_delivery, cursor=cursor, limit=limit)
    return Page(items=[DeliveryOut.model_validate(dict(row)) for row in rows], next=more)


@router.get("/v1/webhook-deliveries/{id}")
async def read_webhook_delivery(_who: Admin, read: Reading, id: UUID) -> DeliveryDetail:
    """With what is sent, and every try."""
    return DeliveryDetail.model_validate(await queries.delivery(read, id))


@router.post("/v1/webhook-deliveries/{id}/replay", status_code=202)
async def replay_webhook_delivery(who: Admin, work: Writing, id: UUID) -> Replayed:
    """Sends it again, delivered or not, under the same `webhook-id`."""
    await webhooks.replay_one(work, id, who=who.subject)
    return Replayed(deliveries=1)


def _with_secret(response: Response, row: Any, secret: SecretStr) -> SubscriptionMade:
    set_etag(response, row["version"])
    return SubscriptionMade(**shown(row).model_dump(), secret=secret)
